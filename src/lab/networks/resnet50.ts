/**
 * ResNet-50 (He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, table 1) as the Keras weights want it:
 * stride 2 on the first 1x1 convolution of conv3_x..conv5_x, batch-norm epsilon 1e-3, BGR input without scaling, pool1
 * padded by one.
 *
 * The twist: because of that stride, the tail reads only every second row and column of conv2_x, conv3_x and conv4_x.
 * `front` therefore computes its last stage's last block at those positions alone (a 3x3 convolution of stride 2), with
 * the same values at a lower cost, and so do all stages of `tail` but conv5_x, each of which then starts with stride 1.
 */

import { type SplitPoint, splitPoints } from '../../core/model/index.ts';
import { tensor } from '../../core/tensor/index.ts';
import {
  add,
  cast,
  constant,
  conv,
  type Graph,
  gemm,
  globalAveragePool,
  maxPool,
  relu,
  reshape,
  slice,
  sub,
  transpose,
  type Value,
} from '../graph/index.ts';
import type { FoldedConvolutions } from './folding.ts';

/** Height and width of the input image in pixels. */
export const imageSize = 224;

/** Features of the global average pool that the classifier reads. */
export const pooledFeatures = 2048;

interface Stage {
  /** Keras' block names start with `res<number><letter>`. */
  readonly number: number;
  readonly blocks: readonly string[];
  readonly channels: number;
  /** Height and width of the stage's output for a 224x224 image. */
  readonly size: number;
}

/** The stages, with the channels and sizes of their outputs. */
export const stages: { readonly [S in SplitPoint]: Stage } = {
  conv2_x: { number: 2, blocks: ['a', 'b', 'c'], channels: 256, size: 56 },
  conv3_x: { number: 3, blocks: ['a', 'b', 'c', 'd'], channels: 512, size: 28 },
  conv4_x: { number: 4, blocks: ['a', 'b', 'c', 'd', 'e', 'f'], channels: 1024, size: 14 },
  conv5_x: { number: 5, blocks: ['a', 'b', 'c'], channels: 2048, size: 7 },
};

/** Shape `[C, H, W]` of the whole feature map at a split point. */
export function featureShape(split: SplitPoint): readonly [number, number, number] {
  const { channels, size } = stages[split];
  return [channels, size, size];
}

/** Shape `[C, H, W]` of the positions that the tail reads: every second row and column, all of them at conv5_x. */
export function readShape(split: SplitPoint): readonly [number, number, number] {
  const { channels, size } = stages[split];
  const read = split === 'conv5_x' ? size : size / 2;
  return [channels, read, read];
}

/** Weights `[O, I, kH, kW]` and bias `[O]` of a convolution whose batch norm is folded in. */
export interface Convolution {
  readonly weights: Value;
  readonly bias: Value;
}

/** Looks up a convolution by Keras' name without its prefix, such as `4a_branch2b`; `conv1` for the first. */
export type Convolutions = (name: string) => Convolution;

const means = [123.68, 116.779, 103.939];

/**
 * Everything before conv2_x: mean subtraction, conv1, pool1.
 *
 * @param image - RGB, `uint8[N, 224, 224, 3]`. `conv1` must take RGB (see `foldBatchNorms`).
 * @returns `float32[N, 64, 56, 56]`.
 */
function stem(image: Value, convolutions: Convolutions): Value {
  const mean = constant(image.graph, tensor('float32', [1, 3, 1, 1], Float32Array.from(means)), 'mean_rgb');
  const x = sub(transpose(cast(image, 'float32'), [0, 3, 1, 2]), mean);
  const { weights, bias } = convolutions('conv1');
  const y = relu(conv(x, weights, bias, { strides: [2, 2], pads: [3, 3, 3, 3] }));
  return maxPool(y, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
}

interface BlockOptions {
  /** Stride of the first 1x1 convolution and of the shortcut. */
  readonly stride: 1 | 2;
  /** Compute only every second row and column of the output. */
  readonly subsampled: boolean;
}

const everySecond = (x: Value): Value => slice(slice(x, 2, 0, Number(x.shape[2]), 2), 3, 0, Number(x.shape[3]), 2);

/** A residual block: 1x1, 3x3, 1x1 convolutions beside a shortcut (He et al., figure 5, right). */
function block(x: Value, name: string, convolutions: Convolutions, { stride, subsampled }: BlockOptions): Value {
  const strides = [stride, stride] as const;
  const of = (branch: string) => convolutions(`${name}_${branch}`);
  const a = of('branch2a');
  const b = of('branch2b');
  const c = of('branch2c');
  const reduced = relu(conv(x, a.weights, a.bias, { strides }));
  const spatialStrides = subsampled ? ([2, 2] as const) : ([1, 1] as const);
  const spatial = relu(conv(reduced, b.weights, b.bias, { pads: [1, 1, 1, 1], strides: spatialStrides }));
  const residual = conv(spatial, c.weights, c.bias);
  const read = subsampled ? everySecond(x) : x;
  if (!name.endsWith('a')) return relu(add(residual, read));
  const projection = of('branch1');
  return relu(add(residual, conv(read, projection.weights, projection.bias, { strides })));
}

interface StageOptions {
  /** Stride of the stage's first block; 1 where the input holds only the positions that it reads. */
  readonly stride: 1 | 2;
  /** Compute only the positions that the next stage reads. */
  readonly subsampled: boolean;
}

function stage(x: Value, split: SplitPoint, convolutions: Convolutions, options: StageOptions): Value {
  const { number, blocks } = stages[split];
  return blocks.reduce(
    (y, letter, i) =>
      block(y, `${number}${letter}`, convolutions, {
        stride: i === 0 ? options.stride : 1,
        subsampled: options.subsampled && i === blocks.length - 1,
      }),
    x,
  );
}

/**
 * The network up to a split point.
 *
 * @param image - RGB, `uint8[N, 224, 224, 3]`.
 * @param read - Whether to compute only the positions that the tail reads (`readShape`) or the whole map (`featureShape`).
 * @returns Feature map, `float32[N, C, H, W]`.
 */
export function front(image: Value, split: SplitPoint, convolutions: Convolutions, read: 'read' | 'whole'): Value {
  const last = splitPoints.indexOf(split);
  return splitPoints.slice(0, last + 1).reduce(
    (x, name, i) =>
      stage(x, name, convolutions, {
        stride: name === 'conv2_x' ? 1 : 2,
        subsampled: i === last && read === 'read' && name !== 'conv5_x',
      }),
    stem(image, convolutions),
  );
}

/**
 * What the tail reads behind each split point, all from one pass of the network (the same values as `front`'s but for rounding).
 *
 * @param image - RGB, `uint8[N, 224, 224, 3]`.
 * @returns Feature maps, `float32[N, C, H, W]` of `readShape`, and pooled features, `float32[N, 2048]`.
 */
export function readMaps(
  image: Value,
  convolutions: Convolutions,
): { readonly maps: Readonly<Record<SplitPoint, Value>>; readonly pooled: Value } {
  let x = stem(image, convolutions);
  const maps = splitPoints.map((name): [SplitPoint, Value] => {
    x = stage(x, name, convolutions, { stride: name === 'conv2_x' ? 1 : 2, subsampled: false });
    return [name, name === 'conv5_x' ? x : everySecond(x)];
  });
  const [batch = 'N'] = x.shape;
  return {
    maps: Object.fromEntries(maps) as Record<SplitPoint, Value>,
    pooled: reshape(globalAveragePool(x), [batch, pooledFeatures]),
  };
}

/**
 * The network from a split point to the pooled features.
 *
 * @param featureMap - The positions that are read, `float32[N, C, H, W]` of `readShape`.
 * @returns Pooled features, `float32[N, 2048]`.
 */
export function tail(featureMap: Value, split: SplitPoint, convolutions: Convolutions): Value {
  const rest = splitPoints.slice(splitPoints.indexOf(split) + 1);
  const y = rest.reduce(
    (x, name) => stage(x, name, convolutions, { stride: 1, subsampled: name !== 'conv5_x' }),
    featureMap,
  );
  const [batch = 'N'] = y.shape;
  return reshape(globalAveragePool(y), [batch, pooledFeatures]);
}

/**
 * The stages between a split point and conv5_x.
 *
 * @param featureMap - The positions that are read, `float32[N, C, H, W]` of `readShape`; the split is before conv5_x.
 * @returns What conv5_x reads, `float32[N, 1024, 7, 7]`.
 */
export function beforeLastStage(featureMap: Value, split: SplitPoint, convolutions: Convolutions): Value {
  const between = splitPoints.slice(splitPoints.indexOf(split) + 1, -1);
  return between.reduce((x, name) => stage(x, name, convolutions, { stride: 1, subsampled: true }), featureMap);
}

/** Names of a stage's convolutions, as `Convolutions` takes them. */
export function convolutionNames(split: SplitPoint): string[] {
  const { number, blocks } = stages[split];
  return blocks.flatMap((letter, i) =>
    [...(i === 0 ? ['branch1'] : []), 'branch2a', 'branch2b', 'branch2c'].map(
      (branch) => `${number}${letter}_${branch}`,
    ),
  );
}

/**
 * The last fully connected layer.
 *
 * @param pooled - `float32[N, F]`.
 * @param weights - `float32[F, classes]`.
 * @param bias - `float32[classes]`.
 * @returns Logits, `float32[N, classes]`.
 */
export function classifier(pooled: Value, weights: Value, bias: Value): Value {
  return gemm(pooled, weights, bias);
}

/** Makes the look-up of constants for `front` and `tail` in one graph; each convolution becomes a constant once. */
export function constantConvolutions(graph: Graph, folded: FoldedConvolutions): Convolutions {
  const made = new Map<string, Convolution>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const { weights, bias } = folded(name);
    const convolution = {
      weights: constant(graph, weights, `${name}/weights`),
      bias: constant(graph, bias, `${name}/bias`),
    };
    made.set(name, convolution);
    return convolution;
  };
}
