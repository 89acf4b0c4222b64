/** How long one request takes against the rate of the link, for each pair of machines. */

import type { SplitPoint } from '../../../../../core/model/index.ts';
import { emptyPlot, title, toSvg } from '../../../paper/report/plots/plot-style.ts';
import type { CompletionWay } from '../../link-result.ts';
import type { MachineScale } from '../../machine-times.ts';
import { joinedRanges } from '../faster-ranges.ts';
import { favourable, isSameMachine } from '../favourable.ts';
import { completionLine, cpuText, type LinkResults, machinesOf, machineText, splitsOf } from '../link-report-data.ts';
import { linePanels, type Panel, type PanelLine } from './line-panels.ts';
import { lineNames, lineStyles, splitLine } from './line-styles.ts';

/** Rules across the panels, in ms. */
const ticks = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/** Completion time against the rate, all axes logarithmic. */
export async function completionPlot(results: LinkResults): Promise<string> {
  const text = 'From the picture to the answer, one request at a time';
  if (results.completion === undefined) return emptyPlot(text);
  const { ratesBitsPerSecond, lines } = results.completion.outcome;
  const times = lines.filter(({ way }) => way !== 'raw-map' && way !== 'device').flatMap(({ p50Ms }) => p50Ms);
  const lowest = ticks.findLast((tick) => tick <= Math.min(...times)) ?? 1;
  const highest = ticks.find((tick) => tick >= Math.max(...times)) ?? 20_000;
  return toSvg(
    linePanels(
      title(text, [
        `medians over the test pictures; "as fast" means as fast as ${cpuText(results)}`,
        'green ground: AECNN is done before the JPEG that is answered as rightly as it is without any loss,',
        'and before the whole network on the device',
      ]),
      {
        ratesBitsPerSecond,
        styles: lineStyles,
        columns: 2,
        panelWidth: 350,
        y: {
          title: 'milliseconds',
          domain: [lowest, highest],
          values: ticks.filter((tick) => tick >= lowest && tick <= highest),
          isLog: true,
        },
        bandLabel: 'AECNN first',
      },
      machinesOf(results).map((machine) => panelOf(results, machine)),
    ),
  );
}

function panelOf(results: LinkResults, machine: MachineScale): Panel {
  const line = (name: string, way: CompletionWay, split?: SplitPoint): PanelLine[] => {
    const found = completionLine(results, machine, way, split);
    return found ? [{ name, values: found.p50Ms }] : [];
  };
  const pays = favourable(results).filter((one) => isSameMachine(one, machine));
  return {
    name: machineText(machine),
    lines: [
      // The smallest map there is.
      ...line(lineNames.rawMap, 'raw-map', splitsOf(results).at(-1)),
      ...line(lineNames.usualJpeg, 'jpeg-75'),
      ...line(lineNames.equalJpeg, 'jpeg-equal'),
      ...line(lineNames.wholeDevice, 'whole-device'),
      ...splitsOf(results).flatMap((split) => line(splitLine(split), 'aecnn', split)),
    ],
    bands: joinedRanges(pays.flatMap(({ first }) => first)),
  };
}
