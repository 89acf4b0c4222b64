/**
 * Makes the golden frames: `npx tsx test/vectors/make-frame-vectors.ts && npx biome format --write test/vectors`. Run
 * it for a new wire version only, under a new name; the stored frames of a version never change, whatever happens to the
 * code.
 */

import { writeFileSync } from 'node:fs';
import {
  createFrequencyTable,
  createSymbolHistogram,
  type EntropyModel,
  fitEntropyModel,
  frequencyTotal,
  quantizeUnclipped,
  serializeEntropyModel,
} from '../../src/core/codec/index.ts';
import { createRandom } from '../../src/core/tensor/index.ts';
import { encodeFrame, type FrameModel } from '../../src/core/wire/index.ts';
import type { FrameVector } from './frame-vectors.ts';

const random = createRandom(1);

/** A model like a trained one: Laplace-like channels of falling spread, fitted on 50 latents. */
function fittedModel(latentShape: readonly [number, number, number]): {
  entropyModel: EntropyModel;
  symbols: Int16Array;
} {
  const [channels, height, width] = latentShape;
  const draw = (): Int16Array =>
    quantizeUnclipped(
      Float32Array.from({ length: channels * height * width }, (_, i) => {
        const spread = 3 * 0.85 ** Math.floor(i / (height * width));
        return spread * random.normal() * Math.sqrt(-Math.log(1 - random.uniform()));
      }),
    );
  const histogram = createSymbolHistogram(latentShape);
  const symbols = draw();
  histogram.add(symbols);
  for (let i = 1; i < 50; i++) histogram.add(draw());
  return { entropyModel: fitEntropyModel(histogram), symbols };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function vector(
  name: string,
  model: FrameModel,
  symbols: Int16Array,
  frame: Uint8Array,
  chunksDecoded: number,
  damaged: boolean,
): FrameVector {
  const [, height, width] = model.latentShape;
  const kept = model.chunks.slice(0, chunksDecoded).reduce((a, b) => a + b, 0) * height * width;
  return {
    name,
    modelId: model.modelId,
    latentShape: model.latentShape,
    chunks: model.chunks,
    entropy: hex(serializeEntropyModel(model.entropyModel)),
    frame: hex(frame),
    symbols: chunksDecoded === 0 ? '' : Array.from(symbols, (symbol, i) => (i < kept ? symbol : 0)).join(' '),
    chunksDecoded,
    damaged,
  };
}

function changed(bytes: Uint8Array, offset: number, xor: number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = (copy[offset] as number) ^ xor;
  return copy;
}

const example: FrameModel = {
  modelId: '0123456789ab',
  latentShape: [3, 2, 2],
  chunks: [1, 2],
  entropyModel: {
    channels: [
      createFrequencyTable(-2, Uint16Array.of(1024, 7168, 16_384, 7168, 1024)),
      createFrequencyTable(-1, Uint16Array.of(4096, 24_576, 4096)),
      createFrequencyTable(0, Uint16Array.of(frequencyTotal)),
    ],
  },
};
const exampleSymbols = Int16Array.of(0, 1, -2, 0, 0, 0, -1, 0, 0, 0, 0, 0);
const exampleFrame = encodeFrame(exampleSymbols, example);

const { entropyModel, symbols } = fittedModel([16, 7, 7]);
const fitted: FrameModel = { modelId: 'fedcba987654', latentShape: [16, 7, 7], chunks: [2, 4, 10], entropyModel };
const frame = encodeFrame(symbols, fitted);

const silent: FrameModel = {
  modelId: '000000000000',
  latentShape: [2, 1, 3],
  chunks: [1, 1],
  entropyModel: { channels: [-5, 7].map((symbol) => createFrequencyTable(symbol, Uint16Array.of(frequencyTotal))) },
};
const silentSymbols = Int16Array.of(-5, -5, -5, 7, 7, 7);

const skewed: FrameModel = {
  modelId: 'ffffffffffff',
  latentShape: [2, 8, 8],
  chunks: [1, 1],
  entropyModel: {
    channels: [
      createFrequencyTable(-32_768, Uint16Array.of(frequencyTotal - 1, 1)),
      createFrequencyTable(32_766, Uint16Array.of(1, frequencyTotal - 1)),
    ],
  },
};
// Rare symbols in a row, and symbols at the top of every interval: long runs of FF and carries.
const skewedSymbols = Int16Array.from({ length: 128 }, (_, i) =>
  i < 64 ? (i % 16 === 3 ? -32_767 : -32_768) : i % 32 < 3 ? 32_766 : 32_767,
);

const vectors = [
  vector('worked example', example, exampleSymbols, exampleFrame, 2, false),
  vector('worked example, without its last byte', example, exampleSymbols, exampleFrame.subarray(0, -1), 1, true),
  vector('worked example, a bit of chunk 0 flipped', example, exampleSymbols, changed(exampleFrame, 16, 4), 0, true),
  vector('fitted tables', fitted, symbols, frame, 3, false),
  vector('fitted tables, one chunk sent', fitted, symbols, encodeFrame(symbols, fitted, { maxBytes: 100 }), 1, false),
  vector('fitted tables, cut in the last chunk', fitted, symbols, frame.subarray(0, -9), 2, true),
  vector('fitted tables, a bit of chunk 1 flipped', fitted, symbols, changed(frame, 120, 1), 1, true),
  vector('fitted tables, a byte too many', fitted, symbols, Uint8Array.of(...frame, 0), 3, true),
  vector('fitted tables, cut in the header', fitted, symbols, frame.subarray(0, 11), 0, true),
  vector('fitted tables, another version', fitted, symbols, changed(frame, 2, 0x30), 0, true),
  vector('fitted tables, a bit of the model id flipped', fitted, symbols, changed(frame, 7, 0x10), 0, true),
  vector(
    'alphabets of one symbol, empty payloads',
    silent,
    silentSymbols,
    encodeFrame(silentSymbols, silent),
    2,
    false,
  ),
  vector('frequencies 1 and 32767', skewed, skewedSymbols, encodeFrame(skewedSymbols, skewed), 2, false),
];
writeFileSync(new URL('frames-v1.json', import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
