export { openCifar10 } from './cifar10.ts';
export type { Dataset, DatasetOptions, Sample, SplitProtocol } from './dataset.ts';
export {
  type ExtractedFeatures,
  type FeatureCache,
  type FeatureCacheOptions,
  featureCacheBytes,
  openFeatureCache,
} from './feature-cache.ts';
export {
  type ImageFolderOptions,
  openImageFolder,
} from './image-folder.ts';
export { joinDatasets } from './joined-dataset.ts';
export { type Batch, type LoadBatchesOptions, loadBatches } from './load-batches.ts';
export { rememberedSample } from './remembered-sample.ts';
export {
  limitPerClass,
  type SplitNames,
  splitHash,
  splitNames,
  stratifiedSelection,
} from './split.ts';
