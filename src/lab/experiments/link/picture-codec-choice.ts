/** The size and quality of a picture that suits a link, by simulating that link with other pictures than those it is judged on. */

import type { PictureCodec, PictureFormat } from '../paper/pictures/picture-codecs.ts';
import type { Answer } from './answers/answer.ts';
import type { SelectionCandidates } from './answers/selection-candidates.ts';
import { methodResult } from './simulation/outcome.ts';
import { poissonRequests, type Scenario } from './simulation/scenario.ts';
import { simulateSending } from './simulation/simulate-sending.ts';

/** Requests that each candidate is tried with. */
const triedRequests = 2000;

/** A link with a deadline, and what a picture's way over it takes. */
export interface CodecTrial {
  readonly scenario: Scenario;
  readonly encodeMs: (codec: PictureCodec) => number;
}

/**
 * The codec of a format with the most right answers in time; of equals the one with fewer bytes.
 *
 * @param selection - Training pictures and the candidates' answers to them.
 */
export function bestCodecFor(
  { scenario, encodeMs }: CodecTrial,
  { labels, candidates }: SelectionCandidates,
  format: PictureFormat,
): PictureCodec {
  const { warmUp, seed } = scenario;
  const last = scenario.requests.at(-1)?.atMs ?? 0;
  const meanGapMs = last / scenario.requests.length;
  const requests = poissonRequests({ requests: triedRequests, warmUp, meanGapMs, pictures: labels.length, seed });
  const tried = candidates
    .filter(({ codec }) => codec.format === format)
    .map(({ codec, bytes, answers }) => {
      const outcomes = simulateSending(
        { ...scenario, requests },
        {
          sendables: (i) => [{ bytes: bytes[i] as number, isRight: answers[i]?.label === labels[i] }],
          choose: 'blindly',
          deviceMs: encodeMs(codec),
          edgeMs: scenario.times.wholeOnEdge,
        },
      );
      const { accuracyInTime, frameBytes } = methodResult(format, outcomes.slice(warmUp));
      return { codec, accuracyInTime, meanBytes: frameBytes.mean };
    })
    .sort((a, b) => b.accuracyInTime - a.accuracyInTime || a.meanBytes - b.meanBytes);
  const [best] = tried;
  if (best === undefined) throw new RangeError(`there are no candidates of format ${format}`);
  return best.codec;
}

/** What a picture may lose to count as answered as well as the picture as it is: one answer in two hundred. */
const lostShare = 0.005;

/** The smallest picture of a format that is answered as well as the picture as it is; the best one when none is. */
export function smallestLosslessCodec(
  { labels, uncompressed, candidates }: SelectionCandidates,
  format: PictureFormat,
): PictureCodec {
  const accuracyOf = (answers: readonly Answer[]): number =>
    answers.filter(({ label }, i) => label === labels[i]).length / labels.length;
  const measured = candidates
    .filter(({ codec }) => codec.format === format)
    .map(({ codec, bytes, answers }) => ({
      codec,
      meanBytes: bytes.reduce((a, b) => a + b, 0) / bytes.length,
      accuracy: accuracyOf(answers),
    }));
  const good = measured.filter(({ accuracy }) => accuracy >= accuracyOf(uncompressed) - lostShare);
  const [smallest] = good.sort((a, b) => a.meanBytes - b.meanBytes);
  const [best] = measured.sort((a, b) => b.accuracy - a.accuracy || a.meanBytes - b.meanBytes);
  const chosen = smallest ?? best;
  if (chosen === undefined) throw new RangeError(`there are no candidates of format ${format}`);
  return chosen.codec;
}
