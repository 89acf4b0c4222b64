/**
 * What an edge counts, for Prometheus.
 *
 * Rests on prom-client. Measuring is an observer: it wraps a model and sees what goes in and comes out; the model knows nothing
 * of it.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { AecnnError } from '../core/errors.ts';
import type { InferRequest } from '../core/wire/index.ts';
import type { EdgeLogits, EdgeModel } from './edge-model.ts';

/** How a request ended. */
export type Outcome = 'answered' | 'late' | 'refused_deadline' | 'refused_overload' | 'malformed' | 'failed';

/** Metrics of one edge. */
export interface EdgeMetrics {
  /** Counts what a model is asked and answers. */
  observe(model: EdgeModel): EdgeModel;
  /** A batch was computed. */
  batch(modelName: string, size: number): void;
  /** A refusal was sent, over HTTP or a connection, whether or not a model had been asked; `code` as in the refusal. */
  refusal(code: string): void;
  /** A device connected (1) or went (-1). */
  connections(change: 1 | -1): void;
  /** All metrics in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Forgets what was counted. */
  close(): void;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

let ofProcess: Registry | undefined;

/** Memory, event loop and the like: once a process, since what observes them is never stopped. */
function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** Makes the metrics of an edge; each edge has a registry of its own. */
export function createEdgeMetrics(): EdgeMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'aecnn_requests_total',
    help: 'Frames that came to a model, by how they ended.',
    labelNames: ['model', 'outcome'],
    registers,
  });
  const refusals = new Counter({
    name: 'aecnn_refusals_total',
    help: 'Refusals that were sent, also of what came to no model, by their code.',
    labelNames: ['code'],
    registers,
  });
  const deadlines = new Counter({
    name: 'aecnn_deadlines_total',
    help: 'Requests with a deadline, by whether the answer left in time.',
    labelNames: ['model', 'met'],
    registers,
  });
  const frameBytes = new Histogram({
    name: 'aecnn_frame_bytes',
    help: 'Bytes of the frames that came.',
    labelNames: ['model'],
    buckets: [64, 128, 256, 512, 1024, 1200, 2048, 4096, 16384],
    registers,
  });
  const queueSeconds = new Histogram({
    name: 'aecnn_queue_seconds',
    help: 'From the arrival of a frame to the start of its batch.',
    labelNames: ['model'],
    buckets: seconds,
    registers,
  });
  const computeSeconds = new Histogram({
    name: 'aecnn_compute_seconds',
    help: 'Computing the batch of a frame.',
    labelNames: ['model'],
    buckets: seconds,
    registers,
  });
  const batchSize = new Histogram({
    name: 'aecnn_batch_size',
    help: 'Frames that were computed together.',
    labelNames: ['model'],
    buckets: [1, 2, 3, 4, 6, 8, 12, 16, 32],
    registers,
  });
  const connections = new Gauge({ name: 'aecnn_connections', help: 'Devices that are connected.', registers });

  function observe(edgeModel: EdgeModel): EdgeModel {
    const model = edgeModel.model.manifest.name;
    async function watch<Answer extends Pick<EdgeLogits, 'timeMs'>>(
      { frame, remainingMs }: Omit<InferRequest, 'requestId'>,
      answering: Promise<Answer>,
    ): Promise<Answer> {
      frameBytes.observe({ model }, frame.length);
      try {
        const answer = await answering;
        const { queue, compute, total } = answer.timeMs;
        const isLate = remainingMs !== undefined && total > remainingMs;
        requests.inc({ model, outcome: isLate ? 'late' : 'answered' });
        if (remainingMs !== undefined) deadlines.inc({ model, met: String(!isLate) });
        queueSeconds.observe({ model }, queue / 1000);
        computeSeconds.observe({ model }, compute / 1000);
        return answer;
      } catch (error) {
        requests.inc({ model, outcome: outcomeOf(error) });
        if (remainingMs !== undefined) deadlines.inc({ model, met: 'false' });
        throw error;
      }
    }
    return {
      ...edgeModel,
      infer: (request) => watch(request, edgeModel.infer(request)),
      inferLogits: (request) => watch(request, edgeModel.inferLogits(request)),
    };
  }

  return {
    observe,
    batch: (model, size) => batchSize.observe({ model }, size),
    refusal: (code) => refusals.inc({ code }),
    connections: (change) => connections.inc(change),
    text: () => Registry.merge([processMetrics(), registry]).metrics(),
    contentType: registry.contentType,
    close: () => registry.clear(),
  };
}

function outcomeOf(error: unknown): Outcome {
  const code = error instanceof AecnnError ? error.code : undefined;
  if (code === 'DEADLINE') return 'refused_deadline';
  if (code === 'ENVIRONMENT') return 'refused_overload';
  return code === 'WIRE_FORMAT' ? 'malformed' : 'failed';
}
