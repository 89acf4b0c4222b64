/** Every link against the contract, and the contract against links that break it. */

import { expect, test } from 'vitest';
import {
  createLinkModel,
  createReliableUplink,
  type PacketSchedule,
  parseLinkSpec,
} from '../../src/core/link/index.ts';
import { describeLink, type LinkSubject, linkContract, losslessLinkContract } from './link.ts';

const traces: Readonly<Record<string, string>> = {
  // 4 packets in 40 ms, two of them at once.
  'opportunities.up': '0\n12\n12\n40\n',
  // 0, 2 and 0.5 Mbit/s, 2 s each, from second 1000 on.
  'rates.txt': '1000 0\n1002 2\n1004 0.5\n',
};

function subject(spec: string, nominalBitsPerSecond: number): LinkSubject {
  const parsed = parseLinkSpec(spec);
  const { roundTripMs, createUplink } = createLinkModel(parsed, (file) => traces[file] ?? '');
  return { name: spec, roundTripMs, createUplink, nominalBitsPerSecond, losesPackets: parsed.kind === 'bursty' };
}

const plain = subject('fixed:1mbit,rtt=40ms', 1e6);
const lossy = subject('bursty:1mbit,loss=2%,burst=4', 0.98e6);

describeLink(plain);
describeLink(subject('fixed:20kbit,rtt=0ms', 20e3));
// Mean signal to noise 6.46 and -9.70 dB; the capacities integrated over the gains with NumPy.
describeLink(subject('rayleigh:bandwidth=1MHz,power=20dBm,distance=200m', 2.0337e6));
describeLink(subject('rayleigh:bandwidth=100kHz,power=0dBm,distance=300m,coherence=1ms', 14_078));
describeLink(subject('trace:opportunities.up', (4 * 12_000) / 0.04));
describeLink(subject('trace:rates.txt,rtt=15ms', (2 * 2e6 + 2 * 0.5e6) / 6));
describeLink(lossy);
describeLink(subject('bursty:1mbit,loss=75%,burst=4', 0.25e6));
describeLink({
  ...plain,
  name: 'TCP over fixed:1mbit',
  createUplink: (random) => createReliableUplink(plain.createUplink(random), 40),
});
describeLink({
  ...lossy,
  name: 'TCP over bursty:1mbit,loss=2%,burst=4',
  createUplink: (random) => createReliableUplink(lossy.createUplink(random), 40),
  // A burst begins every 370 packets of 6 ms, and stops the sender for 200 ms, rarely more.
  nominalBitsPerSecond: 0.91e6,
});

/** Replaces what a link and its forks do. */
function changed(send: (uplink: PacketSchedule, bytes: number, nowMs: number) => number): LinkSubject {
  const wrap = (uplink: PacketSchedule): PacketSchedule => ({
    send: (bytes, nowMs) => send(uplink, bytes, nowMs),
    fork: () => wrap(uplink.fork()),
  });
  return { ...plain, createUplink: (random) => wrap(plain.createUplink(random)) };
}

/** The plain link with one thing broken, and the line of the contract that must notice. */
const broken: readonly (readonly [string, LinkSubject, string])[] = [
  [
    'forgets the way there',
    changed((uplink, bytes, nowMs) => uplink.send(bytes, nowMs) - 20),
    'delivers nothing before half a round trip has passed',
  ],
  [
    'lets small packets overtake',
    changed((uplink, bytes, nowMs) => uplink.send(bytes, nowMs) + (bytes > 100 ? 1000 : 0)),
    'keeps the order of the packets',
  ],
  [
    'is faster with large packets',
    changed((uplink, bytes, nowMs) => uplink.send(1600 - bytes, nowMs)),
    'delivers no earlier what is behind larger packets',
  ],
  [
    'draws numbers of its own',
    changed((uplink, bytes, nowMs) => uplink.send(bytes, nowMs) + Math.random()),
    'is the same link for an equal random source',
  ],
  [
    'forks into a new link',
    {
      ...plain,
      createUplink: (random) => ({ ...plain.createUplink(random), fork: () => plain.createUplink(random) }),
    },
    'forks into a link with the same future',
  ],
  [
    'is its own fork',
    {
      ...plain,
      createUplink: (random) => {
        const uplink = plain.createUplink(random);
        const self: PacketSchedule = { send: (bytes, nowMs) => uplink.send(bytes, nowMs), fork: () => self };
        return self;
      },
    },
    'is not disturbed by its forks',
  ],
  [
    'sends everything twice',
    changed((uplink, bytes, nowMs) => Math.max(uplink.send(bytes, nowMs), uplink.send(bytes, nowMs))),
    'carries its nominal rate in the long run, to 5 %',
  ],
  [
    'takes its time',
    changed((uplink, bytes, nowMs) => {
      const endMs = performance.now() + 300;
      while (performance.now() < endMs);
      return uplink.send(bytes, nowMs);
    }),
    'takes no time to skip days',
  ],
];

test.each(broken)('the contract catches a link that %s', (_, link, line) => {
  const check = { ...linkContract, ...losslessLinkContract }[line];
  expect(() => check?.(link)).toThrow();
});
