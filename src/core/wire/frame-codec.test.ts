import { describe, expect, test } from 'vitest';
import {
  channelPlan,
  chunkEntropyBits,
  createChunkPlan,
  createFrequencyTable,
  createSymbolHistogram,
  fitEntropyModel,
  frequencyTotal,
  knownSymbols,
  quantizeUnclipped,
} from '../codec/index.ts';
import { CodecError, ModelError, WireFormatError } from '../errors.ts';
import { createRandom } from '../tensor/index.ts';
import { parseFrame, serializeFrame } from './frame.ts';
import { decodeFrame, encodeFrame, type FrameModel } from './frame-codec.ts';

const random = createRandom(1);
const latentShape = [32, 7, 7] as const;
const positions = 49;

/** A latent like a trained one: channels of falling spread, heavier tails than a normal distribution. */
function drawLatent(): Int16Array {
  return quantizeUnclipped(
    Float32Array.from({ length: 32 * positions }, (_, i) => {
      const spread = 2.5 * 0.94 ** Math.floor(i / positions);
      return spread * random.normal() * Math.sqrt(-Math.log(1 - random.uniform()));
    }),
  );
}

/** Important channels come first and coarse, in chunks 0 and 1; what is left of them comes with the others. */
const plan = createChunkPlan(
  32 * positions,
  Uint8Array.from(
    [4, 2, 0].flatMap((last) =>
      Array.from({ length: 32 * positions }, (_, element) => {
        const channel = Math.floor(element / positions);
        return Math.min(4, last + (channel >= 16 ? 2 : channel >= 8 ? 1 : 0));
      }),
    ),
  ),
);
const histogram = createSymbolHistogram(latentShape, 'channel');
const latents = Array.from({ length: 40 }, drawLatent);
for (const latent of latents) histogram.add(latent);
const model: FrameModel = {
  modelId: 'a1b2c3d4e5f6',
  latentShape,
  entropyModel: fitEntropyModel(histogram),
  plan,
};
const symbols = latents[0] as Int16Array;
const frame = encodeFrame(symbols, model);

/** What the first chunks tell. */
const prefix = (chunks: number): Int16Array => knownSymbols(symbols, model.plan, chunks);

test('gives the symbols back', () => {
  for (const latent of latents) {
    expect(decodeFrame(encodeFrame(latent, model), model)).toEqual({ symbols: latent, chunksDecoded: 5, chunksOf: 5 });
  }
});

test('payloads are within 1 % + 4 bytes of their entropy, the rest is 12 bytes + 4 a chunk', () => {
  for (const latent of latents) {
    const bits = chunkEntropyBits(latent, model);
    const bytes = encodeFrame(latent, model);
    const { payloads } = parseFrame(bytes);
    for (const [chunk, payload] of payloads.entries()) {
      expect(payload.length).toBeLessThanOrEqual((1.01 * (bits[chunk] as number)) / 8 + 4);
    }
    expect(bytes.length - payloads.reduce((sum, payload) => sum + payload.length, 0)).toBe(12 + 4 * 5);
  }
});

describe('byte limit', () => {
  test('leaves out trailing chunks only', () => {
    const lengths = parseFrame(frame).payloads.map((payload) => payload.length);
    const smallest = 12 + 4 + (lengths[0] as number);
    let reached = 0;
    for (let maxBytes = smallest; maxBytes <= frame.length; maxBytes++) {
      const limited = encodeFrame(symbols, model, { maxBytes });
      expect(limited.length).toBeLessThanOrEqual(maxBytes);
      const { chunksDecoded, chunksOf, symbols: decoded, damage } = decodeFrame(limited, model);
      expect(damage).toBeUndefined();
      expect(chunksOf).toBe(chunksDecoded);
      expect(chunksDecoded).toBeGreaterThanOrEqual(reached);
      if (chunksDecoded > reached) expect(decoded).toEqual(prefix(chunksDecoded));
      reached = chunksDecoded;
    }
    expect(reached).toBe(5);
    expect(() => encodeFrame(symbols, model, { maxBytes: smallest - 1 })).toThrow(CodecError);
  });

  test('is one packet when left out', () => {
    const wide: FrameModel = { ...model, plan: channelPlan(latentShape, [8, 8, 8, 8]) };
    const noisy = symbols.map((_, i) => {
      const table = model.entropyModel.tables[i];
      return table === undefined ? 0 : table.minSymbol + random.below(table.frequencies.length);
    });
    expect(encodeFrame(noisy, wide, { maxBytes: Number.POSITIVE_INFINITY }).length).toBeGreaterThan(1200);
    expect(encodeFrame(noisy, wide).length).toBeLessThanOrEqual(1200);
  });

  test('a chunk that the wire cannot carry ends the frame', () => {
    // Rare symbols throughout: 15 bits for each of 1,568 elements.
    const rare = new Int16Array(32 * positions).fill(1);
    const table = createFrequencyTable(0, Uint16Array.of(frequencyTotal - 1, 1));
    const surprised = { ...model, entropyModel: { tables: Array.from(rare, () => table) } };
    const options = { maxBytes: Number.POSITIVE_INFINITY };
    const atLast: FrameModel = { ...surprised, plan: channelPlan(latentShape, [2, 30]) };
    expect(decodeFrame(encodeFrame(rare, atLast, options), atLast)).toMatchObject({ chunksDecoded: 1, chunksOf: 1 });
    const atOnce: FrameModel = { ...surprised, plan: channelPlan(latentShape, [32]) };
    expect(() => encodeFrame(rare, atOnce, options)).toThrow('more than the limit of 2063');
  });
});

describe('refusals', () => {
  test('a frame of another model names both', () => {
    const other = { ...model, modelId: '000000000000' };
    expect(() => decodeFrame(frame, other)).toThrow(ModelError);
    expect(() => decodeFrame(frame, other)).toThrow(
      'the frame was made for model a1b2c3d4e5f6, this is model 000000000000',
    );
  });

  test('more chunks than the model has, or another parameter set', () => {
    const payloads = parseFrame(frame).payloads;
    const { modelId } = model;
    expect(() => decodeFrame(serializeFrame({ modelId, payloads: [...payloads, new Uint8Array()] }), model)).toThrow(
      'at byte 3: expected at most 5 chunks, got 6',
    );
    expect(() => decodeFrame(serializeFrame({ modelId, payloads, parameterSet: 1 }), model)).toThrow('at byte 2');
  });

  test('a chunk with a right CRC that does not decode is damage from the second on', () => {
    const payloads = [...parseFrame(frame).payloads];
    const { modelId } = model;
    const longer = (payload: Uint8Array): Uint8Array => Uint8Array.of(...payload, 1, 1, 1, 1, 1, 1);
    const second = serializeFrame({ modelId, payloads: payloads.map((p, i) => (i === 1 ? longer(p) : p)) });
    const decoded = decodeFrame(second, model);
    expect(decoded).toMatchObject({ symbols: prefix(1), chunksDecoded: 1, chunksOf: 5 });
    expect(decoded.damage?.message).toContain('chunk 1 does not decode');
    expect(decoded.damage?.details.byteOffset).toBeGreaterThan(20 + (payloads[0] as Uint8Array).length);

    const first = serializeFrame({ modelId, payloads: payloads.map((p, i) => (i === 0 ? longer(p) : p)) });
    expect(() => decodeFrame(first, model)).toThrow(WireFormatError);
  });
});

/** 105,000 frames in all. */
const rounds = 15_000;

describe('mutated frames give a prefix of the true symbols, or are refused', () => {
  const ends: number[] = [];
  for (const payload of parseFrame(frame).payloads) ends.push((ends.at(-1) ?? 12) + 4 + payload.length);
  const below = (bound: number): number => random.below(bound);

  /** Each makes another frame out of the golden one; some results equal it by chance. */
  const mutations: Readonly<Record<string, () => Uint8Array>> = {
    'bit flips': () => {
      const bytes = frame.slice();
      for (let n = 1 + below(4); n > 0; n--) {
        const at = below(bytes.length);
        bytes[at] = (bytes[at] as number) ^ (1 << below(8));
      }
      return bytes;
    },
    'bytes overwritten': () => {
      const bytes = frame.slice();
      const start = below(bytes.length);
      return bytes.fill(below(256), start, start + 1 + below(40));
    },
    truncations: () => frame.subarray(0, below(frame.length)),
    'bytes inserted': () => {
      const at = below(frame.length + 1);
      const extra = Array.from({ length: 1 + below(6) }, () => below(256));
      return Uint8Array.of(...frame.subarray(0, at), ...extra, ...frame.subarray(at));
    },
    'bytes removed': () => {
      const at = below(frame.length);
      return Uint8Array.of(...frame.subarray(0, at), ...frame.subarray(at + 1 + below(6)));
    },
    'chunks swapped, repeated or left out': () => {
      const starts = [12, ...ends];
      const chunks = Array.from({ length: 5 }, () => below(5)).flatMap((i) => [
        ...frame.subarray(starts[i], starts[i + 1]),
      ]);
      return Uint8Array.of(...frame.subarray(0, 12), ...chunks);
    },
    'chunks of a frame of other length': () => {
      const shorter = encodeFrame(symbols, model, { maxBytes: ends[below(5)] as number });
      return Uint8Array.of(...frame.subarray(0, 12), ...shorter.subarray(12));
    },
  };

  test.each(Object.keys(mutations))('%s', { timeout: 60_000 }, (name) => {
    const mutate = mutations[name] as () => Uint8Array;
    for (let round = 0; round < rounds; round++) {
      const bytes = mutate();
      try {
        const { symbols: decoded, chunksDecoded, damage } = decodeFrame(bytes, model);
        expect(Buffer.compare(Buffer.from(decoded.buffer), Buffer.from(prefix(chunksDecoded).buffer))).toBe(0);
        expect(chunksDecoded).toBeGreaterThan(0);
        expect(damage === undefined).toBe(Buffer.compare(bytes, frame) === 0);
      } catch (error) {
        if (!(error instanceof WireFormatError || error instanceof ModelError)) throw error;
      }
    }
  });
});
