/** The ways in which a picture can get its answer, in the order of the tables. */

import type { RankedLabel } from '../../../core/model/index.ts';
import type { DeviceAnswer } from '../../../device/index.ts';

/** A way from a picture to an answer. */
export type MethodName = 'aecnn' | 'jpeg' | 'webp' | 'alone' | 'raw';

/** All methods, as tables show them. */
export const methodNames: readonly MethodName[] = ['aecnn', 'jpeg', 'webp', 'alone', 'raw'];

/** Qualities of the picture codecs, 1 to 100. */
export interface CodecQualities {
  readonly jpeg: number;
  readonly webp: number;
}

/** The qualities that many programs take when nobody chooses. */
export const defaultQualities: CodecQualities = { jpeg: 75, webp: 75 };

/** One picture answered by one method. */
export interface MethodAnswer {
  /** Likeliest labels first. */
  readonly top: readonly RankedLabel[];
  /** Who answered: the device also answers when the edge does not. */
  readonly via: DeviceAnswer['via'];
  /** Bytes of the frame, the picture file or the feature map; the envelope around it is the same for all. */
  readonly sentBytes: number;
  /** Milliseconds from the decoded pixels to the answer, on the device's clock; `edge` is what the edge reports. */
  readonly timeMs: { readonly device: number; readonly link: number; readonly edge: number; readonly total: number };
  /** Why the edge did not answer, or what it said of a damaged frame. */
  readonly warning?: string;
}
