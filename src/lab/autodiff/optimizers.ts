/**
 * Optimizers as graph nodes: the new value of a parameter and of its state from the old ones, its gradient and scalars.
 *
 * Both keep their averages unscaled (`momentum * velocity + gradient`): the same mathematics with fewer passes over memory.
 * Where the gradient is a bare `Gemm`, reshaped or not, the velocity is its third input and costs no pass at all.
 */

import {
  add,
  div,
  gemm,
  mul,
  mulScalar,
  type Node,
  neg,
  reshape,
  scalarConstant,
  sqrt,
  sub,
  tanh,
  type Value,
} from '../graph/index.ts';

/** Scalars that change from step to step: graph inputs, `float32[]`. */
export interface StepScalars {
  readonly learningRate: Value;
  /** Number of this step, counted from 1. */
  readonly step: Value;
}

/** What one step makes of one parameter. */
export interface ParameterUpdate {
  readonly parameter: Value;
  /** New state values, in the order of the old ones. */
  readonly states: readonly Value[];
}

/** Builds the update of one parameter after another; states start as zeros of the parameter's shape. */
export interface Optimizer {
  readonly name: string;
  /** Names of the state values that each parameter has. */
  readonly stateNames: readonly string[];
  /** Appends the nodes that update one parameter. */
  update(parameter: Value, gradient: Value, states: readonly Value[], scalars: StepScalars): ParameterUpdate;
}

/** Options of {@link sgdMomentum}. */
export interface SgdMomentumOptions {
  readonly momentum: number;
  /** Decoupled: `parameter -= learningRate * weightDecay * parameter`, outside the velocity. */
  readonly weightDecay: number;
}

/** Options of {@link adamW}. */
export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: `parameter -= learningRate * weightDecay * parameter`, outside the moments. */
  readonly weightDecay: number;
}

/** Defaults of {@link sgdMomentum}. */
const defaultSgdMomentum: SgdMomentumOptions = { momentum: 0.9, weightDecay: 0 };

/** Defaults of {@link adamW}: those of the paper, and of PyTorch but for its weight decay of 0.01. */
const defaultAdamW: AdamWOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** The product that a gradient is, if it is nothing else: a `Gemm` without third input, perhaps reshaped. */
function bareProduct({ producer }: Value): Node<'Gemm'> | undefined {
  if (producer?.op === 'Reshape') return bareProduct(producer.inputs[0] as Value);
  return producer?.op === 'Gemm' && producer.inputs.length === 2 ? (producer as Node<'Gemm'>) : undefined;
}

/** `factor * average + gradient`. For a gradient that nothing else reads: its product is not made a second time then. */
function accumulate(average: Value, gradient: Value, factor: number): Value {
  const product = bareProduct(gradient);
  if (product === undefined) return add(mulScalar(average, factor), gradient);
  const [a, b] = product.inputs as readonly [Value, Value];
  const reshaped = gradient.producer !== product;
  const third = reshaped ? reshape(average, (product.outputs[0] as Value).shape) : average;
  const sum = gemm(a, b, third, { ...product.attributes, beta: factor });
  return reshaped ? reshape(sum, average.shape) : sum;
}

/** `parameter * (1 - learningRate * weightDecay)`. */
function decayed(parameter: Value, learningRate: Value, weightDecay: number): Value {
  if (weightDecay === 0) return parameter;
  return mul(parameter, sub(scalarConstant(parameter.graph, 1), mulScalar(learningRate, weightDecay)));
}

function stateAt(states: readonly Value[], index: number, name: string): Value {
  const state = states[index];
  if (state === undefined) throw new TypeError(`states: the optimizer's state "${name}" is missing`);
  return state;
}

/**
 * Stochastic gradient descent with momentum: `velocity = momentum * velocity + gradient`,
 * `parameter -= learningRate * (velocity + weightDecay * parameter)`.
 *
 * @see Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 1 (arXiv:1711.05101); without
 *   weight decay the same as PyTorch's `SGD(momentum)`.
 */
export function sgdMomentum(options: Partial<SgdMomentumOptions> = {}): Optimizer {
  const { momentum, weightDecay } = { ...defaultSgdMomentum, ...options };
  return {
    name: 'sgdMomentum',
    stateNames: ['velocity'],
    update(parameter, gradient, states, { learningRate }) {
      const velocity = accumulate(stateAt(states, 0, 'velocity'), gradient, momentum);
      return {
        parameter: sub(decayed(parameter, learningRate, weightDecay), mul(velocity, learningRate)),
        states: [velocity],
      };
    },
  };
}

/** `1 - beta^step`, by `1 - exp(z) = -2 t / (1 - t)` with `t = tanh(z / 2)`: no cancellation in float32 at the first steps. */
function biasCorrection(beta: number, step: Value): Value {
  const t = tanh(mulScalar(step, Math.log(beta) / 2));
  return div(mulScalar(neg(t), 2), sub(scalarConstant(step.graph, 1), t));
}

/**
 * AdamW: Adam with bias correction and decoupled weight decay.
 *
 * The states are the moments without their factors `1 - beta`: `m = beta1 m + g`, `v = beta2 v + g^2`; the scalars of the
 * step make up for it.
 *
 * @see Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2 (arXiv:1711.05101).
 */
export function adamW(options: Partial<AdamWOptions> = {}): Optimizer {
  const { beta1, beta2, epsilon, weightDecay } = { ...defaultAdamW, ...options };
  return {
    name: 'adamW',
    stateNames: ['firstMoment', 'secondMoment'],
    update(parameter, gradient, states, { learningRate, step }) {
      const first = add(mulScalar(stateAt(states, 0, 'firstMoment'), beta1), gradient);
      const second = add(mulScalar(stateAt(states, 1, 'secondMoment'), beta2), mul(gradient, gradient));
      // mean / (sqrt(square) + epsilon), with both corrections moved to scalars.
      const root = sqrt(div(scalarConstant(step.graph, 1 - beta2), biasCorrection(beta2, step)));
      const rate = div(mulScalar(learningRate, 1 - beta1), mul(biasCorrection(beta1, step), root));
      const scaled = div(first, add(sqrt(second), div(scalarConstant(step.graph, epsilon), root)));
      return {
        parameter: sub(decayed(parameter, learningRate, weightDecay), mul(scaled, rate)),
        states: [first, second],
      };
    },
  };
}
