import { expect, test } from 'vitest';
import { createRandom, pickTensor, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { createGraph, input, output, serializeGraph } from '../graph/index.ts';
import { toFrequencies, toPositions } from './spatial-transform.ts';

/** Frequencies, and back again, of latents `[n, k, size, size]`. */
async function transform(data: Float32Array, n: number, k: number, size: number) {
  const graph = createGraph('transform');
  const latent = input(graph, 'latent', 'float32', ['N', k, size, size]);
  const frequencies = toFrequencies(latent);
  output('frequencies', frequencies);
  output('back', toPositions(frequencies));
  await using session = await (await createNodeRuntime({ worker: false })).createSession(serializeGraph(graph));
  const outputs = await session.run({ latent: tensor('float32', [n, k, size, size], data) });
  return [pickTensor(outputs, 'frequencies', 'float32').data, pickTensor(outputs, 'back', 'float32').data] as const;
}

test('the first frequency is the mean, a wave along the rows lies in its own', async () => {
  const size = 7;
  const cosine = (position: number): number => Math.cos((Math.PI * 2 * (position + 0.5)) / size);
  const latent = Float32Array.from({ length: 2 * size * size }, (_, i) =>
    i < size * size ? 3 : cosine(Math.floor((i % (size * size)) / size)),
  );
  const [frequencies] = await transform(latent, 1, 2, size);
  const expected = new Float32Array(2 * size * size);
  expected[0] = 3 * size;
  expected[size * size + 2 * size] = Math.sqrt(size / 2) * Math.sqrt(size);
  frequencies.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] as number, 4);
  });
});

test('keeps squares, and is undone', async () => {
  const random = createRandom(3);
  const latent = Float32Array.from({ length: 2 * 3 * 49 }, () => random.normal());
  const [frequencies, back] = await transform(latent, 2, 3, 7);
  const energy = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
  expect(energy(frequencies)).toBeCloseTo(energy(latent), 2);
  back.forEach((value, i) => {
    expect(value).toBeCloseTo(latent[i] as number, 4);
  });
});
