/**
 * The spatial transform of a latent: a discrete cosine transform over the positions of each latent channel.
 *
 * Neighbouring positions of a feature map resemble one another; after the transform most of a channel lies in a few
 * elements, so the others cost next to nothing, and what is left out first is fine detail. Orthonormal: it neither adds nor
 * removes squared error.
 *
 * @see Ahmed, Natarajan, Rao, "Discrete Cosine Transform", IEEE Transactions on Computers C-23, 1974.
 */

import { tensor } from '../../core/tensor/index.ts';
import { constant, gemm, reshape, type Value } from '../graph/index.ts';

/** `[N, k, s, s]` in positions to `[N, k, s, s]` in frequencies, the mean of each channel first. */
export const toFrequencies = (latent: Value): Value => transformed(latent, 0);

/** The inverse of {@link toFrequencies}. */
export const toPositions = (latent: Value): Value => transformed(latent, 1);

function transformed(latent: Value, transB: 0 | 1): Value {
  const [batch = 'N', channels = 0, size = 0] = latent.shape as [Value['shape'][number], number, number];
  const positions = size * size;
  const matrix = constant(latent.graph, tensor('float32', [positions, positions], frequenciesOfPositions(size)));
  const rows = typeof batch === 'number' ? batch * channels : 'M';
  return reshape(gemm(reshape(latent, [rows, positions]), matrix, undefined, { transB }), [
    batch,
    channels,
    size,
    size,
  ]);
}

/** `float32[s * s, s * s]`: the share of each frequency (column) in each position (row). */
function frequenciesOfPositions(size: number): Float32Array {
  const wave = (frequency: number, position: number): number =>
    Math.sqrt((frequency === 0 ? 1 : 2) / size) * Math.cos((Math.PI * frequency * (position + 0.5)) / size);
  const positions = size * size;
  return Float32Array.from({ length: positions * positions }, (_, i) => {
    const [position, frequency] = [Math.floor(i / positions), i % positions];
    const rows = wave(Math.floor(frequency / size), Math.floor(position / size));
    return rows * wave(frequency % size, position % size);
  });
}
