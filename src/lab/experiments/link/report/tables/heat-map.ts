/** The heat map in a sentence for each speed of the device. */

import { listed, points } from '../../../markdown.ts';
import { bestAnswers, winners } from '../best-answers.ts';
import { type LinkResults, machineText } from '../link-report-data.ts';

/** How many of the deadlines and rates each wins. */
export function heatMapSentences(results: LinkResults): string[] {
  const outcome = results['heat-map']?.outcome;
  if (outcome === undefined) return [];
  return bestAnswers(outcome).map(({ deviceSlowdown, cells }) => {
    const [first, ...others] = winners.map((name) => ({
      name,
      won: cells.filter(({ winner }) => winner === name).length,
    }));
    const won = [`${first?.name} wins ${first?.won}`, ...others.map((other) => `${other.name} ${other.won}`)];
    const leads = cells.map(({ lead }) => lead);
    return (
      `**${machineText({ deviceSlowdown, edgeSpeedup: outcome.edgeSpeedup })}**: of ${cells.length} pairs of a deadline and a ` +
      `rate, ${listed(won)}; AECNN's lead over the best other lies between ${points(Math.min(...leads))} and ` +
      `${points(Math.max(...leads))} points.`
    );
  });
}
