/**
 * What the first chunks of a frame tell of a latent, inside a training graph: the quantizer of `core/codec` with the bit
 * planes that have come, straight through on the way back (Bengio, Leonard, Courville, 2013, arXiv:1308.3432).
 *
 * Leaving out refinements at random teaches the compressor to put first what matters most: nested dropout (Rippel, Gelbart,
 * Adams, "Learning Ordered Representations with Nested Dropout", ICML 2014) over bit planes instead of units.
 */

import { reconstructionOffset, unknownWidth } from '../../core/codec/index.ts';
import { stopGradient } from '../autodiff/index.ts';
import {
  abs,
  add,
  addScalar,
  clip,
  div,
  less,
  mul,
  mulScalar,
  round,
  scalarConstant,
  sign,
  sub,
  type Value,
  where,
} from '../graph/index.ts';
import type { LatentIntervals } from '../networks/index.ts';

/** How far latents stay below the first step that the quantizer does not have. */
const margin = 1 / 64;

/** A latent as the edge knows it. */
export interface KnownLatent extends LatentIntervals {
  /** What the edge takes each element to be, as `dequantize` does; 0 where nothing has come. */
  readonly values: Value;
}

/**
 * Quantizes as far as the widths say. Gradients pass unchanged where an element has come and is not clipped.
 *
 * @param latent - `float32[N, k, 7, 7]` in units of the quantizer's step.
 * @param widths - `float32[N, k, 7, 7]` as of `knownWidths`.
 * @param largest - Largest symbol; the smallest is as far from 0.
 */
export function quantizePrefix(latent: Value, widths: Value, largest: number): KnownLatent {
  const { graph } = latent;
  const limit = largest + 1 - margin;
  const hasCome = less(widths, scalarConstant(graph, unknownWidth));
  const sent = where(hasCome, clip(latent, -limit, limit), scalarConstant(graph, 0));
  const group = stopGradient(round(addScalar(div(abs(sent), widths), -0.5)));
  const isBeyondZero = sign(group);
  const at = (offset: number): Value => {
    const size = mul(add(group, mulScalar(isBeyondZero, offset)), widths);
    return add(sent, stopGradient(sub(mul(sign(sent), size), sent)));
  };
  return {
    values: at(reconstructionOffset),
    middles: at(0.5),
    halves: mul(widths, addScalar(mulScalar(isBeyondZero, -0.5), 1)),
  };
}
