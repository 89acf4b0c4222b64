/** Step 1: the teacher, a classifier on the frozen network's pooled features, or with the last stage trained too. */

import { type TensorMap, zeros } from '../../core/tensor/index.ts';
import { softmaxCrossEntropy } from '../autodiff/index.ts';
import { createGraph, input, output } from '../graph/index.ts';
import { classifier, constantParameters, pooledFeatures } from '../networks/index.ts';
import { forwardRows } from './forward.ts';
import { optimize } from './optimize.ts';
import { type StepContext, stepSeeds } from './step-context.ts';
import { lastStageParameters, lastStageTensors, tailLearningRate, trainableTail } from './tail.ts';
import { oneHot, rowsOf, type TrainingSet } from './training-set.ts';

/** Samples in a batch of a classifier alone. */
const classifierBatchSize = 256;

/** Decoupled weight decay of the classifier's weights. */
const classifierWeightDecay = 0.05;

/** What is needed to train a linear classifier on rows of features. */
export interface LinearClassifierOptions {
  /** Prefix of the parameters `<prefix>/weights` and `<prefix>/bias`; also the step's name. */
  readonly prefix: 'classifier' | 'fallback';
  readonly rows: Float32Array;
  readonly width: number;
  readonly seed: number;
}

/**
 * Fits a multinomial logistic regression from zero.
 *
 * @returns `<prefix>/weights` `float32[width, classes]` and `<prefix>/bias` `float32[classes]`.
 */
export async function trainLinearClassifier(
  context: StepContext,
  options: LinearClassifierOptions,
): Promise<TensorMap> {
  const { set, recipe } = context;
  const { prefix, rows, width, seed } = options;
  const batchSize = Math.min(classifierBatchSize, set.train.length);
  const { parameters } = await optimize({
    ...context,
    name: prefix,
    seed,
    epochs: recipe.epochs.teacher,
    batchSize,
    learningRate: recipe.learningRates.teacher,
    samples: set.train,
    parameters: {
      [`${prefix}/weights`]: zeros('float32', [width, set.classes]),
      [`${prefix}/bias`]: zeros('float32', [set.classes]),
    },
    weightDecay: (name) => (name.endsWith('/weights') ? classifierWeightDecay : 0),
    build: (graph, trained) => {
      const features = input(graph, 'features', 'float32', [batchSize, width]);
      const targets = input(graph, 'targets', 'float32', [batchSize, set.classes]);
      const logits = classifier(features, trained(`${prefix}/weights`), trained(`${prefix}/bias`));
      return { loss: softmaxCrossEntropy(logits, targets) };
    },
    batch: (samples) => ({ features: rowsOf(rows, width, samples), targets: oneHot(set, samples) }),
  });
  return parameters;
}

/** Logits of a linear classifier for some rows, `float32[samples.length, classes]`. */
export function linearLogits(
  context: Pick<StepContext, 'runtime' | 'signal'> & { readonly set: Pick<TrainingSet, 'classes'> },
  tensors: TensorMap,
  { prefix, rows, width }: Omit<LinearClassifierOptions, 'seed'>,
  samples: readonly number[],
): Promise<Float32Array> {
  const graph = createGraph(prefix);
  const parameters = constantParameters(graph, tensors);
  const features = input(graph, 'features', 'float32', ['N', width]);
  output('logits', classifier(features, parameters(`${prefix}/weights`), parameters(`${prefix}/bias`)));
  return forwardRows({
    runtime: context.runtime,
    graph,
    samples,
    batchSize: classifierBatchSize,
    inputs: (batch) => ({ features: rowsOf(rows, width, batch) }),
    outputName: 'logits',
    width: context.set.classes,
    signal: context.signal,
  });
}

/** Trains the linear teacher: `classifier/weights` `float32[2048, classes]` and `classifier/bias`. */
export function trainLinearTeacher(context: StepContext): Promise<TensorMap> {
  const { set, recipe } = context;
  return trainLinearClassifier(context, {
    prefix: 'classifier',
    rows: set.features.pooled,
    width: pooledFeatures,
    seed: recipe.seed + stepSeeds.teacher,
  });
}

/**
 * Fine-tuned teacher: trains the last stage and the classifier together on the uncompressed feature maps.
 *
 * @param linear - `classifier/...` of the linear teacher, from which it starts.
 * @returns `classifier/...` and the convolutions of conv5_x, `<name>/weights` and `<name>/bias`.
 */
export async function fineTuneTeacher(context: StepContext, linear: TensorMap): Promise<TensorMap> {
  const { set, recipe, folded, split } = context;
  const [channels = 0, height = 0, width = 0] = set.features.mapShape;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  const { parameters } = await optimize({
    ...context,
    name: 'teacher-fine-tune',
    seed: recipe.seed + stepSeeds['teacher-fine-tune'],
    epochs: recipe.epochs.fineTune,
    batchSize,
    learningRate: tailLearningRate * recipe.learningRates.fineTune,
    samples: set.train,
    parameters: lastStageParameters(folded, linear),
    build: (graph, trained) => {
      const maps = input(graph, 'maps', 'float32', [batchSize, channels, height, width]);
      const targets = input(graph, 'targets', 'float32', [batchSize, set.classes]);
      return { loss: softmaxCrossEntropy(trainableTail(split, folded, trained).logits(maps), targets) };
    },
    batch: async (samples) => ({ maps: await set.features.readMaps(samples), targets: oneHot(set, samples) }),
  });
  return lastStageTensors(folded, parameters);
}
