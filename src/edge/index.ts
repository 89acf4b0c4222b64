export { acceptedInVain } from './batch-queue.ts';
export { type ChunkAssembler, type ChunkAssemblerOptions, createChunkAssembler } from './chunk-assembler.ts';
export {
  createEdgeModel,
  defaultMaxBatch,
  defaultMaxWaiting,
  type EdgeLogits,
  type EdgeModel,
  type EdgeModelOptions,
  type FrameAnswerer,
} from './edge-model.ts';
export {
  createEdgeServer,
  defaultEdgeServerOptions,
  type EdgeServer,
  type EdgeServerOptions,
} from './edge-server.ts';
export type { EventLoop } from './event-loop.ts';
export type { ModelMetadata, ServerMetadata, TensorMetadata } from './metadata.ts';
export { createModelRepository, type ModelRepository, type ModelSource, type ModelState } from './model-repository.ts';
export { createResponder, type Responder } from './responder.ts';
export { readCertificate, selfSignedCertificate, type TlsCertificate } from './tls.ts';
export type { WebFolders } from './web/web-routes.ts';
