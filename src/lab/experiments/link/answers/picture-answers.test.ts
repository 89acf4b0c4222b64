import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mosaicSamples, type RuntimeCount, tinyAnswerContext } from '../../../../../test/fixtures/tiny-answers.ts';
import { pickTensor, tensor } from '../../../../core/tensor/index.ts';
import { meanDivergence } from '../../paper/pictures/picture-choice.ts';
import { compressPicture, type PictureCodec } from '../../paper/pictures/picture-codecs.ts';
import { answerOf } from './answer.ts';
import type { AnswerContext } from './answer-context.ts';
import { bytesOfCodec, encodeMsOf } from './codec-costs.ts';
import { openPictureNetwork } from './picture-answers.ts';

let cacheFolder = '';
let context: AnswerContext;
let count: RuntimeCount;
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'aecnn-pictures-'));
  ({ context, count } = await tinyAnswerContext(cacheFolder));
});
afterEach(() => rm(cacheFolder, { recursive: true }));

const samples = mosaicSamples(20);
const rough: PictureCodec = { format: 'webp', side: 28, quality: 5 };
const fine: PictureCodec = { format: 'jpeg', side: 224, quality: 90 };

/** Logits of the tiny model's uncompressed network, one picture at a time. */
async function logitsOf(pictures: readonly Uint8Array[]): Promise<Float32Array[]> {
  const { runtime, readGraphs } = context;
  const graphs = await readGraphs();
  await using front = await runtime.createSession(graphs.device);
  await using tail = await runtime.createSession(graphs.tail);
  const logits: Float32Array[] = [];
  for (const rgb of pictures) {
    const outputs = await front.run({ image: tensor('uint8', [1, 224, 224, 3], rgb) });
    const map = pickTensor(outputs, 'feature_map', 'float32');
    logits.push(pickTensor(await tail.run({ restored_feature_map: map }), 'logits', 'float32').data);
  }
  return logits;
}

test('answers are those to what the codec left of each picture, computed once', async () => {
  await using network = openPictureNetwork(context);
  const { bytes, answers } = await network.answer(rough, samples);
  const compressed = await Promise.all(samples.map(async ({ load }) => compressPicture(await load(), rough)));
  expect(bytes).toEqual(compressed.map((picture) => picture.bytes));
  const expected = (await logitsOf(compressed.map(({ rgb }) => rgb))).map(answerOf);
  expect(answers.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
  answers.forEach(({ probability }, i) => {
    expect(probability).toBeCloseTo(expected[i]?.probability ?? 0, 5);
  });
  const before = { ...count };
  await using again = openPictureNetwork(context);
  expect(await again.answer(rough, samples)).toEqual({ bytes, answers });
  expect(count).toEqual(before);
  expect((await again.answer(fine, samples)).answers).not.toEqual(answers);
  expect(count.sessions).toBe(before.sessions + 2);
});

test('a sample says how far a codec moves the answers', async () => {
  await using network = openPictureNetwork(context);
  const { codec, meanBytes, divergence } = await network.sample(rough, samples);
  const compressed = await Promise.all(samples.map(async ({ load }) => compressPicture(await load(), rough)));
  expect(codec).toEqual(rough);
  expect(meanBytes).toBeCloseTo(compressed.reduce((sum, { bytes }) => sum + bytes, 0) / samples.length, 9);
  const uncompressed = await logitsOf(await Promise.all(samples.map(({ load }) => load())));
  const received = await logitsOf(compressed.map(({ rgb }) => rgb));
  const flat = (rows: readonly Float32Array[]) => Float32Array.from(rows.flatMap((row) => [...row]));
  expect(divergence).toBeCloseTo(meanDivergence(flat(uncompressed), flat(received), 3), 4);
  expect((await network.sample(fine, samples)).divergence).toBeLessThan(divergence);
});

test('labels are the classes, or the uncompressed answers of a model that does not know them', async () => {
  await using network = openPictureNetwork(context);
  expect(await network.labels(samples)).toEqual(samples.map(({ label }) => label));
  expect(count.sessions).toBe(0);
  const model = { ...context.model, manifest: { ...context.model.manifest, teacher: 'stock' as const } };
  await using stock = openPictureNetwork({ ...context, model });
  const uncompressed = await logitsOf(await Promise.all(samples.map(({ load }) => load())));
  expect(await stock.labels(samples)).toEqual(uncompressed.map((logits) => answerOf(logits).label));
});

test('a network that cannot be loaded says why, and closes', async () => {
  const readGraphs = () => Promise.reject(new Error('no such model'));
  const network = openPictureNetwork({ ...context, readGraphs });
  await expect(network.answer(rough, samples)).rejects.toThrow('no such model');
  await network.close();
});

test('bytes and times of a codec need no network; bytes are those of compressPicture', async () => {
  for (const codec of [rough, fine]) {
    const bytes = await bytesOfCodec(context, codec, samples);
    const compressed = await Promise.all(samples.map(async ({ load }) => compressPicture(await load(), codec)));
    expect(bytes).toEqual(compressed.map((picture) => picture.bytes));
    const encodeMs = await encodeMsOf(context, codec, samples);
    expect(encodeMs).toBeGreaterThan(0);
    // Measured once.
    expect(await encodeMsOf(context, codec, samples)).toBe(encodeMs);
  }
  expect(count.sessions).toBe(0);
});
