export { type BuiltModel, requireModelFolder, trainedFileName, writeModel } from './build-model.ts';
export {
  compressorShapeOf,
  featureMapName,
  restoredFeatureMapName,
  withFineTuned,
} from './split-graphs.ts';
export {
  parseTrainedModel,
  roundForStorage,
  type TrainedModel,
  type TrainedNotes,
} from './trained-model.ts';
