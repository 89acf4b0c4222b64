/** Where on an edge the frames go. */

import { TransportError } from '../../core/errors.ts';

const streamPath = '/v2/stream';

/**
 * Returns the WebSocket address for frames of an edge that is given as `http://host:port` (or https, ws, wss).
 *
 * @throws {@link TransportError} when the text is no such address.
 */
export function edgeStreamUrl(edge: string): string {
  const url = URL.canParse(edge) ? new URL(edge) : undefined;
  const protocol = url && { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' }[url.protocol];
  if (url === undefined || protocol === undefined || url.host === '') {
    throw new TransportError(`"${edge}" is no address of an edge: give one like http://127.0.0.1:8080`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  return `${protocol}//${url.host}${path.endsWith(streamPath) ? path : path + streamPath}`;
}
