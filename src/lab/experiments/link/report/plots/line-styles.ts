/** The look of what is compared, the same in all plots of the link experiment. */

import { type SplitPoint, splitPoints } from '../../../../../core/model/index.ts';
import { colours } from '../../../paper/report/plots/plot-style.ts';
import type { LineStyle } from './line-panels.ts';

/** The later the split point, the darker. */
const splitColours: { readonly [S in SplitPoint]: string } = {
  conv2_x: '#8FD3BD',
  conv3_x: '#3DB28E',
  conv4_x: '#00805C',
  conv5_x: '#00402E',
};

/** Name of a split point's line. */
export const splitLine = (split: SplitPoint): string => `AECNN, ${split}`;

/** Names of the other lines. */
export const lineNames = {
  equalJpeg: 'JPEG, equally right',
  usualJpeg: 'JPEG, quality 75',
  picture: 'JPEG or WebP',
  rawMap: 'float32 map',
  wholeDevice: 'all on the device',
  device: 'device alone',
} as const;

/** Every line, in the order of the legend. */
export const lineStyles: readonly LineStyle[] = [
  ...splitPoints.map((split) => ({ name: splitLine(split), colour: splitColours[split] })),
  { name: lineNames.equalJpeg, colour: colours.vermilion },
  { name: lineNames.usualJpeg, colour: colours.vermilion, dash: [6, 4] },
  { name: lineNames.picture, colour: colours.vermilion },
  { name: lineNames.rawMap, colour: colours.purple, dash: [2, 3] },
  { name: lineNames.wholeDevice, colour: colours.black },
  { name: lineNames.device, colour: colours.grey, dash: [6, 4] },
];
