/** Step 6: the device's own classifier on the pooled features at the split, with calibrated probabilities. */

import type { Manifest } from '../../core/model/index.ts';
import { pickTensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { reduceMean } from '../graph/index.ts';
import { rowsOfMaps } from './forward-maps.ts';
import { type StepContext, stepSeeds } from './step-context.ts';
import { linearLogits, trainLinearClassifier } from './teacher-step.ts';
import { accuracyOf } from './training-set.ts';

/** Bins of the expected calibration error. */
const calibrationBins = 15;

/** The trained fallback: tensors with the temperature folded in, and how well it does on the validation part. */
export interface TrainedFallback {
  readonly tensors: TensorMap;
  readonly measured: Manifest['fallback'];
}

/** Trains and calibrates the fallback classifier. */
export async function trainFallback(context: StepContext): Promise<TrainedFallback> {
  const { set, recipe } = context;
  const [channels = 0] = set.features.mapShape;
  const everySample = Array.from({ length: set.features.count }, (_, i) => i);
  const rows = await rowsOfMaps(context, everySample, channels, (maps) => reduceMean(maps, [2, 3], 0));
  const layer = { prefix: 'fallback', rows, width: channels } as const;
  const trained = await trainLinearClassifier(context, { ...layer, seed: recipe.seed + stepSeeds.fallback });
  const logits = await linearLogits(context, trained, layer, set.validation);
  const labels = set.validation.map((sample) => set.labels[sample] as number);
  const temperature = fitTemperature(logits, labels, set.classes);
  return {
    tensors: Object.fromEntries(
      ['fallback/weights', 'fallback/bias'].map((name) => {
        const { shape, data } = pickTensor(trained, name, 'float32');
        return [
          name,
          tensor(
            'float32',
            shape,
            data.map((value) => value / temperature),
          ),
        ];
      }),
    ),
    measured: {
      temperature,
      accuracy: accuracyOf(set, set.validation, logits),
      expectedCalibrationError: calibrationError(logits, labels, set.classes, temperature),
    },
  };
}

function probabilities(logits: Float32Array, row: number, classes: number, temperature: number): Float64Array {
  const scaled = Float64Array.from(logits.subarray(row * classes, (row + 1) * classes), (value) => value / temperature);
  const largest = Math.max(...scaled);
  const weights = scaled.map((value) => Math.exp(value - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Temperature with the least negative log-likelihood, by golden-section search between 0.05 and 20.
 *
 * @see Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2 (arXiv:1706.04599).
 */
export function fitTemperature(logits: Float32Array, labels: readonly number[], classes: number): number {
  const loss = (logTemperature: number): number =>
    labels.reduce((sum, label, row) => {
      const p = probabilities(logits, row, classes, Math.exp(logTemperature))[label] as number;
      return sum - Math.log(Math.max(p, 1e-12));
    }, 0);
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.05), Math.log(20)];
  while (high - low > 1e-3) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (loss(a) < loss(b)) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}

/** Expected calibration error with 15 equal bins of confidence (Guo et al., section 2), from 0 to 1. */
export function calibrationError(
  logits: Float32Array,
  labels: readonly number[],
  classes: number,
  temperature: number,
): number {
  const bins = Array.from({ length: calibrationBins }, () => ({ confidence: 0, right: 0 }));
  labels.forEach((label, row) => {
    const p = probabilities(logits, row, classes, temperature);
    const confidence = Math.max(...p);
    const bin = bins[Math.min(calibrationBins - 1, Math.floor(confidence * calibrationBins))];
    if (bin === undefined) return;
    bin.confidence += confidence;
    bin.right += p[label] === confidence ? 1 : 0;
  });
  return bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0) / Math.max(1, labels.length);
}
