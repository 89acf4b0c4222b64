export {
  type Acknowledgement,
  type ChunkMessage,
  chunkMessageHeaderBytes,
  parseAcknowledgement,
  parseChunkMessage,
  serializeAcknowledgement,
  serializeChunkMessage,
} from './chunk-message.ts';
export { type Crc, crc16, crc21 } from './crc.ts';
export {
  chunkHeaderBytes,
  type FrameContent,
  maxChunkPayloadBytes,
  type ParsedFrame,
  parseFrame,
  serializeFrame,
} from './frame.ts';
export {
  type DecodedFrame,
  decodeFrame,
  type EncodeFrameOptions,
  encodeFrame,
  type FrameModel,
  frameFits,
  onePacketBytes,
} from './frame-codec.ts';
export { type FrameHeader, frameHeaderBytes, parseFrameHeader, serializeFrameHeader } from './frame-header.ts';
export { cutFrame, splitFrame } from './frame-parts.ts';
export {
  type InferAnswer,
  type InferRefusal,
  type InferRequest,
  type InferResponse,
  parseRequest,
  parseResponse,
  requestHeaderBytes,
  serializeRequest,
  serializeResponse,
} from './message.ts';
export { type RequestKind, requestKind, streamProtocol } from './message-header.ts';
