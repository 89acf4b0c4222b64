import onnxProto from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import { onnxModel } from '../../../test/fixtures/onnx-graph.ts';
import { solidPicture, tinySplitModel } from '../../../test/fixtures/tiny-split-model.ts';
import { quantize } from '../../core/codec/index.ts';
import { pickTensor, tensor } from '../../core/tensor/index.ts';
import { encodeFrame } from '../../core/wire/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { extractGraph } from '../graph/index.ts';
import { evaluateModel, type LabelledBatch } from './evaluate-model.ts';

const { model } = await tinySplitModel();
const runtime = await createNodeRuntime({ worker: false, threads: 1 });

/** The tiny model's tail on the float map: the mean of each colour. */
const tail = onnxModel({
  inputs: [{ name: 'restored_feature_map', dtype: 'float32', shape: ['N', 3, 7, 7] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: ['N', 3] }],
  nodes: [
    {
      op: 'ReduceMean',
      inputs: ['restored_feature_map'],
      outputs: ['logits'],
      attributes: { axes: [2, 3], keepdims: 0 },
    },
  ],
});

/** The tiny device graph has the feature map as an inner value only; this one gives it out. */
async function deviceGraph(): Promise<Uint8Array> {
  const bytes = await model.readGraph('device');
  // extractGraph needs the type of every output; the fixture's inner values have none.
  const whole = onnxProto.onnx.ModelProto.decode(bytes);
  whole.graph?.valueInfo?.push(
    onnxProto.onnx.ValueInfoProto.create({
      name: 'feature_map',
      type: {
        tensorType: {
          elemType: 1,
          shape: { dim: [{ dimParam: 'N' }, { dimValue: 3 }, { dimValue: 7 }, { dimValue: 7 }] },
        },
      },
    }),
  );
  return extractGraph(onnxProto.onnx.ModelProto.encode(whole).finish(), ['image'], ['latent', 'pooled', 'feature_map']);
}

const colours = [
  [220, 20, 20],
  [20, 220, 20],
  [20, 20, 220],
  [200, 60, 10],
  [10, 200, 60],
] as const;
const pixels = colours.map(([red, green, blue]) => solidPicture(red, green, blue).rgb);

async function* batchesOf(labels: readonly number[], size = 2): AsyncGenerator<LabelledBatch> {
  for (let first = 0; first < labels.length; first += size) {
    const some = pixels.slice(first, first + size);
    yield {
      images: tensor('uint8', [some.length, 224, 224, 3], Uint8Array.from(some.flatMap((rgb) => [...rgb]))),
      labels: Int32Array.from(labels.slice(first, first + size)),
    };
  }
}

describe('evaluateModel on the tiny model', () => {
  test('counts right answers and the bytes of real frames', async () => {
    const device = await deviceGraph();
    const progress: number[] = [];
    const evaluation = await evaluateModel({
      model,
      graphs: { device, tail },
      runtime,
      // The last label is wrong.
      batches: batchesOf([0, 1, 2, 0, 2]),
      onProgress: (images) => progress.push(images),
    });
    expect(progress).toEqual([2, 4, 5]);
    expect(evaluation).toMatchObject({
      images: 5,
      accuracy: 0.8,
      uncompressedAccuracy: 0.8,
      fallbackAccuracy: 0.8,
      agreement: 1,
      featureBytes: 588,
      readFeatureBytes: 588,
    });
    await using session = await runtime.createSession(device);
    const sizes: number[] = [];
    for (const rgb of pixels) {
      const outputs = await session.run({ image: tensor('uint8', [1, 224, 224, 3], rgb) });
      const symbols = quantize(pickTensor(outputs, 'latent', 'float32').data, model.entropyModel);
      sizes.push(encodeFrame(symbols, model.layout).length);
    }
    const mean = sizes.reduce((a, b) => a + b, 0) / sizes.length;
    expect(evaluation.frameBytes.mean).toBeCloseTo(mean, 9);
    expect(evaluation.frameBytes.max).toBe(Math.max(...sizes));
    expect(evaluation.frameBytes.p50).toBe([...sizes].sort((a, b) => a - b)[2]);
    expect(evaluation.frameBytes.p95).toBeLessThanOrEqual(evaluation.frameBytes.max);
    expect(evaluation.compressionRatio).toBeCloseTo(588 / mean, 9);
    // Header and chunk headers come on top of the information content.
    const { payloadBytes, chunks, entropyBytes } = evaluation;
    expect(payloadBytes.mean + 12 + 4 * chunks.mean).toBeCloseTo(mean, 9);
    expect(payloadBytes.mean).toBeGreaterThan(entropyBytes.mean - 1);
    expect(payloadBytes.mean).toBeLessThanOrEqual(1.01 * entropyBytes.mean + 4 * chunks.mean);
  });

  test('at each budget: frames cut to whole chunks, and the device’s answer where none fits', async () => {
    const device = await deviceGraph();
    await using session = await runtime.createSession(device);
    const sizesOf = async (maxBytes: number) => {
      const sizes: number[] = [];
      for (const rgb of pixels) {
        const outputs = await session.run({ image: tensor('uint8', [1, 224, 224, 3], rgb) });
        const symbols = quantize(pickTensor(outputs, 'latent', 'float32').data, model.entropyModel);
        sizes.push(encodeFrame(symbols, model.layout, { maxBytes }).length);
      }
      return sizes;
    };
    const whole = await sizesOf(1200);
    const budgets = [10, Math.max(...whole) - 1, 1200];
    const { curve } = await evaluateModel({
      model,
      graphs: { device, tail },
      runtime,
      batches: batchesOf([0, 1, 2, 0, 1]),
      budgets,
    });
    expect(curve[0]).toEqual({
      budgetBytes: 10,
      frameBytes: { mean: 0, max: 0 },
      accuracy: 1,
      agreement: 1,
      withoutFrame: 5,
    });
    for (const i of [1, 2]) {
      const sizes = await sizesOf(budgets[i] as number);
      expect(curve[i]?.frameBytes.mean).toBeCloseTo(sizes.reduce((a, b) => a + b, 0) / 5, 9);
      expect(curve[i]?.frameBytes.max).toBe(Math.max(...sizes));
      expect(curve[i]?.withoutFrame).toBe(0);
    }
    expect(curve[1]?.frameBytes.mean).toBeLessThan(curve[2]?.frameBytes.mean as number);
    expect(curve[2]?.accuracy).toBe(1);
  });

  test('without labels, accuracy is agreement with the uncompressed network', async () => {
    async function* unlabelled() {
      for await (const { images } of batchesOf([0, 1, 2, 0, 1])) yield { images };
    }
    const graphs = { device: await deviceGraph(), tail };
    const evaluation = await evaluateModel({ model, graphs, runtime, batches: unlabelled(), budgets: [1200] });
    expect(evaluation).toMatchObject({ images: 5, uncompressedAccuracy: 1, curve: [{ withoutFrame: 0 }] });
    expect(evaluation.accuracy).toBe(evaluation.agreement);
    expect(evaluation.curve[0]?.accuracy).toBe(evaluation.curve[0]?.agreement);
  });

  test('stops when told to', async () => {
    const stop = new AbortController();
    const stopped = evaluateModel({
      model,
      graphs: { device: await deviceGraph(), tail },
      runtime,
      batches: batchesOf([0, 1, 2, 0, 1]),
      onProgress: () => stop.abort(new Error('enough')),
      signal: stop.signal,
    });
    await expect(stopped).rejects.toThrow('enough');
  });
});
