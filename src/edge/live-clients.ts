/** Finds devices that vanished without a word: out of reach, out of power, behind a router that forgot them. */

import type { WebSocket, WebSocketServer } from 'ws';

/**
 * Pings all clients of a server every `intervalMs`, and cuts those of which nothing was heard since the ping before (RFC 6455,
 * 5.5.2). A browser answers pings by itself.
 *
 * @returns A function that ends it.
 */
export function cutSilentClients(server: WebSocketServer, intervalMs: number): () => void {
  const silent = new WeakSet<WebSocket>();
  server.on('connection', (client: WebSocket) => {
    const isHeard = (): boolean => silent.delete(client);
    client.on('pong', isHeard);
    client.on('message', isHeard);
  });
  const timer = setInterval(() => {
    for (const client of server.clients) {
      if (silent.has(client)) client.terminate();
      else {
        silent.add(client);
        client.ping();
      }
    }
  }, intervalMs);
  return () => clearInterval(timer);
}
