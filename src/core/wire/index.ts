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
