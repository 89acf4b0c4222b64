/** What an edge serves to a page: the page itself, models' files, samples, and answers to whole pictures. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { createEdgeServer } from '../../src/edge/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { encodePicture, resizePicture } from '../../src/runtime/picture.ts';
import { solidPicture, tinySplitModel } from '../fixtures/tiny-split-model.ts';

const { model, files } = await tinySplitModel();
const { modelId } = model.manifest;
const runtime = await createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'aecnn-web-'));
const [page, samples] = [join(folder, 'page'), join(folder, 'samples')];
const green = { ...solidPicture(0, 200, 0), width: 224, height: 224 };
mkdirSync(join(page, 'assets'), { recursive: true });
writeFileSync(join(page, 'index.html'), '<!doctype html><title>the page</title>');
writeFileSync(join(page, 'assets', 'code.js.gz'), gzipSync('export {};'));
mkdirSync(join(samples, 'green'), { recursive: true });
writeFileSync(join(samples, 'green', 'a picture.png'), await encodePicture(green, { format: 'png' }));
writeFileSync(join(samples, 'green', 'notes.txt'), 'no picture');

const server = await createEdgeServer({ models: [model], runtime, port: 0, web: { page, samples } });
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init);

test('the page comes isolated from other origins, its code compressed', async () => {
  const response = await get('/');
  expect(await response.text()).toContain('the page');
  expect(response.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  const policy = response.headers.get('content-security-policy');
  expect(policy).toContain("'wasm-unsafe-eval'");
  // Over plain HTTP a browser must not be told to ask for https.
  expect(policy).not.toContain('upgrade-insecure-requests');
  expect(response.headers.get('strict-transport-security')).toBeNull();
  const code = await get('/assets/code.js');
  expect(code.headers.get('content-encoding')).toBe('gzip');
  expect(await code.text()).toBe('export {};');
});

test('models that answer, and their files for a device: for ever by their hash; the edge graph stays', async () => {
  expect(await (await get('/web/models.json')).json()).toEqual([{ name: model.manifest.name, modelId }]);
  for (const name of ['manifest.json', 'device.onnx', 'fallback.onnx', 'entropy.bin']) {
    const response = await get(`/web/models/${modelId}/${name}`);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(files.get(name));
    // A manifest may change while the model stays: `aecnn compact` adds to it.
    expect(response.headers.get('cache-control')).toBe('no-cache');
  }
  const named = await get(`/web/models/${modelId}/device.onnx?sha256=${model.manifest.files['device.onnx'].sha256}`);
  expect(named.headers.get('cache-control')).toContain('immutable');
  const outdated = await get(`/web/models/${modelId}/device.onnx?sha256=${'0'.repeat(64)}`);
  expect(outdated.headers.get('cache-control')).toBe('no-cache');
  const edgeGraph = await get(`/web/models/${modelId}/edge.onnx`);
  expect(edgeGraph.status).toBe(404);
  expect(await edgeGraph.json()).toMatchObject({
    code: 'MODEL',
    error: expect.stringContaining('no file of a device'),
  });
  expect((await get('/web/models/000000000000/manifest.json')).status).toBe(404);
});

test('samples are pictures by label', async () => {
  const [sample, ...others] = (await (await get('/web/samples.json')).json()) as { readonly url: string }[];
  expect(others).toEqual([]);
  expect(sample).toEqual({ label: 'green', url: 'web/samples/green/a%20picture.png' });
  expect((await get(`/${sample?.url}`)).headers.get('content-type')).toBe('image/png');
});

test('a whole picture is answered, one of another size and what is none are refused', async () => {
  const ask = async (body: Uint8Array) => {
    const headers = { 'content-type': 'image/jpeg' };
    const response = await get(`/web/models/${modelId}/picture`, { method: 'POST', headers, body: Buffer.from(body) });
    const answer = (await response.json()) as { readonly top: { readonly label: string }[]; readonly timeMs: number };
    return { status: response.status, body: answer };
  };
  const jpeg = await encodePicture(green, { format: 'jpeg', quality: 75 });
  const answer = await ask(jpeg);
  expect(answer.status).toBe(200);
  expect(answer.body.top[0]?.label).toBe('green');
  expect(answer.body.timeMs).toBeGreaterThan(0);
  const small = await encodePicture(await resizePicture(green, 100, 90), { format: 'jpeg' });
  expect(await ask(small)).toMatchObject({ status: 400, body: { error: expect.stringContaining('100 x 90 pixels') } });
  expect(await ask(Buffer.from('no picture'))).toMatchObject({ status: 400, body: { code: 'IMAGE' } });
});

test('a picture is bytes, whatever its content type says: no path of the server is read', async () => {
  const path = join(samples, 'green', 'a picture.png');
  for (const [type, body] of [
    ['text/plain', path],
    ['application/json', JSON.stringify(path)],
  ] as const) {
    const response = await get(`/web/models/${modelId}/picture`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 400,
      body: { code: 'IMAGE', error: expect.stringContaining('no picture that can be decoded') },
    });
  }
  const empty = await get(`/web/models/${modelId}/picture`, { method: 'POST' });
  expect(empty.status).toBe(400);
});

test('a picture of more pixels than the network reads is refused before it is decoded', async () => {
  const large = await encodePicture(await resizePicture(green, 3000, 3000), { format: 'png' });
  const response = await get(`/web/models/${modelId}/picture`, { method: 'POST', body: Buffer.from(large) });
  expect(await response.json()).toMatchObject({ error: expect.stringContaining('more than 50176 pixels') });
});

test('a page that was not built is told at once', async () => {
  const web = { page: join(folder, 'nowhere') };
  await expect(createEdgeServer({ models: [model], runtime, port: 0, web })).rejects.toThrow('npm run build:web');
});
