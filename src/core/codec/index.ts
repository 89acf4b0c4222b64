export { type ByteSink, createByteSink } from './byte-sink.ts';
export type { EntropyCoder, EntropyDecoder, EntropyEncoder } from './entropy-coder.ts';
export { parseEntropyModel, serializeEntropyModel } from './entropy-file.ts';
export { channelEntropyBits, type EntropyModel, entropyBits } from './entropy-model.ts';
export {
  createSymbolHistogram,
  defaultFitOptions,
  type FitOptions,
  fitEntropyModel,
  type SymbolHistogram,
} from './fit-entropy-model.ts';
export { createFrequencyTable, type FrequencyTable, frequencyTotal, precisionBits } from './frequency-table.ts';
export {
  compressChunk,
  compressLatent,
  decompressChunk,
  decompressLatent,
  emptyLatent,
  type LatentLayout,
  worstCaseChunkBytes,
} from './latent-codec.ts';
export { dequantize, quantize, quantizeUnclipped } from './quantizer.ts';
export { rangeCoder } from './range-coder.ts';
