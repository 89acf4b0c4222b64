/**
 * Entry of the device's process: answers one picture at a time, by the method that it is asked for.
 *
 * All methods start from the same decoded 224x224 pixels, keep one warm connection each and wait for their answer; the
 * clock of each starts before its own work on those pixels.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TransportError } from '../../../core/errors.ts';
import { readSplitModel } from '../../../core/model/index.ts';
import { pickTensor, tensor } from '../../../core/tensor/index.ts';
import { createDevice, type Device, type Transport } from '../../../device/index.ts';
import { createNodeTransport } from '../../../device/transport/node.ts';
import { createNodeRuntime } from '../../../runtime/node.ts';
import { decodePicture, encodePicture, type Picture } from '../../../runtime/picture.ts';
import type { Session } from '../../../runtime/session.ts';
import { serveParent } from '../process-child.ts';
import type { CodecQualities, MethodAnswer, MethodName } from './methods.ts';
import type { PreparedModels } from './prepare-models.ts';

/** What the device loads and where it sends. */
export interface DeviceProcessOptions {
  readonly models: PreparedModels;
  /** Ports of the proxy that lead to the edge and to the baselines' edge. */
  readonly edgePort: number;
  readonly baselinePort: number;
  readonly qualities: CodecQualities;
  /** How long to wait for an answer. */
  readonly timeoutMs: number;
  readonly threads?: number;
}

/** One picture to answer. */
export interface InferTask {
  readonly method: MethodName;
  readonly path: string;
}

type Method = (picture: Picture) => Promise<MethodAnswer>;

let methods: Readonly<Record<MethodName, Method>> | undefined;
const closers: (() => Promise<void>)[] = [];

async function open(options: DeviceProcessOptions): Promise<{ readonly runtime: string }> {
  const { models, edgePort, baselinePort, qualities, timeoutMs, threads } = options;
  const runtime = await createNodeRuntime(threads === undefined ? {} : { threads });
  const model = await readSplitModel((name) => readFile(join(models.splitFolder, name)));
  const transportTo = (port: number, path = '') => {
    const transport = createNodeTransport(`http://127.0.0.1:${port}${path}`);
    closers.push(() => transport.close());
    return transport;
  };
  const device = await createDevice({ model, runtime, transport: transportTo(edgePort), timeoutMs });
  const front = await runtime.createSession(await readFile(models.featureMapGraph));
  closers.push(
    () => device.close(),
    () => front.close(),
  );
  const pictures = transportTo(baselinePort, '/picture');
  const features = transportTo(baselinePort, '/features');
  methods = {
    aecnn: (picture) => inferByFrame(device, picture),
    alone: (picture) => inferAlone(device, picture),
    jpeg: sender(pictures, timeoutMs, (picture) => encodePicture(picture, { format: 'jpeg', quality: qualities.jpeg })),
    webp: sender(pictures, timeoutMs, (picture) => encodePicture(picture, { format: 'webp', quality: qualities.webp })),
    raw: sender(features, timeoutMs, (picture) => featureMapOf(front, picture)),
  };
  return { runtime: runtime.name };
}

async function inferByFrame(device: Device, picture: Picture): Promise<MethodAnswer> {
  const { top, via, frameBytes, timeMs, warning, edgeError } = await device.infer(picture);
  const trouble = edgeError?.message ?? warning;
  return { top, via, sentBytes: frameBytes, timeMs, ...(trouble !== undefined && { warning: trouble }) };
}

/** The device sends nothing and answers itself. */
async function inferAlone(device: Device, picture: Picture): Promise<MethodAnswer> {
  const { top, timeMs } = await device.infer(picture, { offload: false });
  return { top, via: 'device', sentBytes: 0, timeMs: { device: timeMs.total, link: 0, edge: 0, total: timeMs.total } };
}

async function featureMapOf(front: Session, { rgb, width, height }: Picture): Promise<Uint8Array> {
  const outputs = await front.run({ image: tensor('uint8', [1, height, width, 3], rgb) }, ['feature_map']);
  const { data } = pickTensor(outputs, 'feature_map', 'float32');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A method that sends what `encode` makes of the pixels, with the clocks of `Device.infer`. */
function sender(transport: Transport, timeoutMs: number, encode: (picture: Picture) => Promise<Uint8Array>): Method {
  return async (picture) => {
    const startMs = performance.now();
    const payload = await encode(picture);
    const readyMs = performance.now();
    const response = await transport.send({ frame: payload }, { timeoutMs });
    const answeredMs = performance.now();
    if (!response.ok) throw new TransportError(`the baseline edge refused: ${response.error.message}`);
    const edge = Math.max(0, Math.min(response.timeMs.total, answeredMs - readyMs));
    return {
      top: response.top,
      via: 'edge',
      sentBytes: payload.length,
      timeMs: {
        device: readyMs - startMs,
        link: answeredMs - readyMs - edge,
        edge,
        total: answeredMs - startMs,
      },
    };
  };
}

async function infer({ method, path }: InferTask): Promise<MethodAnswer> {
  if (methods === undefined) throw new TypeError('"open" comes before "infer"');
  return methods[method](await decodePicture(path));
}

const handlers = { open, infer };

/** What the process can be asked. */
export type DeviceHandlers = typeof handlers;

serveParent(handlers, async () => {
  await Promise.all(closers.map((close) => close()));
});
