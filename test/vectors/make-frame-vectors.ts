/**
 * Makes the golden frames: `npx tsx test/vectors/make-frame-vectors.ts && npx biome format --write test/vectors`. Run
 * it for a new wire version only, under a new name; the stored frames of a version never change, whatever happens to the
 * code.
 */

import { writeFileSync } from 'node:fs';
import {
  channelPlan,
  createChunkPlan,
  createFrequencyTable,
  createSymbolHistogram,
  type EntropyModel,
  fitEntropyModel,
  frequencyTotal,
  knownSymbols,
  noChunk,
  quantizeUnclipped,
  serializeLatentCoding,
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
  const histogram = createSymbolHistogram(latentShape, 'channel');
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
  return {
    name,
    modelId: model.modelId,
    latentShape: model.latentShape,
    entropy: hex(serializeLatentCoding(model)),
    frame: hex(frame),
    symbols: chunksDecoded === 0 ? '' : knownSymbols(symbols, model.plan, chunksDecoded).join(' '),
    chunksDecoded,
    damaged,
  };
}

function changed(bytes: Uint8Array, offset: number, xor: number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = (copy[offset] as number) ^ xor;
  return copy;
}

const nine = createFrequencyTable(-4, Uint16Array.of(512, 1024, 2048, 6144, 13_312, 6144, 2048, 1024, 512));
const three = createFrequencyTable(-1, Uint16Array.of(4096, 24_576, 4096));
const one = createFrequencyTable(0, Uint16Array.of(frequencyTotal));
const example: FrameModel = {
  modelId: '0123456789ab',
  latentShape: [3, 1, 2],
  plan: createChunkPlan(6, Uint8Array.of(1, 1, 1, noChunk, 1, 1, 0, 0, 0, 0, 1, 1)),
  entropyModel: { tables: [nine, nine, nine, nine, three, one] },
};
const exampleSymbols = Int16Array.of(-3, -4, 2, 3, 1, 0);
const exampleFrame = encodeFrame(exampleSymbols, example);

const { entropyModel, symbols } = fittedModel([16, 7, 7]);
/** Three chunks by channels, each coarse a chunk before it is fine. */
const fitted: FrameModel = {
  modelId: 'fedcba987654',
  latentShape: [16, 7, 7],
  plan: createChunkPlan(
    784,
    Uint8Array.from({ length: 2 * 784 }, (_, i) => {
      const channel = Math.floor((i % 784) / 49);
      const first = channel < 4 ? 0 : channel < 9 ? 1 : 2;
      return i < 784 ? Math.min(2, first + 1) : first;
    }),
  ),
  entropyModel,
};
const frame = encodeFrame(symbols, fitted);

const silent: FrameModel = {
  modelId: '000000000000',
  latentShape: [2, 1, 3],
  plan: channelPlan([2, 1, 3], [1, 1]),
  entropyModel: {
    tables: [-5, -5, -5, 7, 7, 7].map((symbol) => createFrequencyTable(symbol, Uint16Array.of(frequencyTotal))),
  },
};
const silentSymbols = Int16Array.of(-5, -5, -5, 7, 7, 7);

const lowest = createFrequencyTable(-32_768, Uint16Array.of(frequencyTotal - 1, 1));
const highest = createFrequencyTable(32_766, Uint16Array.of(1, frequencyTotal - 1));
const skewed: FrameModel = {
  modelId: 'ffffffffffff',
  latentShape: [2, 8, 8],
  plan: channelPlan([2, 8, 8], [1, 1]),
  entropyModel: { tables: Array.from({ length: 128 }, (_, i) => (i < 64 ? lowest : highest)) },
};
// Rare symbols in a row, and symbols at the top of every interval: long runs of FF and carries.
const skewedSymbols = Int16Array.from({ length: 128 }, (_, i) =>
  i < 64 ? (i % 16 === 3 ? -32_767 : -32_768) : i % 32 < 3 ? 32_766 : 32_767,
);

const wide = createFrequencyTable(-2000, new Uint16Array(4001).fill(8).with(2000, 8 + frequencyTotal - 8 * 4001));
/** Every resolution of these alphabets, one a chunk. */
const layered: FrameModel = {
  modelId: '00000000000f',
  latentShape: [1, 3, 3],
  plan: createChunkPlan(
    9,
    Uint8Array.from({ length: 11 * 9 }, (_, i) => 10 - Math.floor(i / 9)),
  ),
  entropyModel: { tables: Array.from({ length: 9 }, (_, i) => (i % 2 === 0 ? wide : nine)) },
};
const layeredSymbols = Int16Array.of(-2000, -4, 2000, 4, 1024, 1, -1023, 0, 1023);

const vectors = [
  vector('worked example', example, exampleSymbols, exampleFrame, 2, false),
  vector('worked example, without its last byte', example, exampleSymbols, exampleFrame.subarray(0, -1), 1, true),
  vector('worked example, a bit of chunk 0 flipped', example, exampleSymbols, changed(exampleFrame, 16, 4), 0, true),
  vector('fitted tables', fitted, symbols, frame, 3, false),
  vector('fitted tables, one chunk sent', fitted, symbols, encodeFrame(symbols, fitted, { maxBytes: 100 }), 1, false),
  vector('fitted tables, cut in the last chunk', fitted, symbols, frame.subarray(0, -9), 2, true),
  vector('fitted tables, a bit of chunk 1 flipped', fitted, symbols, changed(frame, 90, 1), 1, true),
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
  vector('eleven resolutions', layered, layeredSymbols, encodeFrame(layeredSymbols, layered), 11, false),
  vector(
    'eleven resolutions, cut',
    layered,
    layeredSymbols,
    encodeFrame(layeredSymbols, layered).subarray(0, 40),
    5,
    true,
  ),
];
writeFileSync(new URL('frames-v2.json', import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
