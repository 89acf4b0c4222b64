/** One optimizer step as one ONNX graph: forward, loss, gradients and AdamW; new parameters and states are outputs. */

import { pickTensor, scalar, type Tensor, type TensorMap, zeros } from '../../core/tensor/index.ts';
import type { Runtime } from '../../runtime/session.ts';
import { adamW, gradients } from '../autodiff/index.ts';
import { createGraph, type Graph, input, mulScalar, output, serializeGraph, type Value } from '../graph/index.ts';
import type { Parameters } from '../networks/index.ts';

/** What a graph computes from a batch: a loss to minimize, and scalars to watch. */
export interface Objective {
  readonly loss: Value;
  readonly metrics?: Readonly<Record<string, Value>>;
}

/** What is trained, and how. */
export interface OptimizerGraphOptions {
  readonly name: string;
  readonly runtime: Runtime;
  /** Values at the start, `float32`. */
  readonly parameters: TensorMap;
  /** Builds the forward part; parameters that are not trained are the builder's own business. */
  readonly build: (graph: Graph, trained: Parameters) => Objective;
  /** AdamW's decoupled weight decay of a parameter; 0 when left out. */
  readonly weightDecay?: (name: string) => number;
  /** Factor on the learning rate of a parameter; 1 when left out. */
  readonly learningRateFactor?: (name: string) => number;
}

/** Parameters and the optimizer's state, ready to be saved; `step` is the number of steps taken. */
export interface OptimizerState {
  readonly step: number;
  readonly parameters: TensorMap;
  readonly moments: TensorMap;
}

/** A compiled optimizer step that holds the parameters. */
export interface OptimizerGraph extends AsyncDisposable {
  readonly state: OptimizerState;
  /** Goes on from a saved state. */
  restore(state: OptimizerState): void;
  /** Takes one step on a batch. @returns the loss and the metrics before the step. */
  step(batch: TensorMap, learningRate: number): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** Builds and compiles the step. */
export async function createOptimizerGraph(options: OptimizerGraphOptions): Promise<OptimizerGraph> {
  const { name, runtime, build, weightDecay = () => 0, learningRateFactor = () => 1 } = options;
  const graph = createGraph(name);
  const names = Object.keys(options.parameters);
  const values = new Map(
    names.map((key) => [key, input(graph, key, 'float32', pickTensor(options.parameters, key, 'float32').shape)]),
  );
  const objective = build(graph, (key) => {
    const value = values.get(key);
    if (value === undefined) throw new TypeError(`"${key}" is not among the trained parameters`);
    return value;
  });
  const scalars = {
    learningRate: input(graph, 'learning_rate', 'float32', []),
    step: input(graph, 'step', 'float32', []),
  };
  const moments: Record<string, Tensor> = {};
  const slopes = gradients(objective.loss, [...values.values()]);
  names.forEach((key, i) => {
    const parameter = values.get(key) as Value;
    const optimizer = adamW({ weightDecay: weightDecay(key) });
    const factor = learningRateFactor(key);
    const stateInputs = optimizer.stateNames.map((stateName) => {
      const shape = parameter.shape as readonly number[];
      moments[`${stateName}/${key}`] = zeros('float32', shape);
      return input(graph, `${stateName}/${key}`, 'float32', shape);
    });
    const learningRate = factor === 1 ? scalars.learningRate : mulScalar(scalars.learningRate, factor);
    const update = optimizer.update(parameter, slopes[i] as Value, stateInputs, { ...scalars, learningRate });
    output(`new/${key}`, update.parameter);
    optimizer.stateNames.forEach((stateName, s) => {
      output(`new/${stateName}/${key}`, update.states[s] as Value);
    });
  });
  output('loss', objective.loss);
  for (const [key, value] of Object.entries(objective.metrics ?? {})) output(`metric/${key}`, value);

  const session = await runtime.createSession(serializeGraph(graph));
  let state: OptimizerState = { step: 0, parameters: options.parameters, moments };
  return {
    get state() {
      return state;
    },
    restore(saved) {
      state = saved;
    },
    async step(batch, learningRate) {
      const outputs = await session.run({
        ...batch,
        ...state.parameters,
        ...state.moments,
        learning_rate: scalar(learningRate),
        step: scalar(state.step + 1),
      });
      const renewed = (tensors: TensorMap): TensorMap =>
        Object.fromEntries(Object.keys(tensors).map((key) => [key, pickTensor(outputs, `new/${key}`, 'float32')]));
      state = { step: state.step + 1, parameters: renewed(state.parameters), moments: renewed(state.moments) };
      const metric = (key: string): number => Number(pickTensor(outputs, key, 'float32').data[0]);
      const watched = Object.keys(objective.metrics ?? {}).map((key) => [key, metric(`metric/${key}`)]);
      return { loss: metric('loss'), ...Object.fromEntries(watched) };
    },
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
