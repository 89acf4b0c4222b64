/** How the plots of the documents look: colours, titles, room around them. */

import type { TopLevelSpec } from 'vega-lite';
import { chartToSvg } from '../../../chart-style.ts';

/** Okabe and Ito's palette, readable with any colour vision. */
export const colours = {
  green: '#009E73',
  vermilion: '#D55E00',
  blue: '#0072B2',
  purple: '#CC79A7',
  orange: '#E69F00',
  black: '#000000',
  grey: '#777777',
} as const;

/** Renders a plot on its white ground. */
export const toSvg = (spec: TopLevelSpec): Promise<string> => chartToSvg(spec, { background: 'white', ink: '#222222' });

/**
 * Room around a plot with axes, for its titles. Fixed, because without a canvas Vega takes every text for much wider than
 * it is and would leave a third of the picture empty.
 */
export const frame = {
  autosize: { type: 'none' },
  padding: { left: 70, right: 24, top: 64, bottom: 48 },
} as const;

/** Room around the other plots. */
export const padding = 16;

/** Title and subtitle, of several lines if need be, above the left end of a plot. */
export const title = (text: string, subtitle: string | string[]) =>
  ({
    text,
    subtitle,
    anchor: 'start',
    fontSize: 15,
    subtitleFontSize: 12,
    subtitleColor: '#555555',
    offset: 12,
  }) as const;

/** A plot that says that there is nothing to show yet. */
export const emptyPlot = (text: string): Promise<string> =>
  toSvg({
    width: 720,
    height: 60,
    padding,
    title: title(text, ''),
    data: { values: [{ label: 'not run yet' }] },
    mark: { type: 'text', x: 0, align: 'left', fontSize: 13 },
    encoding: { text: { field: 'label' } },
  });

/** A share from 0 to 1 as the axes count it. */
export const percentOf = (share: number): number => 100 * share;
