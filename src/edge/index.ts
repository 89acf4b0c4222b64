export { type ChunkAssembler, type ChunkAssemblerOptions, createChunkAssembler } from './chunk-assembler.ts';
export { createEdgeModel, defaultMaxWaiting, type EdgeModel, type EdgeModelOptions } from './edge-model.ts';
export {
  createEdgeServer,
  defaultEdgeServerOptions,
  type EdgeServer,
  type EdgeServerOptions,
} from './edge-server.ts';
export type { EventLoop } from './event-loop.ts';
export type { ModelMetadata, ServerMetadata, TensorMetadata } from './metadata.ts';
export { createResponder, type Responder } from './responder.ts';
