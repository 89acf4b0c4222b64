/** The same series over a computed link: what `aecnn simulate` would say of a scenario, with the times that were measured. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLinkModel, parseLinkSpec } from '../../src/core/link/index.ts';
import { readSplitModel, type SplitModel } from '../../src/core/model/index.ts';
import {
  answerPrefixes,
  measuringGraphs,
  methodResult,
  type PictureAnswers,
  simulateAecnn,
} from '../../src/lab/experiments/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { decodePicture } from '../../src/runtime/picture.ts';
import type { RunScenarioOptions } from './run-scenario.ts';
import type { LinkScenario } from './scenarios.ts';
import type { ViaShares } from './summary.ts';

/** What the simulation says of a scenario. */
export interface SimulatedSeries {
  readonly totalMs: { readonly p50?: number };
  readonly via: Pick<ViaShares, 'edge' | 'edge-prefix' | 'device' | 'refused'>;
}

/** Medians that were measured in the scenario itself. */
export interface MeasuredTimes {
  readonly deviceMs: number;
  readonly edgeMs: number;
}

/** Simulates scenarios of one model over the same pictures. */
export interface ScenarioSimulator {
  simulate(
    scenario: LinkScenario,
    requests: RunScenarioOptions['requests'],
    times: MeasuredTimes,
  ): Promise<SimulatedSeries>;
}

/** Of the device's own classifier: next to nothing beside the rest. */
const fallbackMs = 1;

/**
 * Answers all pictures at every length of their frames, once.
 *
 * @throws the signal's reason when aborted.
 */
export async function createScenarioSimulator({
  modelFolder,
  pictures,
  threads,
  signal,
}: Omit<RunScenarioOptions, 'requests'>): Promise<ScenarioSimulator> {
  const model = await readSplitModel((name) => readFile(join(modelFolder, name)));
  const answers = await answersTo(model, pictures, threads, signal);
  return {
    async simulate({ link, deadlineMs, seed }, requests, { deviceMs, edgeMs }) {
      const scenario = {
        link: createLinkModel(parseLinkSpec(link), () => ''),
        deadlineMs,
        clockStarts: 'end-to-end',
        times: { device: deviceMs, fallback: fallbackMs, edge: edgeMs, wholeOnEdge: 0, wholeOnDevice: 0 },
        requests,
        warmUp: 0,
        seed,
      } as const;
      const { latencyMs, via } = methodResult('aecnn', await simulateAecnn(scenario, model, answers));
      const { p50 } = latencyMs;
      return { totalMs: p50 === undefined ? {} : { p50 }, via };
    },
  };
}

async function answersTo(
  model: SplitModel,
  pictures: RunScenarioOptions['pictures'],
  threads: number,
  signal: AbortSignal | undefined,
): Promise<PictureAnswers[]> {
  const context = {
    model,
    readGraphs: () => measuringGraphs(model),
    runtime: await createNodeRuntime({ worker: false, threads }),
    threads,
    fingerprint: 'bench',
    cacheFolder: '',
    ...(signal && { signal }),
  };
  const samples = pictures.map(({ path, label }) => ({
    id: path,
    label: model.manifest.classes.indexOf(label),
    load: async () => (await decodePicture(path)).rgb,
  }));
  const answers: PictureAnswers[] = [];
  for await (const some of answerPrefixes(context, samples)) answers.push(...some);
  return answers;
}
