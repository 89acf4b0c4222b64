/**
 * Finds the price of a bit at which frames have the size asked for, while the training goes on.
 *
 * The price is a Lagrange multiplier: it rises while the mean frame is too large and falls while it is too small
 * (multiplicative updates, as in Platt & Barr, "Constrained differential optimization", NIPS 1987, on a logarithmic scale).
 */

/** Relative change of the price for a frame twice too large, in one step. */
const gain = 0.1;

/** Price of a bit in nats of loss, adapted step by step. */
export interface RateController {
  readonly bitPrice: number;
  /** Takes the mean payload bits of a picture of the last batch. */
  update(bits: number): void;
  restore(bitPrice: number): void;
}

/** Starts from a price and aims at so many payload bits a picture. */
export function createRateController(initialBitPrice: number, targetBits: number): RateController {
  let bitPrice = initialBitPrice;
  return {
    get bitPrice() {
      return bitPrice;
    },
    update(bits) {
      const excess = Math.max(-1, Math.min(1, bits / targetBits - 1));
      bitPrice = Math.min(1e-1, Math.max(1e-8, bitPrice * Math.exp(gain * excess)));
    },
    restore(saved) {
      bitPrice = saved;
    },
  };
}
