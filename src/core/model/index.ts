export { computeModelId, digestFile, sha256Hex } from './digest.ts';
export {
  type CompactDevice,
  type CurvePoint,
  compactDeviceFileName,
  type DataSplit,
  type DevicePrecision,
  describeModel,
  devicePrecisions,
  type FileDigest,
  type Manifest,
  type ModelDescription,
  type ModelFileName,
  type ModelSource,
  manifestFormatVersion,
  modelFileNames,
  parseManifest,
  type SplitPoint,
  serializeManifest,
  splitPoints,
} from './manifest.ts';
export { fileDigest, type GraphPart, type ReadModelFile, readSplitModel, type SplitModel } from './split-model.ts';
export { type RankedLabel, topLabels } from './top-labels.ts';
