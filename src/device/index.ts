export { prefersEdge, type WeighedAnswer } from './answer-choice.ts';
export { answerValue } from './answer-value.ts';
export { systemClock } from './clock.ts';
export {
  answerMarginMs,
  createDevice,
  type Device,
  type DeviceAnswer,
  type DeviceOptions,
  defaultTimeoutMs,
  type InferOptions,
} from './device.ts';
export {
  type AnalysedImage,
  type CompressedImage,
  type CompressOptions,
  createImageCompressor,
  type DeviceImage,
  type ImageCompressor,
} from './image-compressor.ts';
export {
  createOffloader,
  type Offloaded,
  type Offloader,
  type OffloaderOptions,
  type OffloadRequest,
} from './offload.ts';
export {
  type AnswerValue,
  bestPlan,
  type PlanInput,
  type Planner,
  type SendPlan,
  wholeFramePlan,
} from './send-plan.ts';
export { edgeStreamUrl } from './transport/edge-url.ts';
export type { OpenSocket, Socket, SocketEvents } from './transport/socket.ts';
export {
  createSocketTransport,
  defaultSocketTransportOptions,
  type SocketTransportOptions,
} from './transport/socket-transport.ts';
export {
  type Connection,
  type FrameStream,
  type FrameStreamEvents,
  maxTimeoutMs,
  type SentChunk,
  type Transport,
  type TransportRequest,
} from './transport/transport.ts';
