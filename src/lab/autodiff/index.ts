export { type BatchNormTraining, batchNormTraining } from './batch-normalization.ts';
export { gradients } from './gradients.ts';
export { klDivergence, meanSquaredError, softmaxCrossEntropy } from './losses.ts';
export {
  type AdamWOptions,
  adamW,
  type Optimizer,
  type ParameterUpdate,
  type SgdMomentumOptions,
  type StepScalars,
  sgdMomentum,
} from './optimizers.ts';
export { quantizeStraightThrough, roundStraightThrough, stopGradient } from './straight-through.ts';
