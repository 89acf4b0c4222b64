/** The graphs of training steps (forward, loss, gradients and update in one) before ONNX's own checker. */

import { test } from 'vitest';
import { expectValidOnnx } from '../../../test/fixtures/onnx-checker.ts';
import { randomBackbone, randomTrainedModel } from '../../../test/fixtures/trained-model.ts';
import { type TensorMap, zeros } from '../../core/tensor/index.ts';
import type { Runtime } from '../../runtime/session.ts';
import { compressorShapeOf } from '../build/index.ts';
import { rateModelParameters } from '../networks/index.ts';
import { trainAttention } from './attention-step.ts';
import type { Checkpoint } from './checkpoint.ts';
import { trainTask } from './compressor-step.ts';
import { defaultRecipe } from './recipe.ts';
import type { StepContext } from './step-context.ts';
import { frozenTail, lastStageParameters, trainableTail } from './tail.ts';

const split = 'conv4_x';
const { notes, tensors } = randomTrainedModel(split);
const shape = compressorShapeOf(notes);
const folded = randomBackbone();
const teacher = {
  'classifier/weights': tensors['classifier/weights'],
  'classifier/bias': tensors['classifier/bias'],
} as TensorMap;

const unused = (): never => {
  throw new Error('no step is run here');
};

/** Runs a training until its graph is compiled, and returns that graph. */
async function graphOf(train: (context: StepContext) => Promise<unknown>): Promise<Uint8Array> {
  const stop = new Error('the graph is known');
  let recorded: Uint8Array | undefined;
  const runtime: Runtime = {
    name: 'a recorder',
    createSession: (graph) => {
      recorded = graph;
      return Promise.reject(stop);
    },
  };
  const samples = [0, 1];
  const context: StepContext = {
    set: {
      features: {
        count: 2,
        mapShape: shape.featureShape,
        pooled: new Float32Array(),
        readMaps: unused,
        close: unused,
        [Symbol.asyncDispose]: unused,
      },
      labels: Int32Array.of(0, 1),
      classes: notes.classes.length,
      train: samples,
      validation: samples,
    },
    split,
    folded,
    recipe: { ...defaultRecipe, split, selectedChannels: shape.selectedChannels.length },
    runtime,
    checkpoint: { load: unused, save: unused, loadPartial: unused, savePartial: unused } satisfies Checkpoint,
  };
  const failure: unknown = await train(context).catch((error: unknown) => error);
  if (failure !== stop || recorded === undefined) throw failure;
  return recorded;
}

test('training steps are ONNX', { timeout: 120_000 }, async (context) => {
  const rate = Object.fromEntries(
    Object.entries(rateModelParameters(shape.latentChannels)).map(([name, size]) => [name, zeros('float32', size)]),
  );
  const compressor = Object.fromEntries(
    Object.entries(tensors).filter(([name]) => /^(attention|encoder|quantizer|decoder)\//.test(name)),
  );
  const teacherLogits = new Float32Array(2 * notes.classes.length);
  const common = { shape, teacherLogits, epochs: 1, learningRate: 1e-3 };
  const graphs = {
    'attention.onnx': await graphOf((step) => trainAttention(step, frozenTail(split, folded, teacher), teacherLogits)),
    'task.onnx': await graphOf((step) =>
      trainTask(step, {
        ...common,
        name: 'task',
        start: { ...compressor, ...rate },
        tail: () => frozenTail(split, folded, teacher),
      }),
    ),
    'fine-tune.onnx': await graphOf((step) =>
      trainTask(step, {
        ...common,
        name: 'fine-tune',
        start: { ...compressor, ...rate, ...lastStageParameters(folded, teacher) },
        tail: (parameters) => trainableTail(split, folded, parameters),
      }),
    ),
  };
  await expectValidOnnx(context, graphs);
});
