import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
import { dequantize, knownSymbols } from '../../core/codec/index.ts';
import { pickTensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { encodeFrame, onePacketBytes, parseFrame } from '../../core/wire/index.ts';
import { createGraph, input, output, reduceMean, type Value } from '../graph/index.ts';
import {
  attentionParameters,
  type CompressorShape,
  compressorParameters,
  constantParameters,
  decodeFeatures,
} from '../networks/index.ts';
import { fitCoding, symbolsOf } from './entropy-step.ts';
import { forwardRows } from './forward.ts';
import { answerFrames, compressedLogits, makeFrames, measureCurve } from './measure.ts';
import { argmaxRows } from './training-set.ts';

const [channels, count] = [16, 24];
const shape: CompressorShape = {
  featureShape: [channels, 7, 7],
  selectedChannels: Array.from({ length: channels }, (_, i) => i),
  latentChannels: 32,
  decoderWidth: 4,
};
const normal = normalTensors(5);
const maps = normal([count, channels, 7, 7]);
maps.data.forEach((value, i) => {
  maps.data[i] = Math.abs(value);
});
const labels = Array.from({ length: count }, (_, i) => (i * 7) % channels);
const context = await stepContextOf(maps, labels, 16, {
  bits: 6,
  frameBytes: [150, 250, 350, 450],
  selectedChannels: channels,
});
const tensors: TensorMap = Object.fromEntries([
  ...Object.entries(attentionParameters(channels)).map(([name, size]) => [name, normal(size, 0.5)] as const),
  ...Object.entries(compressorParameters(shape)).map(([name, size]) => [name, normal(size, 0.3)] as const),
]);
pickTensor(tensors, 'quantizer/log_gain', 'float32').data.forEach((value, i, gains) => {
  gains[i] = value + 3;
});
/** A tail of one class a channel: its mean. */
const tail = { logits: (map: Value) => reduceMean(map, [2, 3], 0) };

test('a point of the curve is what the frames cut to its budget decode to', async () => {
  const { validation } = context.set;
  const coding = await fitCoding(context, shape, tensors);
  // A rival answer that differs from sample to sample: agreement is with it, accuracy with the labels.
  const rival = validation.map((_, i) => (i % 2 === 0 ? 0 : 5));
  const uncompressed = Float32Array.from({ length: validation.length * channels }, (_, i) =>
    rival[Math.floor(i / channels)] === i % channels ? 1 : 0,
  );
  const budgets = [200, 400];
  const curve = await measureCurve(context, { shape, tensors, coding, tail }, budgets, uncompressed);

  const symbols = await symbolsOf(context, shape, tensors, coding.entropyModel, validation);
  const latentShape = [32, 7, 7] as const;
  const frameModel = { modelId: '000000000000', latentShape, ...coding };
  const graph = createGraph('edge');
  const latent = input(graph, 'latent', 'float32', ['N', ...latentShape]);
  output('logits', tail.logits(decodeFeatures(latent, shape, constantParameters(graph, tensors))));
  const chunkCounts = new Set<number>();
  for (const [i, maxBytes] of budgets.entries()) {
    const frames = symbols.map((all) => encodeFrame(all, frameModel, { maxBytes }));
    const logits = await forwardRows({
      runtime: context.runtime,
      graph,
      samples: validation.map((_, row) => row),
      batchSize: 3,
      inputs: (rows) => {
        const sent = rows.flatMap((row) => {
          const chunks = parseFrame(frames[row] as Uint8Array).payloads.length;
          chunkCounts.add(chunks);
          const known = knownSymbols(symbols[row] as Int16Array, coding.plan, chunks);
          return [...dequantize(known, frameModel, chunks).data];
        });
        return { latent: tensor('float32', [rows.length, ...latentShape], Float32Array.from(sent)) };
      },
      outputName: 'logits',
      width: channels,
    });
    const top = argmaxRows(logits, channels);
    const share = (right: (row: number) => boolean) =>
      validation.filter((_, row) => right(row)).length / validation.length;
    const sizes = frames.map((frame) => frame.length);
    expect(curve[i]).toEqual({
      budgetBytes: maxBytes,
      frameBytes: { mean: sizes.reduce((a, b) => a + b, 0) / sizes.length, max: Math.max(...sizes) },
      accuracy: share((row) => top[row] === labels[validation[row] as number]),
      agreement: share((row) => top[row] === rival[row]),
    });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(maxBytes);
  }
  expect(chunkCounts.size).toBeGreaterThan(1);
});

test('logits without frames are those of the frames, as long as tables hold every symbol', async () => {
  const { train } = context.set;
  // So few bits that the quantizer clips, and so few bytes that much is left out: the same for both.
  const narrow = { ...context, recipe: { ...context.recipe, bits: 2, frameBytes: [100, 150] } };
  const compressor = { shape, tensors, coding: await fitCoding(narrow, shape, tensors), tail };
  const { frames, frameModel, symbols } = await makeFrames(narrow, compressor, train, Number.POSITIVE_INFINITY);
  expect(new Set(symbols.flatMap((all) => [...all]))).toEqual(new Set([-1, 0, 1]));
  const answers = await answerFrames(narrow, compressor, frames, frameModel);
  const logits = await compressedLogits(narrow, compressor, train);
  expect(logits).toHaveLength(train.length * channels);
  expect(Math.max(...logits) - Math.min(...logits)).toBeGreaterThan(0.1);
  logits.forEach((value, i) => {
    expect(value).toBeCloseTo(answers[i] as number, 4);
  });
  // The samples are those asked for, in their order.
  const [third] = train.slice(3);
  const alone = await compressedLogits(narrow, compressor, [third as number]);
  alone.forEach((value, i) => {
    expect(value).toBeCloseTo(logits[3 * channels + i] as number, 4);
  });
});

test('frames are cut to whole chunks within the bytes allowed', async () => {
  const { train } = context.set;
  const compressor = { shape, tensors, coding: await fitCoding(context, shape, tensors), tail };
  const { frames: whole } = await makeFrames(context, compressor, train);
  const sizes = whole.map((frame) => frame.length).sort((a, b) => a - b);
  const maxBytes = sizes[train.length / 2] as number;
  const { frames, symbols } = await makeFrames(context, compressor, train, maxBytes);
  expect(symbols.map((all) => all.length)).toEqual(train.map(() => 32 * 49));
  let cut = 0;
  frames.forEach((frame, i) => {
    const uncut = whole[i] as Uint8Array;
    expect(frame.length).toBeLessThanOrEqual(maxBytes);
    if (uncut.length <= maxBytes) expect(frame).toEqual(uncut);
    else {
      cut++;
      const { payloads } = parseFrame(frame);
      expect(payloads).toEqual(parseFrame(uncut).payloads.slice(0, payloads.length));
    }
  });
  expect(cut).toBeGreaterThan(0);
  expect(cut).toBeLessThan(train.length);
});

test('frames fit one packet unless said otherwise', async () => {
  const { train } = context.set;
  const wide = { ...context, recipe: { ...context.recipe, bits: 16, frameBytes: [600, 2000] } };
  const gains = pickTensor(tensors, 'quantizer/log_gain', 'float32');
  const fine = { ...tensors, 'quantizer/log_gain': { ...gains, data: gains.data.map((value) => value + 2.5) } };
  const compressor = { shape, tensors: fine, coding: await fitCoding(wide, shape, fine), tail };
  const largest = (frames: readonly Uint8Array[]) => Math.max(...frames.map((frame) => frame.length));
  const unlimited = await makeFrames(wide, compressor, train, Number.POSITIVE_INFINITY);
  expect(largest(unlimited.frames)).toBeGreaterThan(onePacketBytes);
  expect(largest((await makeFrames(wide, compressor, train)).frames)).toBeLessThanOrEqual(onePacketBytes);
});
