/** Time as a parameter: the machine's clock where something runs, a virtual one in tests and simulations. */

/** Tells the time and wakes up. */
export interface Clock {
  /** Milliseconds since some moment of the clock's own. */
  now(): number;
  /**
   * Calls back once, `delayMs` from now or as soon after as can be.
   *
   * @returns A function that calls it off.
   */
  after(delayMs: number, callback: () => void): () => void;
}
