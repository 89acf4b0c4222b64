import { createDevice } from 'aecnn/device';
import { createWebTransport, decodeBrowserPicture, fetchSplitModel } from 'aecnn/device/web';
import { createWebRuntime } from 'aecnn/runtime/web';

/** Opens a device: a model's folder on any web server, and the address of an edge. */
export async function openClassifier(modelUrl, edge) {
  const model = await fetchSplitModel(modelUrl);
  const transport = createWebTransport(edge);
  const device = await createDevice({ model, transport, runtime: await createWebRuntime() });
  return async (file) => device.infer(await decodeBrowserPicture(file), { deadlineMs: 20_000 });
}
