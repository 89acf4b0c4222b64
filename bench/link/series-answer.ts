/** What became of one request of a series. */

import type { DeviceAnswer } from '../../src/device/index.ts';

/** Who answered; `refused`: nobody, since the deadline was too short for the device itself; `none`: nobody, the request hangs. */
export type SeriesVia = DeviceAnswer['via'] | 'refused' | 'none';

/** A request that somebody answered. */
export interface SomeAnswer extends Pick<DeviceAnswer, 'via' | 'inTime' | 'frameBytes' | 'chunks' | 'timeMs'> {
  /** When it was asked, by the machine's clock. */
  readonly atMs: number;
  readonly isRight: boolean;
}

/** One request, answered or not. */
export type SeriesAnswer = SomeAnswer | { readonly atMs: number; readonly via: 'refused' | 'none' };
