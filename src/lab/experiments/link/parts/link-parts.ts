/** All parts of the link experiment, by name. */

import type { LinkPartName } from '../link-result.ts';
import { accuracyPart } from './accuracy-in-time.ts';
import { completionPart } from './completion.ts';
import { heatMapPart } from './heat-map.ts';
import { modelsPart } from './models.ts';
import type { LinkPart } from './part.ts';
import { tracesPart } from './traces.ts';

/** Every part. */
export const linkParts: { readonly [Name in LinkPartName]: LinkPart<Name> } = {
  models: modelsPart,
  completion: completionPart,
  'accuracy-in-time': accuracyPart,
  'heat-map': heatMapPart,
  traces: tracesPart,
};
