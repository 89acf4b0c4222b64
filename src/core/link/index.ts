export { type BurstyLoss, createBurstyLossUplink } from './bursty-loss-link.ts';
export { createLinkModel } from './create-link-model.ts';
export { createFixedRateUplink, type FixedRate } from './fixed-rate-link.ts';
export {
  createLinkEstimator,
  deliveryProbability,
  expectedSendingMs,
  type LinkEstimate,
  type LinkEstimator,
  slowSendingMs,
  unknownLink,
} from './link-estimator.ts';
export type { LinkModel } from './link-model.ts';
export {
  type BurstyLinkSpec,
  type FixedLinkSpec,
  formatLinkSpec,
  type LinkSpec,
  parseLinkSpec,
  type RayleighLinkSpec,
  type TraceLinkSpec,
} from './link-spec.ts';
export { type MessagePacket, messagePackets } from './message-packets.ts';
export { bytesInPackets, maxPacketBytes, type PacketSchedule, packetHeaderBytes } from './packet-schedule.ts';
export { createRayleighUplink, ergodicCapacityBitsPerSecond, meanSnrDb, type RayleighFading } from './rayleigh-link.ts';
export { createReliableUplink } from './reliable-uplink.ts';
export { type OpportunityTrace, parseTrace, type RateTrace, type Trace } from './trace.ts';
export { createTraceUplink } from './trace-link.ts';
