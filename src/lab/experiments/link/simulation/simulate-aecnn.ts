/**
 * AECNN in the simulation: the device's own code decides what to send and whose answer counts, the edge's own code puts chunks
 * together and answers in time. Only the link, the graphs and the clock are not the real ones.
 */

import type { SplitModel } from '../../../../core/model/index.ts';
import { createRandom } from '../../../../core/tensor/index.ts';
import { answerMarginMs, answerValue, createOffloader, prefersEdge } from '../../../../device/index.ts';
import type { Answer } from '../answers/answer.ts';
import type { PictureAnswers } from '../answers/prefix-answers.ts';
import type { Outcome } from './outcome.ts';
import type { Request, Scenario } from './scenario.ts';
import { createSimulatedEdge } from './simulated-edge.ts';
import { frameOfSizes, simulatedModelId } from './simulated-frames.ts';
import { createSimulatedTransport } from './simulated-transport.ts';
import { uplinkOf } from './simulated-uplink.ts';
import { createVirtualClock } from './virtual-clock.ts';

/**
 * Simulates all requests, warm-up included, in order.
 *
 * @param pictures - What can be answered to each.
 */
export async function simulateAecnn(
  scenario: Scenario,
  model: SplitModel,
  pictures: readonly PictureAnswers[],
): Promise<Outcome[]> {
  const { link, deadlineMs, clockStarts, times, requests, seed } = scenario;
  const clock = createVirtualClock();
  const uplink = uplinkOf(link, createRandom(seed));
  const edge = createSimulatedEdge(simulatedModel(model), times.edge, clock);
  const transport = createSimulatedTransport({ clock, uplink, roundTripMs: link.roundTripMs, edge });
  const offloader = createOffloader({ transport, clock });
  const isNetwork = clockStarts === 'network';
  const [workMs, fallbackMs] = isNetwork ? [0, 0] : [times.device, times.fallback];
  let deviceFreeMs = 0;

  async function infer({ atMs, picture }: Request): Promise<Outcome> {
    const { chunkBytes, edge: edgeAnswers, device: own, label } = pictures[picture] as PictureAnswers;
    const readyMs = clock.now();
    const isRight = own.label === label;
    if (chunkBytes.length === 0)
      return { via: 'device', isRight, latencyMs: readyMs + fallbackMs - atMs, frameBytes: 0 };
    const value = answerValue(model.manifest, chunkBytes);
    const { answer, isPrefix, frameBytes } = await offloader.offload({
      frame: frameOfSizes(chunkBytes),
      value,
      answerByMs: atMs + deadlineMs - answerMarginMs,
    });
    const latencyMs = Math.max(clock.now(), readyMs + fallbackMs) - atMs;
    if (answer === undefined) return { via: 'device', isRight, latencyMs, frameBytes };
    const { decoded } = answer.chunks;
    const theirs = edgeAnswers[decoded - 1] as Answer;
    const way = { latencyMs, frameBytes, ...(isPrefix ? {} : { uplinkMs: transport.uplinkMs(answer.requestId) }) };
    const isEdgeBelieved =
      theirs.label === own.label ||
      prefersEdge(
        { probability: theirs.probability, accuracy: value.edge[decoded - 1] ?? 0 },
        { probability: own.probability, accuracy: value.device },
      );
    if (!isEdgeBelieved) return { via: 'device', isRight, ...way };
    return { via: isPrefix ? 'edge-prefix' : 'edge', isRight: theirs.label === label, ...way };
  }

  const outcomes: Outcome[] = new Array(requests.length);
  const failures: unknown[] = [];
  for (const [i, request] of requests.entries()) {
    clock.after(request.atMs - clock.now(), () => {
      const readyMs = isNetwork ? clock.now() : Math.max(clock.now(), deviceFreeMs) + workMs;
      if (readyMs + fallbackMs - request.atMs > deadlineMs) {
        outcomes[i] = { via: 'refused', isRight: false, frameBytes: 0 };
        return;
      }
      deviceFreeMs = readyMs;
      clock.after(readyMs - clock.now(), () => {
        void infer(request).then(
          (outcome) => {
            const isLate = (outcome.latencyMs ?? 0) > deadlineMs;
            outcomes[i] = isLate ? { ...outcome, via: 'late', isRight: false } : outcome;
          },
          (error: unknown) => failures.push(error),
        );
      });
    });
  }
  await clock.run();
  if (failures.length > 0) throw failures[0];
  return outcomes;
}

/** The model under the id that simulated frames carry. */
const simulatedModel = (model: SplitModel): SplitModel => ({
  ...model,
  manifest: { ...model.manifest, modelId: simulatedModelId },
});
