/**
 * AECNN in the simulation: the device's own code decides what to send and whose answer counts, the edge's own code puts chunks
 * together and answers in time. Only the link, the graphs and the clock are not the real ones.
 */

import type { SplitModel } from '../../../../core/model/index.ts';
import { createRandom } from '../../../../core/tensor/index.ts';
import { answerMarginMs, answerValue, createOffloader } from '../../../../device/index.ts';
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
    const answers = pictures[picture] as PictureAnswers;
    const deviceIsRight = answers.device.label === answers.label;
    const readyMs = clock.now();
    const outOfTime = (): Outcome => ({
      via: 'device',
      isRight: deviceIsRight,
      latencyMs: clock.now() - atMs,
      frameBytes: 0,
    });
    if (answers.chunkBytes.length === 0) return outOfTime();
    const offloaded = await offloader.offload({
      frame: frameOfSizes(answers.chunkBytes),
      value: answerValue(model.manifest, answers.chunkBytes),
      answerByMs: atMs + deadlineMs - answerMarginMs,
    });
    const { answer, isPrefix, frameBytes } = offloaded;
    if (answer === undefined) {
      const doneMs = Math.max(clock.now(), readyMs + fallbackMs);
      return { ...outOfTime(), latencyMs: doneMs - atMs, frameBytes };
    }
    const edgeAnswer = answers.edge[answer.chunks.decoded - 1];
    return {
      via: isPrefix ? 'edge-prefix' : 'edge',
      isRight: edgeAnswer?.label === answers.label,
      latencyMs: clock.now() - atMs,
      frameBytes,
      ...(isPrefix ? {} : { uplinkMs: transport.uplinkMs(answer.requestId) }),
    };
  }

  const outcomes: Outcome[] = new Array(requests.length);
  for (const [i, request] of requests.entries()) {
    clock.after(request.atMs - clock.now(), () => {
      const readyMs = isNetwork ? clock.now() : Math.max(clock.now(), deviceFreeMs) + workMs;
      if (readyMs + fallbackMs - request.atMs > deadlineMs) {
        outcomes[i] = { via: 'refused', isRight: false, frameBytes: 0 };
        return;
      }
      deviceFreeMs = readyMs;
      clock.after(readyMs - clock.now(), () => {
        void infer(request).then((outcome) => {
          const isLate = (outcome.latencyMs ?? 0) > deadlineMs;
          outcomes[i] = isLate ? { ...outcome, via: 'late', isRight: false } : outcome;
        });
      });
    });
  }
  await clock.run();
  return outcomes;
}

/** The model under the id that simulated frames carry. */
const simulatedModel = (model: SplitModel): SplitModel => ({
  ...model,
  manifest: { ...model.manifest, modelId: simulatedModelId },
});
