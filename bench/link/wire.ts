/** What joins the two namespaces and can be shaped: by netem in the kernel, or by a process where the kernel has none. */

import type { End } from './namespaces.ts';
import type { Shapes } from './shape.ts';

/** A wire between the namespaces. */
export interface Wire extends AsyncDisposable {
  /** What shapes it: results say so. */
  readonly shaper: 'netem' | 'line.py';
  /** Shapes what enters it from now on. */
  shape(shapes: Shapes): Promise<void>;
}

/** Names of its ends in the namespaces. */
export const interfaces: Readonly<Record<End, string>> = { device: 'to-edge', edge: 'to-device' };
