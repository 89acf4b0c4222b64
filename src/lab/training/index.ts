export { initialAttention, openGates, trainAttention } from './attention-step.ts';
export { type ChannelRanking, rankChannels } from './channel-ranking.ts';
export { type Checkpoint, openCheckpoint, recipeHash } from './checkpoint.ts';
export { compressorShape } from './compressor-plan.ts';
export { startCompressor } from './compressor-start.ts';
export {
  type TaskOptions,
  trainReconstruction,
  trainTask,
  type Validate,
} from './compressor-step.ts';
export { fitCoding } from './entropy-step.ts';
export { estimateTraining, type TrainEstimate } from './estimate.ts';
export { heldBack, weightsHash } from './features-step.ts';
export { forwardRows } from './forward.ts';
export { forwardMaps, rowsOfMaps } from './forward-maps.ts';
export { answerFrames, compressedLogits, type MeasuredCompressor, makeFrames } from './measure.ts';
export { type EpochRecord, type OptimizeResult, optimize, type Plateau } from './optimize.ts';
export { defaultRecipe, defaultSelectedChannels, frameEnds, type TrainRecipe } from './recipe.ts';
export { type StepContext, withoutProgress, withShare } from './step-context.ts';
export type { StockClassifier } from './stock-teacher.ts';
export {
  frozenTail,
  isLastStageParameter,
  lastStageParameters,
  lastStageTensors,
  type Tail,
  tailLearningRate,
  trainableTail,
  withoutLastStage,
} from './tail.ts';
export { linearLogits, trainLinearTeacher } from './teacher-step.ts';
export { type StepReport, type TrainingStepName, type TrainOptions, train } from './train.ts';
export { accuracyOf, argmaxRows, oneHot, rowsOf, type TrainingSet } from './training-set.ts';
