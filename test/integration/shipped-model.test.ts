/** The models of this repository with the real weights of ResNet-50: their coder's cost, their frames, their answers. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { chunkEntropyBits } from '../../src/core/codec/index.ts';
import { readSplitModel } from '../../src/core/model/index.ts';
import { decodeFrame, parseFrame } from '../../src/core/wire/index.ts';
import { createImageCompressor } from '../../src/device/index.ts';
import { createEdgeModel } from '../../src/edge/index.ts';
import { parseTrainedModel, trainedFileName, writeModel } from '../../src/lab/build/index.ts';
import { foldBatchNorms } from '../../src/lab/networks/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { decodePicture } from '../../src/runtime/picture.ts';
import { backboneWeights, fetchTimeoutMs } from '../fixtures/backbone-weights.ts';

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'aecnn-shipped-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Folders of samples, and what each model calls what is in them. */
const answers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'caltech101-conv4x': Object.fromEntries(
    [
      'airplanes',
      'binocular',
      'butterfly',
      'cougar_body',
      'cup',
      'dragonfly',
      'emu',
      'hedgehog',
      'ketch',
      'laptop',
    ].map((label) => [label, label]),
  ),
  'imagenet-conv4x': {
    airplanes: 'airliner',
    binocular: 'binoculars',
    cougar_body: 'cougar',
    cup: 'coffee_mug',
    dragonfly: 'dragonfly',
    laptop: 'notebook',
    nautilus: 'chambered_nautilus',
    soccer_ball: 'soccer_ball',
  },
};

/** The first picture of each folder. */
function firstSamples(folders: readonly string[]): Promise<string[]> {
  return Promise.all(
    folders.map(async (label) => {
      const [name = ''] = (await readdir(inRepository(`samples/${label}`))).sort();
      return inRepository(`samples/${label}/${name}`);
    }),
  );
}

test.for(Object.keys(answers))(
  '%s: payloads near the entropy, frames of one packet, right answers',
  {
    timeout: 120_000 + fetchTimeoutMs,
  },
  async (name, context) => {
    const answersOf = answers[name] as Readonly<Record<string, string>>;
    const folded = foldBatchNorms(await backboneWeights(context));
    const trained = parseTrainedModel(await readFile(inRepository(`models/${name}/${trainedFileName}`)));
    await writeModel(join(folder, name), trained, folded);
    const model = await readSplitModel((file) => readFile(join(folder, name, file)));
    const { layout } = model;
    const runtime = await createNodeRuntime({ worker: false, threads: 2 });
    await using compressor = await createImageCompressor(model, runtime);
    await using edge = await createEdgeModel(model, runtime);

    const samples = await firstSamples(Object.keys(answersOf));
    const labels = Object.values(answersOf);
    const wrong: string[] = [];
    for (const [requestId, path] of samples.entries()) {
      const { frame, chunks } = await compressor.compress(await decodePicture(path));
      expect(chunks, path).toBeGreaterThan(layout.plan.chunks - 5);
      expect(frame.length, path).toBeLessThanOrEqual(1200);

      const { payloads } = parseFrame(frame);
      expect(payloads, path).toHaveLength(chunks);
      const payloadBytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
      expect(frame.length - payloadBytes, path).toBeLessThanOrEqual(16 + 4 * chunks);

      const { symbols } = decodeFrame(frame, layout);
      const bits = chunkEntropyBits(symbols, layout);
      for (const [chunk, payload] of payloads.entries()) {
        const entropyBytes = (bits[chunk] as number) / 8;
        // Not below: fewer bytes than the entropy would mean that these are not the symbols that were coded.
        expect(payload.length, `${path}, chunk ${chunk}`).toBeGreaterThan(entropyBytes - 1);
        expect(payload.length, `${path}, chunk ${chunk}`).toBeLessThanOrEqual(1.01 * entropyBytes + 4);
      }

      const { top } = await edge.infer({ requestId, frame });
      if (top[0]?.label !== labels[requestId]) wrong.push(`${path}: ${top[0]?.label}`);
    }
    expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(2);
  },
);
