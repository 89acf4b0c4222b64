export {
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
export { edgeStreamUrl } from './transport/edge-url.ts';
export {
  createSocketTransport,
  type Socket,
  type SocketEvents,
  type SocketTransportOptions,
} from './transport/socket-transport.ts';
export { maxTimeoutMs, type Transport, type TransportRequest } from './transport/transport.ts';
