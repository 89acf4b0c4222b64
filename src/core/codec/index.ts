export { type ByteSink, createByteSink } from './byte-sink.ts';
export { type ChunkPlan, channelPlan, createChunkPlan, knownWidths, noChunk, unknownWidth } from './chunk-plan.ts';
export type { EntropyCoder, EntropyDecoder, EntropyEncoder } from './entropy-coder.ts';
export { type LatentCoding, parseLatentCoding, serializeLatentCoding } from './entropy-file.ts';
export { type EntropyModel, elementEntropyBits, entropyBits } from './entropy-model.ts';
export {
  createSymbolHistogram,
  defaultFitOptions,
  type FitOptions,
  fitEntropyModel,
  type SymbolHistogram,
} from './fit-entropy-model.ts';
export { createFrequencyTable, type FrequencyTable, frequencyTotal } from './frequency-table.ts';
export {
  chunkEntropyBits,
  compressChunk,
  compressLatent,
  decompressChunk,
  decompressLatent,
  emptyLatent,
  knownSymbols,
  type LatentLayout,
  worstCaseChunkBytes,
} from './latent-codec.ts';
export { dequantize, quantize, quantizeUnclipped, reconstructionOffset } from './quantizer.ts';
export { rangeCoder } from './range-coder.ts';
export { groupFirst, groupLast, groupOf, nothingKnown } from './resolution.ts';
