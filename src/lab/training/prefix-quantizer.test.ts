import { expect, test } from 'vitest';
import {
  createChunkPlan,
  dequantize,
  knownSymbols,
  knownWidths,
  noChunk,
  quantizeUnclipped,
} from '../../core/codec/index.ts';
import { createRandom, pickTensor, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { gradients } from '../autodiff/index.ts';
import { createGraph, input, mul, output, reduceSum, serializeGraph } from '../graph/index.ts';
import { quantizePrefix } from './prefix-quantizer.ts';

const shape = [1, 2, 7, 7];
const elements = 98;
const random = createRandom(9);
const latent = Float32Array.from({ length: elements }, () => 12 * random.normal());
// Element i is never sent, or comes to resolution 2 with chunk 0 and to 0 with chunk 1, or at once with chunk 1.
const arrivals = Uint8Array.from({ length: 3 * elements }, (_, i) => {
  const [resolution, element] = [Math.floor(i / elements), i % elements];
  if (element % 3 === 0) return noChunk;
  return element % 3 === 1 && resolution === 2 ? 0 : 1;
});
const plan = createChunkPlan(elements, arrivals);

async function quantized(chunks: number) {
  const graph = createGraph('quantizer');
  const x = input(graph, 'latent', 'float32', shape);
  const slopes = input(graph, 'slopes', 'float32', shape);
  const known = quantizePrefix(x, input(graph, 'widths', 'float32', shape), 15);
  output('values', known.values);
  output('middles', known.middles);
  output('halves', known.halves);
  const [slope] = gradients(reduceSum(mul(known.values, slopes), [0, 1, 2, 3], 0), [x]);
  if (slope === undefined) throw new Error('no gradient');
  output('slope', slope);
  await using session = await (await createNodeRuntime({ worker: false })).createSession(serializeGraph(graph));
  const outputs = await session.run({
    latent: tensor('float32', shape, latent),
    slopes: tensor(
      'float32',
      shape,
      Float32Array.from(latent, (_, i) => i + 1),
    ),
    widths: tensor('float32', shape, knownWidths(plan, chunks)),
  });
  const of = (name: string) => pickTensor(outputs, name, 'float32').data;
  return { values: of('values'), middles: of('middles'), halves: of('halves'), slope: of('slope') };
}

test.each([1, 2])('values after %i chunks are those that the edge dequantizes', async (chunks) => {
  const { values } = await quantized(chunks);
  const clipped = latent.map((value) => Math.max(-15, Math.min(15, value)));
  const known = knownSymbols(quantizeUnclipped(clipped), plan, chunks);
  const expected = dequantize(known, { latentShape: [2, 7, 7], plan }, chunks).data;
  values.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] as number, 4);
  });
});

test('every latent lies in its interval, the widest about 0', async () => {
  const { middles, halves } = await quantized(1);
  const clipped = latent.map((value) => Math.max(-15.99, Math.min(15.99, value)));
  clipped.forEach((value, i) => {
    const [middle = 0, half = 0] = [middles[i], halves[i]];
    if (i % 3 !== 1) {
      expect([middle, half]).toEqual([0, 65_536]);
      return;
    }
    expect(Math.abs(value - middle)).toBeLessThanOrEqual(half + 1e-4);
    expect(half).toBe(Math.abs(value) < 4 ? 4 : 2);
  });
});

test('gradients pass where something has come and nothing is clipped', async () => {
  const { slope } = await quantized(2);
  slope.forEach((value, i) => {
    expect(value).toBe(i % 3 === 0 || Math.abs(latent[i] as number) > 15.99 ? 0 : i + 1);
  });
});
