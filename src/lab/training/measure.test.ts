import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
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
import { chunkPlan } from './compressor-plan.ts';
import { fitEntropy, symbolsOf } from './entropy-step.ts';
import { forwardRows } from './forward.ts';
import { answerFrames, compressedLogits, makeFrames, measureCurve } from './measure.ts';
import { argmaxRows } from './training-set.ts';

const [channels, count] = [16, 24];
const shape: CompressorShape = {
  featureShape: [channels, 7, 7],
  selectedChannels: Array.from({ length: channels }, (_, i) => i),
  latentChannels: 24,
  decoderWidth: 4,
};
const normal = normalTensors(5);
const maps = normal([count, channels, 7, 7]);
maps.data.forEach((value, i) => {
  maps.data[i] = Math.abs(value);
});
const labels = Array.from({ length: count }, (_, i) => (i * 7) % channels);
const context = await stepContextOf(maps, labels, 16, { bits: 3, selectedChannels: channels });
const tensors: TensorMap = Object.fromEntries([
  ...Object.entries(attentionParameters(channels)).map(([name, size]) => [name, normal(size, 0.5)] as const),
  ...Object.entries(compressorParameters(shape)).map(([name, size]) => [name, normal(size, 0.3)] as const),
]);
/** A tail of one class a channel: its mean. */
const tail = { logits: (map: Value) => reduceMean(map, [2, 3], 0) };

test('a point of the curve is what the frames cut to so many chunks decode to', async () => {
  const { validation } = context.set;
  const entropy = await fitEntropy(context, shape, tensors);
  // A rival answer that differs from sample to sample: agreement is with it, accuracy with the labels.
  const rival = validation.map((_, i) => (i % 2 === 0 ? 0 : 5));
  const uncompressed = Float32Array.from({ length: validation.length * channels }, (_, i) =>
    rival[Math.floor(i / channels)] === i % channels ? 1 : 0,
  );
  const curve = await measureCurve(context, { shape, tensors, entropy, tail }, [1, 2], uncompressed);

  const chunks = chunkPlan(shape.latentChannels);
  expect(chunks).toEqual([16, 8]);
  const symbols = await symbolsOf(context, shape, tensors, entropy, validation);
  const graph = createGraph('edge');
  const latent = input(graph, 'latent', 'float32', ['N', 24, 7, 7]);
  output('logits', tail.logits(decodeFeatures(latent, shape, constantParameters(graph, tensors))));
  for (const [i, sentChannels] of [16, 24].entries()) {
    const logits = await forwardRows({
      runtime: context.runtime,
      graph,
      samples: validation.map((_, row) => row),
      batchSize: 3,
      inputs: (rows) => {
        const sent = rows.map((row) => (symbols[row] as Int16Array).map((s, at) => (at < sentChannels * 49 ? s : 0)));
        return { latent: tensor('float32', [rows.length, 24, 7, 7], Float32Array.from(sent.flatMap((s) => [...s]))) };
      },
      outputName: 'logits',
      width: channels,
    });
    const top = argmaxRows(logits, channels);
    const point = curve[i];
    const share = (right: (row: number) => boolean) =>
      validation.filter((_, row) => right(row)).length / validation.length;
    expect(point).toMatchObject({
      chunks: i + 1,
      accuracy: share((row) => top[row] === labels[validation[row] as number]),
      agreement: share((row) => top[row] === rival[row]),
    });
  }
  const frameModel = { modelId: '000000000000', chunks, latentShape: [24, 7, 7] as const, entropyModel: entropy };
  const sizes = symbols.map((all) => encodeFrame(all, frameModel).length);
  expect(curve[1]?.frameBytes).toEqual({
    mean: sizes.reduce((a, b) => a + b, 0) / sizes.length,
    max: Math.max(...sizes),
  });
  expect(curve[0]?.frameBytes.max).toBeLessThan(Math.min(...sizes));
});

test('logits without frames are those of the frames, as long as tables hold every symbol', async () => {
  const { train } = context.set;
  // So few bits that the quantizer clips, as it does for both.
  const narrow = { ...context, recipe: { ...context.recipe, bits: 2 } };
  const compressor = { shape, tensors, entropy: await fitEntropy(narrow, shape, tensors), tail };
  const { frames, frameModel, symbols } = await makeFrames(narrow, compressor, train, Number.POSITIVE_INFINITY);
  expect(new Set(symbols.flatMap((all) => [...all]))).toEqual(new Set([-2, -1, 0, 1]));
  const answers = await answerFrames(narrow, compressor, frames, frameModel);
  const logits = await compressedLogits(narrow, compressor, train);
  expect(logits).toHaveLength(train.length * channels);
  expect(Math.max(...logits)).toBeGreaterThan(1);
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
  const compressor = { shape, tensors, entropy: await fitEntropy(context, shape, tensors), tail };
  const { frames: whole } = await makeFrames(context, compressor, train);
  const sizes = whole.map((frame) => frame.length).sort((a, b) => a - b);
  const maxBytes = sizes[train.length / 2] as number;
  const { frames, symbols } = await makeFrames(context, compressor, train, maxBytes);
  expect(symbols.map((all) => all.length)).toEqual(train.map(() => 24 * 49));
  let cut = 0;
  frames.forEach((frame, i) => {
    const uncut = whole[i] as Uint8Array;
    expect(frame.length).toBeLessThanOrEqual(maxBytes);
    if (uncut.length <= maxBytes) expect(frame).toEqual(uncut);
    else {
      cut++;
      expect(parseFrame(frame).payloads).toEqual(parseFrame(uncut).payloads.slice(0, 1));
    }
  });
  expect(cut).toBeGreaterThan(0);
  expect(cut).toBeLessThan(train.length);
});

test('frames fit one packet unless said otherwise', async () => {
  const { train } = context.set;
  const wide = { ...context, recipe: { ...context.recipe, bits: 14 } };
  const gains = pickTensor(tensors, 'quantizer/log_gain', 'float32');
  const fine = { ...tensors, 'quantizer/log_gain': { ...gains, data: gains.data.map((value) => value + 6) } };
  const compressor = { shape, tensors: fine, entropy: await fitEntropy(wide, shape, fine), tail };
  const largest = (frames: readonly Uint8Array[]) => Math.max(...frames.map((frame) => frame.length));
  const unlimited = await makeFrames(wide, compressor, train, Number.POSITIVE_INFINITY);
  expect(largest(unlimited.frames)).toBeGreaterThan(onePacketBytes);
  expect(largest((await makeFrames(wide, compressor, train)).frames)).toBeLessThanOrEqual(onePacketBytes);
});
