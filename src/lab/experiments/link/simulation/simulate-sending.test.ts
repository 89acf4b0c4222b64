import { expect, test } from 'vitest';
import { createLinkModel, parseLinkSpec } from '../../../../core/link/index.ts';
import { methodResult, type Outcome } from './outcome.ts';
import { poissonRequests, type Scenario } from './scenario.ts';
import { simulateComputing } from './simulate-computing.ts';
import { type Sending, simulateSending } from './simulate-sending.ts';

const times = { device: 60, fallback: 2, edge: 15, wholeOnEdge: 60, wholeOnDevice: 60 };

const scenario = (values: Partial<Scenario> = {}): Scenario => ({
  link: createLinkModel(parseLinkSpec('fixed:1mbit'), () => ''),
  deadlineMs: 100,
  clockStarts: 'network',
  times,
  // So far apart that nothing queues.
  requests: [
    { atMs: 0, picture: 0 },
    { atMs: 10_000, picture: 1 },
  ],
  warmUp: 0,
  seed: 0,
  ...values,
});

/** Small and wrong or large and right, 180 or 2,380 bytes of payload in all. */
const sending = (values: Partial<Sending> = {}): Sending => ({
  sendables: () => [
    { bytes: 2360, isRight: true },
    { bytes: 160, isRight: false },
  ],
  choose: 'blindly',
  deviceMs: 30,
  edgeMs: 15,
  ...values,
});

test('an answer takes its packets, half a round trip, the edge, and the way back', () => {
  const [first] = simulateSending(scenario(), sending());
  // 2,360 bytes, 20 of message headers and two packets' 104: 19.872 ms at 1 Mbit/s.
  expect(first).toEqual({
    via: 'edge',
    isRight: true,
    latencyMs: expect.closeTo(19.872 + 20 + 15 + 20),
    frameBytes: 2360,
    uplinkMs: expect.closeTo(39.872),
  });
});

test('from end to end the device comes on top', () => {
  const [first] = simulateSending(scenario({ clockStarts: 'end-to-end', deadlineMs: 200 }), sending());
  expect(first?.latencyMs).toBeCloseTo(30 + 19.872 + 20 + 15 + 20);
});

test('late is late, or the device stands in', () => {
  const tight = scenario({ deadlineMs: 70 });
  expect(simulateSending(tight, sending())[0]).toMatchObject({ via: 'late', isRight: false });
  const [saved] = simulateSending(tight, sending({ deviceIsRight: () => true }));
  expect(saved).toMatchObject({ via: 'device', isRight: true, latencyMs: 70 });
});

test('who knows the link sends what will be answered in time, or nothing', () => {
  const knowing = sending({ choose: 'knowingly', deviceIsRight: () => true });
  expect(simulateSending(scenario(), knowing)[0]).toMatchObject({ via: 'edge', isRight: true });
  expect(simulateSending(scenario({ deadlineMs: 70 }), knowing)[0]).toMatchObject({ via: 'edge', isRight: false });
  expect(simulateSending(scenario({ deadlineMs: 50 }), knowing)[0]).toEqual({
    via: 'device',
    isRight: true,
    latencyMs: 0,
    frameBytes: 0,
  });
});

test('requests wait for each other on the link and at the edge', () => {
  const requests = [0, 1, 2].map((picture) => ({ atMs: 0, picture }));
  const latencies = simulateSending(scenario({ requests, deadlineMs: 1000 }), sending()).map(
    ({ latencyMs }) => latencyMs,
  );
  expect(latencies).toEqual([74.872, 94.744, 114.616].map((ms) => expect.closeTo(ms)));
});

test('a device that cannot keep up refuses at once instead of falling behind for ever', () => {
  const requests = poissonRequests({ requests: 300, warmUp: 0, meanGapMs: 50, pictures: 1, seed: 0 });
  const busy = scenario({ requests, clockStarts: 'end-to-end', deadlineMs: 150 });
  const outcomes = simulateComputing(busy, { deviceMs: 60, isRight: () => true });
  const { via, latencyMs } = methodResult('device', outcomes);
  expect(via.refused).toBeGreaterThan(0.1);
  expect(via.device + via.refused).toBe(1);
  expect(latencyMs.p99).toBeLessThanOrEqual(150);
});

test('what is late or refused is wrong, and nothing is left out', () => {
  const outcomes: Outcome[] = [
    { via: 'edge', isRight: true, latencyMs: 50, frameBytes: 1000, uplinkMs: 30 },
    { via: 'edge', isRight: false, latencyMs: 60, frameBytes: 1000, uplinkMs: 40 },
    { via: 'late', isRight: true, latencyMs: 500, frameBytes: 1000 },
    { via: 'refused', isRight: true, frameBytes: 0 },
  ];
  const result = methodResult('any', outcomes, 'jpeg 224px q75');
  expect(result).toMatchObject({
    requests: 4,
    answeredInTime: 0.5,
    accuracyInTime: 0.25,
    latencyMs: { p50: 60 },
    frameBytes: { mean: 750 },
    via: { edge: 0.5, 'edge-prefix': 0, device: 0, refused: 0.25, late: 0.25 },
    codec: 'jpeg 224px q75',
  });
  expect(methodResult('none', [outcomes[3] as Outcome]).latencyMs).toEqual({});
});

test('requests come at random with the mean gap, over all pictures in a shuffled order', () => {
  const requests = poissonRequests({ requests: 5000, warmUp: 20, meanGapMs: 250, pictures: 10, seed: 3 });
  expect(requests).toHaveLength(5020);
  expect((requests.at(-1)?.atMs ?? 0) / 5020 / 250).toBeCloseTo(1, 1);
  const first = requests.slice(0, 10).map(({ picture }) => picture);
  expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => i));
  expect(requests.slice(10, 20).map(({ picture }) => picture)).toEqual(first);
});
