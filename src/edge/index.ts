export { type ChunkAssembler, type ChunkAssemblerOptions, createChunkAssembler } from './chunk-assembler.ts';
export { createEdgeModel, defaultMaxWaiting, type EdgeModel, type EdgeModelOptions } from './edge-model.ts';
export {
  createEdgeServer,
  defaultEdgeServerOptions,
  type EdgeServer,
  type EdgeServerOptions,
} from './edge-server.ts';
export { createResponder, type Responder } from './responder.ts';
export type { ModelMetadata, ServerMetadata, TensorMetadata } from './metadata.ts';
