export { applyGates, attentionGates, attentionParameters } from './attention.ts';
export {
  type BottlenetShape,
  batchNormEpsilon,
  bottlenetParameters,
  bottlenetShape,
  decodeBottlenet,
  decoderConvolution,
  encodeBottlenet,
  encoderConvolution,
  initialBottlenet,
  largestLevel,
  latentShapeOf,
  type Normalization,
  populationNormalization,
} from './bottlenet.ts';
export {
  type CompressorShape,
  compressorParameters,
  decodeFeatures,
  encodeFeatures,
  encoderInput,
  latentSize,
  patchSize,
  spaceToDepth,
} from './compressor.ts';
export { type FoldedConvolution, type FoldedConvolutions, foldBatchNorms } from './folding.ts';
export { constantParameters, type ParameterShapes, type Parameters } from './parameters.ts';
export { type LatentIntervals, rateBits, rateModelParameters } from './rate-model.ts';
export {
  beforeLastStage,
  type Convolution,
  type Convolutions,
  classifier,
  constantConvolutions,
  convolutionNames,
  featureShape,
  front,
  imageSize,
  pooledFeatures,
  readMaps,
  readShape,
  stages,
  tail,
} from './resnet50.ts';
export {
  type ChannelsLastConvolution,
  type ChannelsLastConvolutions,
  fromChannelsLastWeights,
  meanOfPositions,
  toChannelsLast,
  toChannelsLastWeights,
  trainableStage,
} from './trainable-stage.ts';
