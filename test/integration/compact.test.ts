/** `aecnn compact` with the model that this repository ships, on its samples. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readSplitModel } from '../../src/core/model/index.ts';
import { createImageCompressor } from '../../src/device/index.ts';
import { parseTrainedModel, trainedFileName, writeModel } from '../../src/lab/build/index.ts';
import { foldBatchNorms } from '../../src/lab/networks/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { decodePicture } from '../../src/runtime/picture.ts';
import { backboneWeights, fetchTimeoutMs } from '../fixtures/backbone-weights.ts';
import { runAecnn } from './command-line.ts';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'aecnn-compact-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('smaller device graphs, which the same edge understands', {
  timeout: 180_000 + fetchTimeoutMs,
}, async (context) => {
  const folded = foldBatchNorms(await backboneWeights(context));
  const trained = parseTrainedModel(await readFile(inRepository(`models/caltech101-conv4x/${trainedFileName}`)));
  const modelFolder = join(folder, 'model');
  const { modelId, files } = await writeModel(modelFolder, trained, folded);
  const read = (name: string): Promise<Uint8Array> => readFile(join(modelFolder, name));
  const full = await readSplitModel(read);
  await expect(readSplitModel(read, { device: 'int8' }).then((model) => model.readGraph('device'))).rejects.toThrow(
    'the model has no device.int8.onnx: make a smaller device graph with "aecnn compact"',
  );

  const compacted = await runAecnn('compact', modelFolder, '--data', inRepository('samples'), '--all', '--json');
  expect(compacted.exitCode, compacted.stderr).toBe(0);
  const { compactDevices } = JSON.parse(compacted.stdout);
  expect(compactDevices).toMatchObject([
    { precision: 'float16', images: 30, fullAccuracy: 1 },
    { precision: 'int8', images: 30, fullAccuracy: 1 },
  ]);
  const [half, quarter] = compactDevices;
  expect(half.bytes / files['device.onnx'].bytes).toBeLessThan(0.51);
  expect(quarter.bytes / files['device.onnx'].bytes).toBeLessThan(0.27);
  expect(half.accuracy).toBe(1);
  expect(quarter.accuracy).toBeGreaterThan(0.9);

  const runtime = await createNodeRuntime({ worker: false });
  const { rgb } = await decodePicture(inRepository('samples/cup/image_0029.jpg'));
  const symbolsOf = async (model: typeof full): Promise<Int16Array> => {
    await using compressor = await createImageCompressor(model, runtime);
    return (await compressor.analyse({ rgb })).symbols;
  };
  const expected = await symbolsOf(full);
  for (const [device, mostDifferent] of [
    ['float16', 0.02],
    ['int8', 0.5],
  ] as const) {
    const model = await readSplitModel(read, { device });
    expect(model.manifest).toMatchObject({ modelId, compactDevices });
    const symbols = await symbolsOf(model);
    const different = symbols.filter((symbol, i) => symbol !== expected[i]).length;
    expect(different / symbols.length).toBeLessThan(mostDifferent);
  }
});
