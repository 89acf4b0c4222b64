/**
 * Finds the price of a bit at which frames have the size asked for, while the training goes on.
 *
 * The price is a Lagrange multiplier: it rises while the mean frame is too large and falls while it is too small
 * (multiplicative updates, as in Platt & Barr, "Constrained differential optimization", NIPS 1987, on a logarithmic scale).
 * Those alone swing about the size asked for; a part of the price that answers to the last batch at once damps them
 * (a proportional and an integral part: a PI controller).
 */

/** Relative change of the lasting price for a frame twice too large, in one step. */
const lastingGain = 0.15;

/** Relative change of the momentary price for a frame twice too large. */
const momentaryGain = 2;

/** Price of a bit in nats of loss, adapted step by step. */
export interface RateController {
  readonly bitPrice: number;
  /** Takes the mean payload bits of a picture of the last batch. */
  update(bits: number): void;
  /** What a checkpoint keeps; `restore` takes it. */
  save(): readonly [lasting: number, excess: number];
  restore(saved: readonly [lasting: number, excess: number]): void;
}

/** Starts from a price and aims at so many payload bits a picture. */
export function createRateController(initialBitPrice: number, targetBits: number): RateController {
  let lasting = initialBitPrice;
  let excess = 0;
  const within = (price: number): number => Math.min(1e-1, Math.max(1e-8, price));
  return {
    get bitPrice() {
      return within(lasting * Math.exp(momentaryGain * excess));
    },
    update(bits) {
      excess = Math.max(-1, Math.min(1, bits / targetBits - 1));
      lasting = within(lasting * Math.exp(lastingGain * excess));
    },
    save: () => [lasting, excess],
    restore([price, last]) {
      lasting = price;
      excess = last;
    },
  };
}
