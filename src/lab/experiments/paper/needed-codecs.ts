/** Which picture codecs a configuration is run with, and which other configuration chooses them. */

import { adaptedCodecId, type Configuration, picturesId } from './grid.ts';
import type { PaperResult } from './paper-result.ts';
import { codecsToAdapt } from './pictures/codecs-to-adapt.ts';
import type { PictureCodec } from './pictures/picture-codecs.ts';

/** A choice of codecs. */
export interface NeededCodecs {
  /** Of the configuration that makes it. */
  readonly id: string;
  /** The codecs, best first, from its result. */
  readonly codecsOf: (chosen: PaperResult) => readonly PictureCodec[];
}

/** The choice that a configuration rests on; `undefined` where no tail is adapted to pictures. */
export function codecsNeededBy(configuration: Configuration): NeededCodecs | undefined {
  switch (configuration.method) {
    case 'adapted-pictures':
      return {
        id: adaptedCodecId(configuration.budgetBytes),
        codecsOf: ({ notes }) => [notes.chosen as PictureCodec],
      };
    case 'adapted-codec':
      return { id: picturesId, codecsOf: (pictures) => codecsToAdapt(pictures, configuration.budgetBytes) };
    case 'learning-rates': {
      const { of, size } = configuration;
      if (of !== 'adapted-pictures') return undefined;
      return { id: picturesId, codecsOf: (pictures) => codecsToAdapt(pictures, Number(size)).slice(0, 1) };
    }
    default:
      return undefined;
  }
}
