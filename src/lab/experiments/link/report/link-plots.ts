/** The plots of the link experiment, as SVG text on a white ground, from its result files alone. */

import type { LinkResults } from './link-report-data.ts';
import { accuracyPlot } from './plots/accuracy.ts';
import { completionPlot } from './plots/completion.ts';
import { heatMapPlot } from './plots/heat-map.ts';

/** Every plot by the name of its file. */
export const linkPlots: Readonly<Record<string, (results: LinkResults) => Promise<string>>> = {
  'link-completion': completionPlot,
  'link-accuracy': accuracyPlot,
  'link-heat-map': heatMapPlot,
};
