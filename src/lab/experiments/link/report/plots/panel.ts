/** What all panels of the link experiment's plots have in common. */

import type { TopLevelSpec } from 'vega-lite';

/** One plot among others. */
export type PanelSpec = Extract<TopLevelSpec, { readonly vconcat: unknown }>['vconcat'][number];

/** Room around a figure, and between its panels. */
export const [figurePadding, panelGap] = [16, 28];

/** Title of a panel, of several lines if need be: without a canvas a long line is taken for wider than the picture. */
export const panelTitle = (text: string | string[]) =>
  ({ text, anchor: 'start', fontSize: 12, fontWeight: 600, offset: 6 }) as const;

/** Title of an axis of rates. */
export const rateTitle = 'rate of the uplink, bit/s';

/** How Vega writes a rate on it: short. */
export const rateLabelExpression = "datum.value < 1e6 ? datum.value / 1e3 + 'k' : datum.value / 1e6 + 'M'";
