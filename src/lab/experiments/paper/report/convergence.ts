/** Step by step against end to end: accuracy of the validation part against seconds of training. */

import type { PaperResult } from '../paper-result.ts';
import { ablationId, configurationId, mainSplit, type PaperResults } from './report-data.ts';

/** How soon two ways of training come near the accuracy of the better one, on the validation part. */
export interface Convergence {
  /** The better final accuracy less a point. */
  readonly threshold: number;
  readonly stepByStep: TrainingCourse;
  readonly endToEnd: TrainingCourse;
  /** Step by step from random values, as end to end starts: what the closed form has no part in. Nothing when it was not run. */
  readonly randomStart?: TrainingCourse;
  /** Seconds of step by step over those of end to end; nothing when step by step never comes so near. */
  readonly ratio?: number;
}

/** One way of training. */
export interface TrainingCourse {
  readonly finalAccuracy: number;
  readonly seconds: number;
  /** Nothing when it never does. */
  readonly secondsToThreshold?: number;
}

/** Steps whose accuracy is that of the compressor in front of the frozen tail; `compressor` is BottleNet++'s. */
const compressorSteps: readonly string[] = ['reconstruction', 'task', 'end to end', 'compressor'];

/** Validation accuracy of the compressor in front of the frozen tail, against seconds of all steps. */
export const frozenTailHistory = ({ history }: PaperResult): PaperResult['history'] =>
  history.filter(({ step }) => compressorSteps.includes(step));

const finalOf = (result: PaperResult): number | undefined => frozenTailHistory(result).at(-1)?.accuracy;

/** Step by step against end to end; nothing when either was not run. */
export function convergence(results: PaperResults): Convergence | undefined {
  const stepByStep = results.get(configurationId('aecnn', mainSplit, 'packet', 0));
  const endToEnd = results.get(ablationId('end-to-end'));
  if (!stepByStep || !endToEnd) return undefined;
  const [first, second] = [finalOf(stepByStep), finalOf(endToEnd)];
  if (first === undefined || second === undefined) return undefined;
  const threshold = Math.max(first, second) - 0.01;
  const courseOf = (result: PaperResult, finalAccuracy: number): TrainingCourse => {
    const moments = frozenTailHistory(result);
    const reached = moments.find(({ accuracy }) => accuracy >= threshold - 1e-9)?.seconds;
    return {
      finalAccuracy,
      seconds: moments.at(-1)?.seconds ?? 0,
      ...(reached === undefined ? {} : { secondsToThreshold: reached }),
    };
  };
  const ours = courseOf(stepByStep, first);
  const theirs = courseOf(endToEnd, second);
  const ratio =
    ours.secondsToThreshold === undefined
      ? undefined
      : ours.secondsToThreshold / (theirs.secondsToThreshold ?? theirs.seconds);
  const random = results.get(ablationId('random-start'));
  const randomFinal = random && finalOf(random);
  return {
    threshold,
    stepByStep: ours,
    endToEnd: theirs,
    ...(random && randomFinal !== undefined ? { randomStart: courseOf(random, randomFinal) } : {}),
    ...(ratio === undefined ? {} : { ratio }),
  };
}
