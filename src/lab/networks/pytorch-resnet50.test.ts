/**
 * ResNet-50 with the real weights against PyTorch (test/vectors/pytorch-resnet50.json, by scripts/reference-resnet50.py), and
 * against itself: split anywhere, it is the same network.
 *
 * Differences are the largest absolute one, relative to the largest absolute value of the reference.
 * `AECNN_SHOW_DIFFERENCES=1` prints them.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { backboneWeights, fetchTimeoutMs } from '../../../test/fixtures/backbone-weights.ts';
import { centrePixels } from '../../../test/fixtures/pictures.ts';
import { type SplitPoint, splitPoints } from '../../core/model/index.ts';
import { pickTensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { constant, createGraph, input, output, serializeGraph, slice } from '../graph/index.ts';
import {
  classifier,
  constantConvolutions,
  type FoldedConvolutions,
  featureShape,
  foldBatchNorms,
  front,
  imageSize,
  readShape,
  tail,
} from './index.ts';

interface Reference {
  readonly pictures: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly logits: readonly number[];
    readonly maps: {
      readonly [S in SplitPoint]: {
        readonly mean: number;
        readonly rootMeanSquare: number;
        readonly largest: number;
        readonly zeros: number;
        readonly probes: readonly number[];
        readonly values: readonly number[];
      };
    };
  }[];
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { pictures }: Reference = JSON.parse(readFileSync(`${root}test/vectors/pytorch-resnet50.json`, 'utf8'));

/** Pixels of the pictures that are formulas; the others are files. */
const formulas: Readonly<Record<string, (y: number, x: number, c: number) => number>> = {
  stripes: (y, x, c) => x * (c + 2) + y * (5 - c) + ((x * y) >> 5),
  rings: (y, x, c) => (((x - 90) ** 2 + (y - 120) ** 2) >> (5 + c)) * 37,
};

async function pixelsOf(name: string): Promise<Uint8Array> {
  const formula = formulas[name];
  if (formula === undefined) return centrePixels(`${root}${name}`, imageSize);
  return Uint8Array.from({ length: imageSize * imageSize * 3 }, (_, i) =>
    formula(Math.floor(i / (3 * imageSize)), Math.floor(i / 3) % imageSize, i % 3),
  );
}

/** Largest difference, relative to `scale` or the largest reference value. */
function difference(values: ArrayLike<number>, reference: ArrayLike<number>, scale?: number): number {
  expect(values.length).toBe(reference.length);
  let [largest, largestReference] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    const expected = reference[i] as number;
    largest = Math.max(largest, Math.abs((values[i] as number) - expected));
    largestReference = Math.max(largestReference, Math.abs(expected));
  }
  return largest / (scale ?? largestReference);
}

const imageShape = ['N', imageSize, imageSize, 3] as const;

/** Mean, root mean square and largest value. */
function momentsOf(data: Float32Array): [number, number, number] {
  let [sum, squares, largest] = [0, 0, 0];
  for (const value of data) {
    sum += value;
    squares += value * value;
    largest = Math.max(largest, value);
  }
  return [sum / data.length, Math.sqrt(squares / data.length), largest];
}

/** The network with a cut at a split point: the positions that the tail reads, and the logits behind them. */
function cutGraph(split: SplitPoint, keras: TensorMap, folded: FoldedConvolutions): Uint8Array {
  const graph = createGraph('cut');
  const convolutions = constantConvolutions(graph, folded);
  const read = front(input(graph, 'image', 'uint8', imageShape), split, convolutions, 'read');
  expect(read.shape).toEqual(['N', ...readShape(split)]);
  const weights = constant(graph, pickTensor(keras, 'fc1000/kernel', 'float32'));
  const bias = constant(graph, pickTensor(keras, 'fc1000/bias', 'float32'));
  output('read', read);
  output('logits', classifier(tail(read, split, convolutions), weights, bias));
  return serializeGraph(graph);
}

/** The whole feature map at a split point, and every second row and column of it. */
function wholeGraph(split: SplitPoint, folded: FoldedConvolutions): Uint8Array {
  const graph = createGraph('whole');
  const image = input(graph, 'image', 'uint8', imageShape);
  const whole = front(image, split, constantConvolutions(graph, folded), 'whole');
  const [, height, width] = featureShape(split);
  output('whole', whole);
  output('every_second', split === 'conv5_x' ? whole : slice(slice(whole, 2, 0, height, 2), 3, 0, width, 2));
  return serializeGraph(graph);
}

test('ResNet-50 is PyTorch’s at every split point', { timeout: 180_000 + fetchTimeoutMs }, async (context) => {
  const keras = await backboneWeights(context);
  const folded = foldBatchNorms(keras);
  const runtime = await createNodeRuntime({ worker: false });
  const differences = new Map<string, Record<string, number>>();
  const uncut = new Map<string, Float32Array>();
  // From the last split point, where nothing is left out, to the first.
  for (const split of [...splitPoints].reverse()) {
    await using cut = await runtime.createSession(cutGraph(split, keras, folded));
    await using entire = await runtime.createSession(wholeGraph(split, folded));
    for (const picture of pictures) {
      const pixels = await pixelsOf(picture.name);
      expect(createHash('sha256').update(pixels).digest('hex'), `pixels of ${picture.name}`).toBe(picture.sha256);
      const image = tensor('uint8', [1, imageSize, imageSize, 3], pixels);
      const outputs = { ...(await cut.run({ image })), ...(await entire.run({ image })) };
      const data = (name: string): Float32Array => pickTensor(outputs, name, 'float32').data;
      const whole = data('whole');
      const unsplit = uncut.get(picture.name) ?? data('logits');
      uncut.set(picture.name, unsplit);
      const reference = picture.maps[split];
      const zeros = whole.filter((value) => value === 0).length / whole.length;
      expect(Math.abs(zeros - reference.zeros), `share of zeros, ${split}`).toBeLessThan(1e-3);
      differences.set(`${picture.name} ${split}`, {
        logits: difference(data('logits'), picture.logits),
        splitAgainstUnsplit: difference(data('logits'), unsplit),
        readAgainstEverySecond: difference(data('read'), data('every_second')),
        featureMap: difference(
          reference.probes.map((i) => whole[i] as number),
          reference.values,
          reference.largest,
        ),
        moments: difference(momentsOf(whole), [reference.mean, reference.rootMeanSquare, reference.largest]),
      });
    }
  }
  if (process.env.AECNN_SHOW_DIFFERENCES) console.log(Object.fromEntries(differences));
  for (const [name, { splitAgainstUnsplit, readAgainstEverySecond, ...againstPyTorch }] of differences) {
    // Measured: 5e-6 against PyTorch, 3e-7 against itself.
    expect(Math.max(...Object.values(againstPyTorch)), name).toBeLessThan(1e-4);
    expect(Math.max(splitAgainstUnsplit as number, readAgainstEverySecond as number), name).toBeLessThan(1e-5);
  }
});
