/** From the spelling of a link to the link. */

import type { RandomSource } from '../tensor/index.ts';
import { createBurstyLossUplink } from './bursty-loss-link.ts';
import { createFixedRateUplink } from './fixed-rate-link.ts';
import type { LinkModel } from './link-model.ts';
import { formatLinkSpec, type LinkSpec } from './link-spec.ts';
import type { PacketSchedule } from './packet-schedule.ts';
import { createRayleighUplink } from './rayleigh-link.ts';
import { parseTrace } from './trace.ts';
import { createTraceUplink } from './trace-link.ts';

/**
 * Makes the link that a spec describes. A trace is read and parsed here, once for all its uplinks.
 *
 * @param readTrace - Gives the text of a trace's file; asked for no other kind.
 * @throws {@link DatasetError} when the trace is none; whatever `readTrace` throws.
 */
export function createLinkModel(spec: LinkSpec, readTrace: (file: string) => string): LinkModel {
  return {
    spec: formatLinkSpec(spec),
    roundTripMs: spec.roundTripMs,
    createUplink: uplinks(spec, readTrace),
  };
}

function uplinks(spec: LinkSpec, readTrace: (file: string) => string): (random: RandomSource) => PacketSchedule {
  switch (spec.kind) {
    case 'fixed':
      return () => createFixedRateUplink(spec);
    case 'rayleigh':
      return (random) => createRayleighUplink(spec, random);
    case 'bursty':
      return (random) => createBurstyLossUplink(spec, random);
    case 'trace': {
      const trace = parseTrace(readTrace(spec.file), spec.file);
      return () => createTraceUplink(trace, spec.roundTripMs);
    }
  }
}
