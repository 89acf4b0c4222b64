/** Vega-Lite specifications as SVG text, in one style for the report of `npm start` and the plots of the documents. */

import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** No quotes in it: it becomes an attribute of every text. */
export const chartFont = 'system-ui, Roboto, Verdana, sans-serif';

/** Colours that depend on where a plot is shown. */
export interface ChartColours {
  readonly background: string;
  /** Of text, axes and grid. */
  readonly ink: string;
}

/** Renders a specification; the same one gives the same text every time. */
export async function chartToSvg(spec: TopLevelSpec, { background, ink }: ChartColours): Promise<string> {
  const config = {
    background,
    font: chartFont,
    axis: {
      labelColor: ink,
      titleColor: ink,
      titleFontWeight: 500,
      labelFontSize: 11,
      titleFontSize: 12,
      domainColor: ink,
      domainOpacity: 0.4,
      tickColor: ink,
      tickOpacity: 0.4,
      gridColor: ink,
      gridOpacity: 0.12,
    },
    legend: { labelColor: ink, titleColor: ink, labelFontSize: 12 },
    text: { color: ink, font: chartFont, fontSize: 12 },
    view: { stroke: null },
  } as const;
  const { spec: vega } = compile({ ...spec, config });
  const view = new View(parse(vega), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
