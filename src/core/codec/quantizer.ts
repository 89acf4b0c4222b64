/**
 * The uniform quantizer. The device graph scales every latent channel to units of its step, so a step is 1 here and the
 * symbol is the nearest whole number (halves to even, as ONNX Round), clipped to the alphabet of the channel's table.
 */

import { CodecError } from '../errors.ts';
import { type Tensor, tensor } from '../tensor/index.ts';
import { type EntropyModel, positionsPerChannel } from './entropy-model.ts';

/**
 * Quantizes a latent to symbols that its entropy model can encode.
 *
 * @param latent - `float32[k, h, w]` in units of the quantizer step.
 * @returns `int16[k * h * w]`, channel-major.
 * @throws {@link CodecError} when a value is NaN or the length does not fit the model.
 */
export function quantize(latent: Float32Array, model: EntropyModel): Int16Array {
  const positions = positionsPerChannel(model, latent.length);
  const symbols = new Int16Array(latent.length);
  for (const [channel, table] of model.channels.entries()) {
    const end = (channel + 1) * positions;
    quantizeRun(latent, symbols, channel * positions, end, table.minSymbol, table.maxSymbol);
  }
  return symbols;
}

/**
 * Rounds latents to symbols without a model: what {@link fitEntropyModel} counts. Clips to int16 only.
 *
 * @param latent - `float32` of any length, in units of the quantizer step.
 * @throws {@link CodecError} when a value is NaN.
 */
export function quantizeUnclipped(latent: Float32Array): Int16Array {
  const symbols = new Int16Array(latent.length);
  quantizeRun(latent, symbols, 0, latent.length, -32_768, 32_767);
  return symbols;
}

/**
 * Dequantizes symbols: each stands for itself.
 *
 * @param symbols - `int16[k * h * w]`.
 * @returns `float32[1, k, h, w]`, the input `latent` of the edge graph.
 * @throws {@link ShapeError} when the number of symbols is not that of the shape.
 */
export function dequantize(symbols: Int16Array, latentShape: readonly [number, number, number]): Tensor<'float32'> {
  return tensor('float32', [1, ...latentShape], Float32Array.from(symbols));
}

function quantizeRun(
  latent: Float32Array,
  symbols: Int16Array,
  start: number,
  end: number,
  minSymbol: number,
  maxSymbol: number,
): void {
  for (let i = start; i < end; i++) {
    const value = latent[i] as number;
    if (Number.isNaN(value)) throw new CodecError(`latent value ${i} is NaN; the device graph is damaged`);
    // Clipping first changes nothing, the bounds being whole, and keeps what is rounded small.
    symbols[i] = roundHalfToEven(Math.min(Math.max(value, minSymbol), maxSymbol));
  }
}

function roundHalfToEven(value: number): number {
  const halfUp = Math.round(value);
  return halfUp - value === 0.5 && (halfUp & 1) === 1 ? halfUp - 1 : halfUp;
}
