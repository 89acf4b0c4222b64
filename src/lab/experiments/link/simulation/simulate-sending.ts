/**
 * Methods that hand over one message a picture and hope: pictures, whole frames, and the oracle, which knows what will come.
 *
 *     device ─► packets ─► uplink ─► edge, one message after the other ─► half a round trip ─► answer
 *
 * What flatters the pictures: decoding and scaling cost nothing on the edge, and TCP never starts slowly.
 */

import { bytesInPackets, type PacketSchedule } from '../../../../core/link/index.ts';
import { createRandom } from '../../../../core/tensor/index.ts';
import { requestHeaderBytes } from '../../../../core/wire/index.ts';
import { answerMarginMs } from '../../../../device/index.ts';
import type { Outcome } from './outcome.ts';
import type { Request, Scenario } from './scenario.ts';
import { uplinkOf } from './simulated-uplink.ts';

/** One thing that could be sent of a picture, and what the edge makes of it. */
export interface Sendable {
  readonly bytes: number;
  readonly isRight: boolean;
}

/** How a method treats each picture. */
export interface Sending {
  /** What could be sent of a picture, best first. */
  readonly sendables: (picture: number) => readonly Sendable[];
  /**
   * `blindly`: the best one, whatever the link. `knowingly`: the best one that will be answered in time, found by trying the
   * link beforehand; none where there is none.
   */
  readonly choose: 'blindly' | 'knowingly';
  /**
   * Work of the device before it can send (its own answer included, where it has one), and of the edge for its answer, in ms,
   * after scaling.
   */
  readonly deviceMs: number;
  readonly edgeMs: number;
  /** Whether the device's own answer is right, which then stands in for a missing one. */
  readonly deviceIsRight?: (picture: number) => boolean;
}

/** Bytes of a WebSocket frame's header with its mask (RFC 6455, section 5.2), for messages of 126 bytes and more. */
const frameHeaderBytes = 8;

/** What is still busy, and until when. */
interface Machines {
  readonly uplink: PacketSchedule;
  deviceFreeMs: number;
  edgeFreeMs: number;
}

/** Simulates all requests, warm-up included, in order. */
export function simulateSending(scenario: Scenario, sending: Sending): Outcome[] {
  const uplink = uplinkOf(scenario.link, createRandom(scenario.seed));
  const machines: Machines = { uplink, deviceFreeMs: 0, edgeFreeMs: 0 };
  return scenario.requests.map((request) => simulateRequest(scenario, sending, request, machines));
}

function simulateRequest(scenario: Scenario, sending: Sending, request: Request, machines: Machines): Outcome {
  const { deadlineMs, clockStarts, link } = scenario;
  const { atMs, picture } = request;
  const deviceMs = clockStarts === 'network' ? 0 : sending.deviceMs;
  const readyMs = Math.max(atMs, clockStarts === 'network' ? 0 : machines.deviceFreeMs) + deviceMs;
  // As a device does: it does not begin what it cannot even send in time.
  if (readyMs - atMs > deadlineMs) return { via: 'refused', isRight: false, frameBytes: 0 };
  machines.deviceFreeMs = readyMs;
  const answeredAt = (arrivedMs: number): number =>
    Math.max(machines.edgeFreeMs, arrivedMs) + sending.edgeMs + link.roundTripMs / 2;
  const isInTime = (bytes: number): boolean =>
    answeredAt(arrival(machines.uplink.fork(), bytes, readyMs)) - atMs <= deadlineMs;
  const sendables = sending.sendables(picture);
  const sent = sending.choose === 'blindly' ? sendables[0] : sendables.find(({ bytes }) => isInTime(bytes));
  const deviceIsRight = sending.deviceIsRight?.(picture);
  if (sent === undefined) {
    return deviceIsRight === undefined
      ? { via: 'late', isRight: false, frameBytes: 0 }
      : { via: 'device', isRight: deviceIsRight, latencyMs: readyMs - atMs, frameBytes: 0 };
  }
  const arrivedMs = arrival(machines.uplink, sent.bytes, readyMs);
  const latencyMs = answeredAt(arrivedMs) - atMs;
  machines.edgeFreeMs = latencyMs + atMs - link.roundTripMs / 2;
  const way = { frameBytes: sent.bytes, uplinkMs: arrivedMs - readyMs };
  // Who has an answer of its own stops waiting a little earlier, as the device does.
  const latestMs = deadlineMs - (sending.choose === 'blindly' && deviceIsRight !== undefined ? answerMarginMs : 0);
  if (latencyMs <= latestMs) return { via: 'edge', isRight: sent.isRight, latencyMs, ...way };
  if (deviceIsRight !== undefined) return { via: 'device', isRight: deviceIsRight, latencyMs: deadlineMs, ...way };
  return { via: 'late', isRight: false, latencyMs, ...way };
}

/** When the last packet of a message is there. */
function arrival(uplink: PacketSchedule, bytes: number, nowMs: number): number {
  return bytesInPackets(bytes + requestHeaderBytes + frameHeaderBytes).reduce(
    (_, packetBytes) => uplink.send(packetBytes, nowMs),
    nowMs,
  );
}
