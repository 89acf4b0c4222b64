/** What answers are made with and where they are kept: the same for frames and for pictures. */

import type { SplitModel } from '../../../../core/model/index.ts';
import type { Runtime } from '../../../../runtime/session.ts';
import { featureMapName, restoredFeatureMapName } from '../../../build/index.ts';
import type { Sample } from '../../../datasets/index.ts';
import type { MeasuringGraphs } from '../../../evaluation/index.ts';
import { extractGraph } from '../../../graph/index.ts';

/** Model, machine and cache of one experiment. */
export interface AnswerContext {
  readonly model: SplitModel;
  /** Reads the graphs that measuring needs, {@link measuringGraphs} as a rule; not called when all is in the cache. */
  readonly readGraphs: () => Promise<MeasuringGraphs>;
  readonly runtime: Runtime;
  /** Threads that the runtime computes with: part of what an answer depends on. */
  readonly threads: number;
  /** `Dataset.fingerprint` of the data set that all samples are of. */
  readonly fingerprint: string;
  /** Answers go to `<cacheFolder>/answers`. */
  readonly cacheFolder: string;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Cuts the graphs that measuring needs out of those of a split model.
 *
 * @throws {@link ModelError} when a file is missing or damaged.
 */
export async function measuringGraphs(model: SplitModel): Promise<MeasuringGraphs> {
  return {
    device: extractGraph(await model.readGraph('device'), ['image'], ['latent', 'pooled', featureMapName]),
    tail: extractGraph(await model.readGraph('edge'), [restoredFeatureMapName], ['logits']),
  };
}

/** Whether the model knows the classes of its data: one of all ImageNet's classes does not, whatever the folders' names. */
export const isLabelled = ({ model }: Pick<AnswerContext, 'model'>): boolean => model.manifest.teacher !== 'stock';

/** What an answer of a model depends on beside the picture. */
export const networkKey = ({ model, runtime, threads }: Pick<AnswerContext, 'model' | 'runtime' | 'threads'>) => ({
  modelId: model.manifest.modelId,
  files: model.manifest.files,
  runtime: runtime.name,
  threads,
});

/** Which pictures, in which order, under which labels. */
export const samplesKey = ({ fingerprint }: Pick<AnswerContext, 'fingerprint'>, samples: readonly Sample[]) => ({
  fingerprint,
  samples: samples.map(({ id, label }) => [id, label]),
});

/** The signal of a context, as options that may lack one take it. */
export const signalOf = ({ signal }: Pick<AnswerContext, 'signal'>) => (signal ? { signal } : {});

/** Gives signals (Ctrl-C) a turn: ONNX Runtime blocks the thread it computes in. */
export const letSignalsIn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
