/** A scenario with what was measured, as results keep it and as a person reads it. */

import { formatLinkSpec, parseLinkSpec } from '../../src/core/link/index.ts';
import type { ScenarioRun } from './run-scenario.ts';
import type { LinkScenario } from './scenarios.ts';
import type { SimulatedSeries } from './simulated.ts';
import { type AwaySummary, type SeriesSummary, summarizeAway, summarizeSeries } from './summary.ts';

/** One scenario of results/bench-link.json. */
export interface ScenarioResult extends LinkScenario, SeriesSummary {
  readonly shaper: ScenarioRun['shaper'];
  readonly away?: AwaySummary;
  readonly leftovers: ScenarioRun['leftovers'];
  /** Of the same series over the computed link; absent where something goes wrong in the middle. */
  readonly simulated?: SimulatedSeries;
}

/** Puts a scenario and its run together; the link is spelled in full. */
export function scenarioResult(
  scenario: LinkScenario,
  { shaper, answers, away, leftovers }: ScenarioRun,
): ScenarioResult {
  return {
    ...scenario,
    link: formatLinkSpec(parseLinkSpec(scenario.link)),
    shaper,
    ...summarizeSeries(answers),
    ...(away && { away: summarizeAway(answers, away) }),
    leftovers,
  };
}

/** One line for a person. */
export function scenarioLine(result: ScenarioResult): string {
  const { name, requests, answeredInTime, via, totalMs, linkMs, simulated, away, leftovers } = result;
  const shares = Object.entries(via).flatMap(([who, share]) => (share > 0 ? `${who} ${percent(share)}` : []));
  const parts = [
    `${name}: ${percent(answeredInTime)} of ${requests} in time`,
    shares.join(', '),
    `p50 ${ms(totalMs.p50)}, p95 ${ms(totalMs.p95)}, link ${ms(linkMs.p50)}`,
    simulated && `simulated p50 ${ms(simulated.totalMs.p50)}`,
    away && `away ${ms(away.awayMs)}, the edge again after ${ms(away.edgeAgainAfterMs)}`,
    `sockets left: device ${leftovers.device.sockets}, edge ${leftovers.edge.sockets}`,
  ];
  return parts.filter(Boolean).join('; ');
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const ms = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? 'never' : `${milliseconds.toFixed(0)} ms`;
