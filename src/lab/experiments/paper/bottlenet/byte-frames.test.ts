import { expect, test } from 'vitest';
import { worstCaseChunkBytes } from '../../../../core/codec/index.ts';
import { createRandom } from '../../../../core/tensor/index.ts';
import { byteChunks, byteFrameModel, frameSizes } from './byte-frames.ts';

const shape = [5, 4, 4] as const;
const length = 5 * 16;

/** Bytes around a level that differs by channel. */
function drawn(count: number, seed: number): Uint8Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () =>
    Uint8Array.from({ length }, (_, i) =>
      Math.min(255, Math.max(0, Math.round(60 + 30 * Math.floor(i / 16) + 4 * random.normal()))),
    ),
  );
}

test('bytes like those of the training part take less than a byte each', () => {
  const model = byteFrameModel(shape, drawn(400, 1));
  const sizes = frameSizes(drawn(50, 2), model);
  const mean = sizes.reduce((a, b) => a + b, 0) / sizes.length;
  // log2(4 sqrt(2 pi e)) = 4.05 bits a symbol, 16 bytes of headers.
  expect(mean).toBeGreaterThan((4.05 * length) / 8 + 16 - 2);
  expect(mean).toBeLessThan((4.05 * length) / 8 + 16 + 5);
});

test('bytes that the training part never had are sent too', () => {
  const model = byteFrameModel(shape, drawn(20, 1));
  const random = createRandom(3);
  const uniform = Array.from({ length: 20 }, () => Uint8Array.from({ length }, () => random.below(256)));
  expect(Math.min(...frameSizes(uniform, model))).toBeGreaterThan(length);
  expect(frameSizes([new Uint8Array(length), new Uint8Array(length).fill(255)], model)).toHaveLength(2);
});

test.each([
  [64, 14, 14],
  [128, 7, 7],
  [6, 14, 14],
  [24, 7, 7],
] as const)('no chunk of %i channels of %ix%i can become too long for the wire', (...latentShape) => {
  const chunks = byteChunks(latentShape);
  expect(chunks.reduce((a, b) => a + b, 0)).toBe(latentShape[0]);
  expect(chunks.length).toBeLessThanOrEqual(255);
  const constant = new Uint8Array(latentShape[0] * latentShape[1] * latentShape[2]).fill(7);
  const model = byteFrameModel(latentShape, new Array(500).fill(constant));
  expect(Math.max(...worstCaseChunkBytes(model))).toBeLessThanOrEqual(2047);
  // The rarest of all: what was never seen.
  expect(frameSizes([constant.map((_, i) => (i * 37) % 256)], model)[0]).toBeGreaterThan(constant.length);
});
