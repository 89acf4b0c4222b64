/** The edge as a service: the Open Inference Protocol, tokens, TLS, limits, metrics and documentation, over real sockets. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createDevice } from '../../src/device/index.ts';
import { createNodeTransport } from '../../src/device/transport/node.ts';
import { createEdgeServer, type EdgeServer, selfSignedCertificate } from '../../src/edge/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import type { Runtime } from '../../src/runtime/session.ts';
import { isRequired } from '../fixtures/backbone-weights.ts';
import { type OipForm, oipInfer } from '../fixtures/oip-client.ts';
import { solidPicture, type TinySplitModel, tinySplitModel } from '../fixtures/tiny-split-model.ts';

let runtime: Runtime;
let tiny: TinySplitModel;
let other: TinySplitModel;
let edge: EdgeServer;
let frame: Uint8Array;
let modelUrl = '';
const token = 'open sesame';
const authorized = { method: 'POST', headers: { authorization: `Bearer ${token}` } };

beforeAll(async () => {
  runtime = await createNodeRuntime({ threads: 1 });
  [tiny, other] = await Promise.all([tinySplitModel(), tinySplitModel({ name: 'other', seed: 7 })]);
  edge = await createEdgeServer({ models: [tiny.model, async () => other.model], runtime, port: 0, token });
  modelUrl = `${edge.url}/v2/models/tiny`;
  await using device = await createDevice({ model: tiny.model, runtime });
  ({ frame } = await device.compress(solidPicture(200, 30, 30)));
});
afterAll(() => edge.close());

const json = async (path: string, init?: RequestInit) => {
  const response = await fetch(`${edge.url}${path}`, init);
  return { status: response.status, body: JSON.parse(await response.text()) };
};

test('an independent client gets the same answer in every form, and it is the one over the WebSocket', async () => {
  const forms: OipForm[] = ['json', 'binary-uint8', 'binary-bytes', 'raw'];
  const answers = await Promise.all(forms.map((form) => oipInfer(modelUrl, frame, form)));
  await using transport = createNodeTransport(edge.url);
  const streamed = await transport.send({ frame }, { timeoutMs: 5000 });
  expect(streamed.ok && streamed.top[0]?.label).toBe('red');
  for (const { outputs, modelName, modelVersion } of answers) {
    expect([modelName, modelVersion]).toEqual(['tiny', tiny.manifest.modelId]);
    expect(outputs.get('labels')?.data[0]).toBe('red');
    expect(outputs.get('logits')).toMatchObject({ datatype: 'FP32', shape: [1, 3] });
    expect(outputs.get('chunks_decoded')).toEqual({ datatype: 'INT32', shape: [1, 1], data: [3] });
    const [probability] = outputs.get('probabilities')?.data ?? [];
    expect(probability).toBeCloseTo(streamed.ok ? (streamed.top[0]?.probability ?? 0) : 0, 5);
  }
});

test('a version can be named, and the id comes back', async () => {
  const answer = await oipInfer(`${modelUrl}/versions/${tiny.manifest.modelId}`, frame, 'json', { id: 'seven' });
  expect(answer.id).toBe('seven');
});

test('curl alone gets an answer from the file of a frame', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'aecnn-curl-'));
  try {
    const file = join(folder, 'picture.frame');
    await writeFile(file, frame);
    const sent = await promisify(execFile)('curl', [
      '--silent',
      '--data-binary',
      `@${file}`,
      '--header',
      'Inference-Header-Content-Length: 0',
      `${modelUrl}/infer`,
    ]).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && !isRequired) return context.skip('curl is not installed');
      throw error;
    });
    expect(JSON.parse(sent.stdout).outputs[1].data[0]).toBe('red');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('every failure is the same small JSON', async () => {
  const post = { method: 'POST', headers: { 'Inference-Header-Content-Length': '0' } };
  const refused = [
    await json('/v2/models/huge/infer', { ...post, body: frame }),
    await json('/v2/models/other/infer', { ...post, body: frame }),
    await json('/v2/models/tiny/infer', { ...post, body: frame.subarray(0, 5) }),
    await json('/v2/models/tiny/infer', { method: 'POST', body: '{}' }),
    await json('/v2/models/tiny/infer', {
      method: 'POST',
      body: frame,
      headers: { 'Inference-Header-Content-Length': 'x' },
    }),
    await json('/v2/models/tiny/infer', { ...post, body: new Uint8Array(2 << 20) }),
    await json('/nowhere'),
  ];
  expect(refused.map(({ status, body }) => [status, body.code])).toEqual([
    [404, 'MODEL'],
    [400, 'WIRE_FORMAT'],
    [400, 'WIRE_FORMAT'],
    [400, 'USAGE'],
    [400, 'USAGE'],
    [413, 'WIRE_FORMAT'],
    [404, 'NOT_FOUND'],
  ]);
  for (const { body } of refused) expect(Object.keys(body).sort()).toEqual(['code', 'error']);
  expect(refused[1]?.body.error).toContain(`expected one of other, version ${other.manifest.modelId}`);
});

test('what cannot be answered in time is refused at once', async () => {
  const startMs = performance.now();
  await expect(oipInfer(modelUrl, frame, 'json', { timeoutMicroseconds: 1 })).rejects.toThrow(
    /^504 the answer had to leave/,
  );
  expect(performance.now() - startMs).toBeLessThan(200);
});

test('models are loaded and unloaded by whoever has the token', async () => {
  const path = '/v2/repository/models/other/unload';
  expect(await json(path, { method: 'POST' })).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
  const wrong = { method: 'POST', headers: { authorization: 'Bearer guess' } };
  expect(await json(path, wrong)).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
  expect(await json(path, authorized)).toEqual({ status: 200, body: {} });
  // What was taken out on purpose is not missing.
  expect((await json('/v2/health/ready')).status).toBe(200);
  expect((await json('/v2/models/other')).body.error).toContain('has no version that answers');
  const { body } = await json('/v2/repository/index', authorized);
  expect(body).toEqual([
    { name: 'tiny', version: tiny.manifest.modelId, state: 'READY' },
    { name: 'other', version: other.manifest.modelId, state: 'UNAVAILABLE', reason: 'unloaded' },
  ]);
  expect((await json('/v2/repository/models/other/load', authorized)).status).toBe(200);
  expect((await json('/v2/models/other/ready')).body).toEqual({ ready: true });
  expect((await json('/v2/health/ready')).body).toEqual({ ready: true });
  expect(await json('/v2/repository/models/huge/load', authorized)).toMatchObject({
    status: 404,
    body: { code: 'MODEL' },
  });
});

test('who tries tokens is told to stop before long, and an edge without models is not ready', async () => {
  await using guarded = await createEdgeServer({ models: [tiny.model], runtime, port: 0, token: 'secret' });
  const ask = async (path: string, token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${guarded.url}/v2/repository/${path}`, { method: 'POST', headers })).status;
  };
  expect(await ask('models/tiny/unload', 'secret')).toBe(200);
  expect((await fetch(`${guarded.url}/v2/health/ready`)).status).toBe(503);
  const statuses: number[] = [];
  for (let guess = 0; guess < 15; guess++) statuses.push(await ask('index', String(guess)));
  expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
  expect(statuses.at(-1)).toBe(429);
});

test('without a token nobody may', async () => {
  await using closed = await createEdgeServer({ models: [tiny.model], runtime, port: 0 });
  const response = await fetch(`${closed.url}/v2/repository/models/tiny/unload`, authorized);
  expect(response.status).toBe(403);
  expect(JSON.parse(await response.text()).error).toContain('start the edge with --token');
});

test('metadata names inputs and outputs as the protocol does', async () => {
  expect((await json('/v2')).body.extensions).toEqual(['binary_tensor_data', 'model_repository']);
  const { body } = await json('/v2/models/tiny');
  expect(body.versions).toEqual([tiny.manifest.modelId]);
  expect(body.inputs).toEqual([{ name: 'frame', datatype: 'UINT8', shape: [-1] }]);
  const { outputs } = await oipInfer(modelUrl, frame, 'json');
  expect(body.outputs.map(({ name, datatype }: { name: string; datatype: string }) => [name, datatype])).toEqual(
    Array.from(outputs, ([name, { datatype }]) => [name, datatype]),
  );
});

test('metrics count requests by outcome, deadlines, bytes and batches', async () => {
  await using counted = await createEdgeServer({ models: [tiny.model], runtime, port: 0 });
  const url = `${counted.url}/v2/models/tiny`;
  await oipInfer(url, frame, 'json', { timeoutMicroseconds: 5_000_000 });
  await oipInfer(url, frame, 'json', { timeoutMicroseconds: 1 }).catch(() => undefined);
  await using transport = createNodeTransport(counted.url);
  await transport.send({ frame }, { timeoutMs: 5000 });
  // Neither comes to a model: bytes that are no frame, and a route that is not there.
  await transport.send({ frame: frame.slice(0, 3) }, { timeoutMs: 5000 }).catch(() => undefined);
  await fetch(`${counted.url}/nowhere`);
  const text = await (await fetch(`${counted.url}/metrics`)).text();
  expect(text).toContain('aecnn_requests_total{model="tiny",outcome="answered"} 2');
  expect(text).toContain('aecnn_requests_total{model="tiny",outcome="refused_deadline"} 1');
  expect(text).toContain('aecnn_refusals_total{code="DEADLINE"} 1');
  expect(text).toContain('aecnn_refusals_total{code="WIRE_FORMAT"} 1');
  expect(text).toContain('aecnn_refusals_total{code="NOT_FOUND"} 1');
  expect(text).toContain('aecnn_deadlines_total{model="tiny",met="true"} 1');
  expect(text).toContain('aecnn_deadlines_total{model="tiny",met="false"} 1');
  expect(text).toContain('aecnn_frame_bytes_count{model="tiny"} 3');
  expect(text).toContain('aecnn_batch_size_count{model="tiny"} 2');
  expect(text).toContain('aecnn_connections 1');
  expect(text).toContain('nodejs_eventloop_lag_seconds');
});

test('the documentation comes from the schemas', async () => {
  const { body } = await json('/docs/json');
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining([
      '/v2/models/{name}/infer',
      '/v2/models/{name}',
      '/v2/repository/models/{name}/load',
      '/metrics',
    ]),
  );
  const { post } = body.paths['/v2/models/{name}/infer'];
  expect(JSON.stringify(post)).toContain('chunks_decoded');
  expect((await fetch(`${edge.url}/docs/`)).headers.get('content-type')).toContain('text/html');
});

test('responses carry the headers of helmet, and one address cannot ask without end', async () => {
  await using limited = await createEdgeServer({ models: [tiny.model], runtime, port: 0, maxHttpRequestsPerSecond: 3 });
  const responses = await Promise.all([1, 2, 3, 4].map(() => fetch(`${limited.url}/v2/health/live`)));
  expect(responses[0]?.headers.get('x-content-type-options')).toBe('nosniff');
  expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429]);
  const refused = responses.find(({ status }) => status === 429);
  expect(JSON.parse((await refused?.text()) ?? '{}').code).toBe('TOO_MANY');
});

test('over TLS, with a certificate of its own', async () => {
  const tls = await selfSignedCertificate();
  await using secure = await createEdgeServer({ models: [tiny.model], runtime, port: 0, tls });
  expect(secure.url).toMatch(/^https:/);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    get(`${secure.url}/v2/health/live`, { ca: tls.cert }, (response) => resolve(response.statusCode)).on(
      'error',
      reject,
    );
  });
  expect(status).toBe(200);
  const socket = new WebSocket(`${secure.url.replace('https', 'wss')}/v2/stream`, 'aecnn.1', { ca: tls.cert });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  expect(socket.protocol).toBe('aecnn.1');
  socket.close();
});

test('a device of another version is told so', async () => {
  const socket = new WebSocket(`${edge.url.replace('http', 'ws')}/v2/stream`, 'aecnn.9');
  const message = await new Promise<string>((resolve) => socket.once('error', (error) => resolve(error.message)));
  expect(message).toBe('Server sent no subprotocol');
});

test('more devices than are allowed are told to try again later', async () => {
  await using small = await createEdgeServer({ models: [tiny.model], runtime, port: 0, maxConnections: 1 });
  const stream = `${small.url.replace('http', 'ws')}/v2/stream`;
  const first = new WebSocket(stream);
  await new Promise((resolve) => first.once('open', resolve));
  const second = new WebSocket(stream);
  const [code, reason] = await new Promise<[number, string]>((resolve) =>
    second.once('close', (closeCode, closeReason) => resolve([closeCode, String(closeReason)])),
  );
  expect([code, reason]).toEqual([1013, '1 devices are connected: try again later']);
  first.terminate();
});

test('while it stops, an accepted request over HTTP is answered', async () => {
  const slow = await tinySplitModel({ edgeProducts: 20 });
  const stopping = await createEdgeServer({ models: [slow.model], runtime, port: 0 });
  await using device = await createDevice({ model: slow.model, runtime });
  const slowFrame = (await device.compress(solidPicture(200, 30, 30))).frame;
  const answers = [1, 2, 3].map(() => oipInfer(`${stopping.url}/v2/models/tiny`, slowFrame, 'raw'));
  await new Promise((resolve) => setTimeout(resolve, 60));
  await stopping.close();
  for (const { outputs } of await Promise.all(answers)) expect(outputs.get('labels')?.data[0]).toBe('red');
});
