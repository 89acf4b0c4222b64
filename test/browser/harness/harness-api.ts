/** What the page of `harness.ts` offers to the test; it has the types of neither Node nor browsers. */

/** What the test calls. */
export interface Harness {
  /** Opens a model. @returns bytes that came over the network for it. */
  open(modelUrl: string): Promise<number>;
  /** Symbols of `uint8[224, 224, 3]`. */
  symbolsOf(rgb: string): Promise<number[]>;
  frameOf(symbols: readonly number[]): string;
  /** Pixels of a picture file, as the device sees them. */
  pixelsOf(file: string): Promise<string>;
  close(): Promise<void>;
}
