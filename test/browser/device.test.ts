/**
 * The device in Chromium, with the model that this repository ships: its symbols, frames and answers against Node's, and the
 * page of `aecnn serve --web` against a live edge.
 */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSplitModel, type SplitModel } from '../../src/core/model/index.ts';
import { encodeFrame } from '../../src/core/wire/index.ts';
import { createImageCompressor, type ImageCompressor } from '../../src/device/index.ts';
import { createEdgeModel, createEdgeServer, type EdgeModel, type EdgeServer } from '../../src/edge/index.ts';
import { parseTrainedModel, trainedFileName, writeModel } from '../../src/lab/build/index.ts';
import { foldBatchNorms } from '../../src/lab/networks/index.ts';
import { readTfjsWeights } from '../../src/lab/weights/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { decodePicture } from '../../src/runtime/picture.ts';
import { fetchBackbone, fetchTimeoutMs } from '../fixtures/backbone-weights.ts';
import { launchChromium } from '../fixtures/chromium.ts';
import type { Harness } from './harness/harness-api.ts';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const samples = inRepository('samples');
const folder = await mkdtemp(join(tmpdir(), 'aecnn-browser-'));
const runtime = await createNodeRuntime({ threads: 2 });

/** Why nothing here can be tested; absent when it can. */
let missing: string | undefined;
let model: SplitModel;
let browser: Browser;
let edge: EdgeModel;
let compressor: ImageCompressor;

beforeAll(async () => {
  const weights = await fetchBackbone();
  if ('missing' in weights) {
    missing = weights.missing;
    return;
  }
  const launched = await launchChromium();
  if ('missing' in launched) {
    missing = launched.missing;
    return;
  }
  browser = launched.browser;
  const trained = parseTrainedModel(await readFile(inRepository(`models/caltech101-conv4x/${trainedFileName}`)));
  await writeModel(join(folder, 'model'), trained, foldBatchNorms(await readTfjsWeights(weights.folder)));
  model = await readSplitModel((file) => readFile(join(folder, 'model', file)));
  edge = await createEdgeModel(model, runtime);
  compressor = await createImageCompressor(model, runtime);
  const page = { configFile: inRepository('web/vite.config.ts'), logLevel: 'error' as const };
  await build({ ...page, build: { outDir: join(folder, 'page'), emptyOutDir: true } });
  const root = inRepository('test/browser/harness');
  await build({ ...page, root, build: { outDir: join(folder, 'harness'), emptyOutDir: true } });
}, fetchTimeoutMs + 180_000);

afterAll(async () => {
  await browser?.close();
  await compressor?.close();
  await edge?.close();
  await rm(folder, { recursive: true, force: true });
});

const serve = (page: string): Promise<EdgeServer> =>
  createEdgeServer({ models: [model], runtime, port: 0, web: { page: join(folder, page), samples } });

async function sampleFiles(): Promise<string[]> {
  const names = (await readdir(samples, { recursive: true })).filter((name) => /\.jpg$/.test(name));
  return names.sort().map((name) => join(samples, name));
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Calls a function of the harness. */
function call<Name extends keyof Harness>(page: Page, name: Name, ...args: Parameters<Harness[Name]>) {
  return page.evaluate(
    ([method, given]) => {
      const { harness } = globalThis as unknown as { harness: Record<string, (...all: unknown[]) => unknown> };
      return harness[method as string]?.(...(given as unknown[]));
    },
    [name, args] as const,
  ) as Promise<Awaited<ReturnType<Harness[Name]>>>;
}

test('symbols, frames and answers are those of Node', { timeout: 240_000 }, async (context) => {
  if (missing !== undefined) return context.skip(missing);
  await using server = await serve('harness');
  const page = await browser.newPage();
  await page.goto(server.url);
  const url = `${server.url}/web/models/${model.manifest.modelId}/`;
  const fetched = await call(page, 'open', url);
  expect(fetched).toBeGreaterThan(model.manifest.files['device.onnx'].bytes);

  const files = await sampleFiles();
  let different = 0;
  let symbolsSeen = 0;
  let agreeing = 0;
  const labelOf = async (frame: Uint8Array): Promise<string | undefined> =>
    (await edge.infer({ requestId: 1, frame })).top[0]?.label;
  for (const file of files) {
    const bytes = await readFile(file);
    const { rgb } = await decodePicture(bytes);
    const expected = (await compressor.analyse({ rgb })).symbols;
    // The same pixels.
    const symbols = await call(page, 'symbolsOf', base64(rgb));
    different += symbols.filter((symbol, i) => symbol !== expected[i]).length;
    symbolsSeen += symbols.length;
    // The same symbols.
    const frame = encodeFrame(expected, model.layout);
    expect(await call(page, 'frameOf', [...expected])).toBe(base64(frame));
    // The same file, decoded and resized by the browser.
    const pixels = await call(page, 'pixelsOf', base64(bytes));
    const seen = Int16Array.from(await call(page, 'symbolsOf', pixels));
    if ((await labelOf(encodeFrame(seen, model.layout))) === (await labelOf(frame))) agreeing++;
  }
  expect(symbolsSeen).toBe(files.length * 64 * 49);
  expect(different / symbolsSeen).toBeLessThanOrEqual(0.001);
  expect(agreeing / files.length).toBeGreaterThanOrEqual(0.98);
  console.log(`symbols that differ: ${different} of ${symbolsSeen}; same label: ${agreeing} of ${files.length}`);

  // A second visit fetches the manifest only; what was damaged where it is kept is fetched again.
  await call(page, 'close');
  const manifestBytes = await call(page, 'open', url);
  expect(manifestBytes).toBeLessThan(20_000);
  await call(page, 'close');
  await page.evaluate(`(async () => {
    const cache = await caches.open('aecnn-models');
    for (const request of await cache.keys()) {
      if (request.url.includes('entropy.bin')) await cache.put(request, new Response('damaged'));
    }
  })()`);
  expect(await call(page, 'open', url)).toBe(manifestBytes + model.manifest.files['entropy.bin'].bytes);
  await call(page, 'close');
  await page.close();
});

test('the page classifies a sample through the edge, and by itself when the edge is gone', {
  timeout: 240_000,
}, async (context) => {
  if (missing !== undefined) return context.skip(missing);
  await using server = await serve('page');
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.goto(server.url);
  await page.getByTestId('ready').waitFor({ timeout: 60_000 });
  expect(await page.evaluate('crossOriginIsolated')).toBe(true);

  // By keyboard alone: the first sample, a link, a deadline that any machine keeps.
  await page.getByRole('group', { name: 'Samples' }).getByRole('radio').first().focus();
  await page.keyboard.press('Space');
  await page.getByLabel('Deadline, ms').fill('20000');
  await page.getByLabel('Uplink').selectOption('1 Mbit/s');
  const classify = page.getByRole('button', { name: 'Classify' });
  await classify.focus();
  await page.keyboard.press('Enter');
  const aecnn = page.getByTestId('AECNN');
  await aecnn.waitFor({ timeout: 60_000 });
  expect(await aecnn.textContent()).toMatch(/airplanes.*in time.*answered by the edge/s);
  expect(await page.getByTestId('JPEG upload').textContent()).toMatch(/airplanes.*in time/s);
  expect(await page.getByRole('region', { name: 'Chunk by chunk' }).locator('tbody tr').count()).toBe(
    model.manifest.chunks,
  );
  expect(problems).toEqual([]);
  // Nothing hangs out of a phone's screen.
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);

  // A file, one that is no picture, and the camera.
  const summary = page.getByTestId('summary');
  await page.getByLabel('A file').setInputFiles(join(samples, 'cup', 'image_0029.jpg'));
  await expect.poll(() => summary.textContent()).toContain('AECNN: airplanes');
  await classify.click();
  await expect.poll(() => summary.textContent(), { timeout: 30_000 }).toMatch(/AECNN: cup .*JPEG: cup/);
  const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') };
  await page.getByLabel('A file').setInputFiles(text);
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('notes.txt: this is no picture');
  expect(await classify.isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Camera' }).click();
  await expect.poll(() => classify.isEnabled()).toBe(true);
  await page.waitForTimeout(1000);
  const before = await summary.textContent();
  await classify.click();
  const isNew = async (): Promise<boolean> => {
    const text = await summary.textContent();
    return text !== before && /AECNN: \w+ after .*in time/.test(text ?? '');
  };
  await expect.poll(isNew, { timeout: 30_000 }).toBe(true);
  await page.getByRole('group', { name: 'Samples' }).getByRole('radio').first().press('Space');
  await expect.poll(() => classify.isEnabled()).toBe(true);

  await server.close();
  await page.getByLabel('Deadline, ms').fill('3000');
  await page.getByLabel('Deadline, ms').blur();
  await classify.click();
  // The camera's picture may have been answered by the device too: this one is an airplane.
  const byDevice = /airplanes.*in time.*answered by the device itself/s;
  await expect.poll(() => aecnn.textContent(), { timeout: 30_000 }).toMatch(byDevice);
  expect(await page.getByLabel('JPEG upload').textContent()).toContain('the edge is away');
  await page.close();
});
