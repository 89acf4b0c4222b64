/** The edge's model in the simulation: answers take their time, one after the other, and say only how many chunks they had. */

import type { Clock } from '../../../../core/clock.ts';
import type { SplitModel } from '../../../../core/model/index.ts';
import { type InferAnswer, parseFrame } from '../../../../core/wire/index.ts';
import type { FrameAnswerer } from '../../../../edge/index.ts';

/**
 * Makes an edge model on a clock.
 *
 * @param model - Its id is that of the frames.
 * @param computeMs - Time of one answer.
 */
export function createSimulatedEdge(model: SplitModel, computeMs: number, clock: Clock): FrameAnswerer {
  let freeMs = 0;
  const waitMs = (): number => Math.max(0, freeMs - clock.now());
  return {
    model,
    expectedComputeMs: () => waitMs() + computeMs,
    infer({ requestId, frame }): Promise<InferAnswer> {
      const { payloads, chunksAnnounced } = parseFrame(frame);
      const queue = waitMs();
      freeMs = clock.now() + queue + computeMs;
      return new Promise((resolve) => {
        clock.after(queue + computeMs, () =>
          resolve({
            requestId,
            ok: true,
            top: [],
            chunks: { decoded: payloads.length, of: chunksAnnounced },
            timeMs: { queue, compute: computeMs, total: queue + computeMs },
          }),
        );
      });
    },
  };
}
