/** Which picture codecs a configuration is run with, and which other configuration chooses them. */

import { adaptedCodecId, adaptedRatesBudget, type Configuration, picturesId } from './grid.ts';
import type { PaperResult } from './paper-result.ts';
import { codecsToAdapt } from './pictures/codecs-to-adapt.ts';
import type { PictureCodec } from './pictures/picture-codecs.ts';

/** A choice of codecs. */
export interface NeededCodecs {
  /** Of the configuration that makes it. */
  readonly id: string;
  /** The codecs, best first, from its result. */
  readonly codecsOf: (chosen: PaperResult) => readonly PictureCodec[];
  /** The same as a result that was run with them says them. */
  readonly codecsIn: (settings: PaperResult['settings']) => unknown;
}

/** The choice that a configuration rests on; `undefined` where no tail is adapted to pictures. */
export function codecsNeededBy(configuration: Configuration): NeededCodecs | undefined {
  switch (configuration.method) {
    case 'adapted-pictures':
      return {
        id: adaptedCodecId(configuration.budgetBytes),
        codecsOf: ({ notes }) => [notes.chosen as PictureCodec],
        codecsIn: ({ codec }) => [codec],
      };
    case 'adapted-codec':
      return {
        id: picturesId,
        codecsOf: (pictures) => codecsToAdapt(pictures, configuration.budgetBytes),
        codecsIn: ({ codecs }) => codecs,
      };
    case 'learning-rates':
      if (configuration.of !== 'adapted-pictures') return undefined;
      return {
        id: picturesId,
        codecsOf: (pictures) => codecsToAdapt(pictures, adaptedRatesBudget).slice(0, 1),
        codecsIn: ({ codec }) => [codec],
      };
    default:
      return undefined;
  }
}
