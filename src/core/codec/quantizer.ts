/**
 * The quantizer: uniform, with a dead zone. The device graph scales every latent element to units of its step, so a step is 1
 * here and the symbol is how many whole steps the value is away from 0, clipped to the alphabet of the element's table.
 *
 * The interval about 0 is twice as wide as the others, so that the intervals of steps twice as long are made of whole ones:
 * a symbol can come bit plane by bit plane (see `resolution.ts`).
 */

import { CodecError } from '../errors.ts';
import { type Tensor, tensor } from '../tensor/index.ts';
import { knownWidths } from './chunk-plan.ts';
import { type EntropyModel, requireElements } from './entropy-model.ts';
import { flatTables } from './flat-tables.ts';
import type { LatentLayout } from './latent-codec.ts';

/**
 * Quantizes a latent to symbols that its entropy model can encode.
 *
 * @param latent - `float32[k, h, w]` in units of the quantizer step.
 * @returns `int16[k * h * w]`, channel-major.
 * @throws {@link CodecError} when a value is NaN or the length does not fit the model.
 */
export function quantize(latent: Float32Array, model: EntropyModel): Int16Array {
  requireElements(model, latent.length);
  const { minSymbols, maxSymbols } = flatTables(model);
  const symbols = new Int16Array(latent.length);
  for (let element = 0; element < symbols.length; element++) {
    symbols[element] = quantized(latent, element, minSymbols[element] as number, maxSymbols[element] as number);
  }
  return symbols;
}

/**
 * Quantizes latents without a model: what {@link fitEntropyModel} counts. Clips to int16 only.
 *
 * @param latent - `float32` of any length, in units of the quantizer step.
 * @throws {@link CodecError} when a value is NaN.
 */
export function quantizeUnclipped(latent: Float32Array): Int16Array {
  return Int16Array.from(latent, (_, element) => quantized(latent, element, -32_768, 32_767));
}

/** Where in its interval a value is taken to be, in its width, from the side of 0: values near 0 are more frequent. */
export const reconstructionOffset = 0.4;

/**
 * Dequantizes symbols as far as they are known: 0 for those about 0, else a value inside their interval.
 *
 * @param symbols - `int16[k * h * w]` from the first so many chunks, unknown bits 0.
 * @returns `float32[1, k, h, w]`, the input `latent` of the edge graph.
 * @throws {@link ShapeError} when the number of symbols is not that of the shape.
 */
export function dequantize(
  symbols: Int16Array,
  { latentShape, plan }: Pick<LatentLayout, 'latentShape' | 'plan'>,
  chunks: number,
): Tensor<'float32'> {
  const widths = knownWidths(plan, chunks);
  const values = new Float32Array(symbols.length);
  for (let element = 0; element < values.length; element++) {
    const symbol = symbols[element] as number;
    if (symbol !== 0) values[element] = symbol + Math.sign(symbol) * reconstructionOffset * (widths[element] as number);
  }
  return tensor('float32', [1, ...latentShape], values);
}

function quantized(latent: Float32Array, element: number, minSymbol: number, maxSymbol: number): number {
  const value = latent[element] as number;
  if (Number.isNaN(value)) throw new CodecError(`latent value ${element} is NaN; the device graph is damaged`);
  // Clipping first changes nothing, the bounds being whole; adding 0 makes -0 a 0.
  return Math.trunc(Math.min(Math.max(value, minSymbol), maxSymbol)) + 0;
}
