/**
 * The edge of the methods that AECNN is compared with: the uncompressed network behind a WebSocket.
 *
 * Requests and responses are those of `core/wire`; where an AECNN request carries a frame, one to `/picture` carries a
 * picture file and one to `/features` a float32 feature map, little-endian. The model's time includes decoding the picture.
 */

import type { IncomingMessage } from 'node:http';
import { WebSocketServer } from 'ws';
import { AecnnError, ImageError, ShapeError } from '../../core/errors.ts';
import { topLabels } from '../../core/model/index.ts';
import { elementCount, pickTensor, type Tensor, tensor } from '../../core/tensor/index.ts';
import { type InferResponse, parseRequest, serializeResponse } from '../../core/wire/index.ts';
import { decodeFullPicture } from '../../runtime/picture.ts';
import type { Runtime, Session } from '../../runtime/session.ts';

/** Options of {@link createBaselineEdge}. */
export interface BaselineEdgeOptions {
  readonly runtime: Runtime;
  /** `image` `uint8[N, 224, 224, 3]` to `logits`. */
  readonly networkGraph: Uint8Array;
  /** `feature_map` `float32[N, C, H, W]` to `logits`. */
  readonly tailGraph: Uint8Array;
  /** `[C, H, W]`. */
  readonly featureShape: readonly number[];
  /** Height and width of a picture. */
  readonly imageSize: number;
  readonly classes: readonly string[];
}

/** A running baseline edge. */
export interface BaselineEdge extends AsyncDisposable {
  readonly port: number;
  close(): Promise<void>;
}

/** Longest message that is accepted: a float32 feature map of conv2_x and a bit. */
const maxMessageBytes = 1 << 22;

/** Computes the logits of one message. */
type Answerer = (payload: Uint8Array) => Promise<Float32Array>;

/** Loads the graphs and listens on a free loopback port. */
export async function createBaselineEdge(options: BaselineEdgeOptions): Promise<BaselineEdge> {
  const { runtime, classes } = options;
  const network = await runtime.createSession(options.networkGraph);
  const tail = await runtime.createSession(options.tailGraph);
  const answerers: Readonly<Record<string, Answerer>> = {
    '/picture/v2/stream': pictureAnswerer(network, options.imageSize),
    '/features/v2/stream': featureAnswerer(tail, options.featureShape),
  };
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    verifyClient: ({ req }: { req: IncomingMessage }) => Object.hasOwn(answerers, req.url ?? ''),
  });
  server.on('connection', (socket, { url = '' }) => {
    const answerer = answerers[url];
    if (answerer === undefined) return socket.close();
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => {
      if (!(data instanceof Uint8Array)) return socket.close();
      void respond(answerer, data, classes).then((response) => socket.send(serializeResponse(response)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the baseline edge listens on no port');

  async function close(): Promise<void> {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
    await Promise.all([network.close(), tail.close()]);
  }
  return { port: address.port, close, [Symbol.asyncDispose]: close };
}

async function respond(answerer: Answerer, message: Uint8Array, classes: readonly string[]): Promise<InferResponse> {
  const startMs = performance.now();
  let requestId = 0;
  try {
    const request = parseRequest(message);
    requestId = request.requestId;
    const top = topLabels(await answerer(request.frame), classes);
    const totalMs = performance.now() - startMs;
    return {
      requestId,
      ok: true,
      top,
      chunks: { decoded: 1, of: 1 },
      timeMs: { queue: 0, compute: totalMs, total: totalMs },
    };
  } catch (error) {
    const code = error instanceof AecnnError ? error.code : 'INTERNAL';
    return { requestId, ok: false, error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}

async function logitsOf(session: Session, name: string, value: Tensor): Promise<Float32Array> {
  return pickTensor(await session.run({ [name]: value }, ['logits']), 'logits', 'float32').data;
}

function pictureAnswerer(network: Session, imageSize: number): Answerer {
  return async (payload) => {
    const { rgb, width, height } = await decodeFullPicture(payload, 'the received picture');
    if (width !== imageSize || height !== imageSize) {
      throw new ImageError(`the received picture is ${width} x ${height}: send ${imageSize} x ${imageSize}`);
    }
    return logitsOf(network, 'image', tensor('uint8', [1, imageSize, imageSize, 3], rgb));
  };
}

function featureAnswerer(tail: Session, featureShape: readonly number[]): Answerer {
  const expectedBytes = 4 * elementCount(featureShape);
  return async (payload) => {
    if (payload.length !== expectedBytes) {
      throw new ShapeError(`the feature map has ${payload.length} bytes: send ${expectedBytes}`);
    }
    // A copy: floats need an aligned offset, which a received message does not have (and `slice` of a Buffer is a view).
    const values = new Float32Array(new Uint8Array(payload).buffer);
    return logitsOf(tail, 'feature_map', tensor('float32', [1, ...featureShape], values));
  };
}
