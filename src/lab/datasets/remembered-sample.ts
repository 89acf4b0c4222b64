/** A sample that is decoded once and then stays in memory: for pictures that are read again and again. */

import type { Sample } from './dataset.ts';

/** Returns the sample with its pixels kept from the first `load` on. */
export function rememberedSample(sample: Sample): Sample {
  let loading: Promise<Uint8Array> | undefined;
  return {
    ...sample,
    load: () => {
      loading ??= sample.load();
      return loading;
    },
  };
}
