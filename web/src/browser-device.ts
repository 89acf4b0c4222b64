/** A device over the shaped link, and a second way to the edge that is not slowed down, for what is only shown. */

import type { DevicePrecision, SplitModel } from 'aecnn/core';
import { createDevice, createSocketTransport, type Device, edgeStreamUrl, type Transport } from 'aecnn/device';
import { createWebTransport, type DownloadProgress, fetchSplitModel, openWebSocket } from 'aecnn/device/web';
import { createWebRuntime } from 'aecnn/runtime/web';
import { edgeUrl, modelUrl } from './edge-api.ts';
import { createShapedLink, type LinkSettings, type ShapedLink } from './shaped-link.ts';

/** All that a run needs. */
export interface BrowserDevice {
  readonly model: SplitModel;
  readonly device: Device;
  readonly link: ShapedLink;
  /** To the edge without the shaped link. */
  readonly direct: Transport;
  /** Threads that the network computes with. */
  readonly threads: number;
  close(): Promise<void>;
}

/** Most threads: more cores than that hardly help a graph of this size. */
const mostThreads = 4;

/**
 * Fetches a model, unless it is kept, and gets it ready; without a precision with its full device graph. The signal ends the
 * downloads.
 */
export async function openBrowserDevice(
  {
    modelId,
    precision,
    signal,
  }: { readonly modelId: string; readonly precision: DevicePrecision | undefined; readonly signal: AbortSignal },
  link: LinkSettings,
  onProgress: (progress: DownloadProgress) => void,
): Promise<BrowserDevice> {
  const model = await fetchSplitModel(modelUrl(modelId), {
    onProgress,
    signal,
    ...(precision && { device: precision }),
  });
  const threads = crossOriginIsolated ? Math.min(mostThreads, navigator.hardwareConcurrency) : 1;
  const runtime = await createWebRuntime({ threads });
  const shaped = createShapedLink(link);
  const transport = createSocketTransport({ url: edgeStreamUrl(edgeUrl()), openSocket: shaped.shape(openWebSocket) });
  const direct = createWebTransport(edgeUrl());
  const closeTransports = () => Promise.all([transport.close(), direct.close()]);
  const device = await createDevice({ model, runtime, transport }).catch(async (error) => {
    await closeTransports();
    throw error;
  });
  return {
    model,
    device,
    link: shaped,
    direct,
    threads,
    async close() {
      await Promise.all([device.close(), closeTransports()]);
    },
  };
}
