import { expect, test } from 'vitest';
import { tinySplitModel } from '../../../../../test/fixtures/tiny-split-model.ts';
import { createLinkModel, parseLinkSpec } from '../../../../core/link/index.ts';
import type { PictureAnswers } from '../answers/prefix-answers.ts';
import { methodResult } from './outcome.ts';
import { poissonRequests, type Scenario } from './scenario.ts';
import { simulateAecnn } from './simulate-aecnn.ts';

const times = { device: 60, fallback: 2, edge: 15, wholeOnEdge: 60, wholeOnDevice: 60 };

function scenario(link: string, values: Partial<Scenario> = {}): Scenario {
  const requests = poissonRequests({ requests: 400, warmUp: 20, meanGapMs: 250, pictures: 1, seed: 0 });
  return {
    link: createLinkModel(parseLinkSpec(link), () => ''),
    deadlineMs: 100,
    clockStarts: 'network',
    times,
    requests,
    warmUp: 20,
    seed: 0,
    ...values,
  };
}

/** A picture of 16 chunks whose edge is right and whose device is wrong. */
const picture: PictureAnswers = {
  name: 'picture',
  label: 1,
  chunkBytes: Array.from({ length: 16 }, (_, i) => 72 * (i + 1)),
  edge: Array.from({ length: 16 }, () => ({ label: 1, probability: 0.9 })),
  device: { label: 0, probability: 0.6 },
  uncompressed: { label: 1, probability: 0.9 },
};

async function resultOver(link: string, values: Partial<Scenario> = {}) {
  const { model } = await tinySplitModel();
  const outcomes = await simulateAecnn(scenario(link, values), model, [picture]);
  return methodResult('aecnn', outcomes.slice(20));
}

test('a fast link is answered by the edge, as soon as packet, ways and computation allow', async () => {
  const { latencyMs, via, uplinkMs, accuracyInTime } = await resultOver('fixed:1mbit');
  expect(via.edge).toBe(1);
  expect(accuracyInTime).toBe(1);
  expect(latencyMs.p50).toBeCloseTo((uplinkMs.p50 ?? 0) + times.edge + 20);
});

test('a link too slow for a whole frame is answered from the chunks that fit', async () => {
  const { answeredInTime, accuracyInTime, via, frameBytes } = await resultOver('fixed:60kbit');
  expect(answeredInTime).toBe(1);
  expect(accuracyInTime).toBeGreaterThan(0.7);
  expect(via.edge + via['edge-prefix']).toBeGreaterThan(0.7);
  expect(frameBytes.mean).toBeLessThan(400);
});

test('a link too slow for a chunk gets nothing, and the device answers at once', async () => {
  const { answeredInTime, via, latencyMs, frameBytes } = await resultOver('fixed:5kbit');
  expect(answeredInTime).toBe(1);
  expect(via.device).toBeGreaterThan(0.99);
  expect(latencyMs.p50).toBe(0);
  // Now and then it asks the link anew.
  expect(frameBytes.mean).toBeLessThan(20);
});

test('losses delay some answers; the device gives those', async () => {
  const { answeredInTime, via } = await resultOver('bursty:1mbit,loss=5%,burst=3');
  expect(answeredInTime).toBe(1);
  expect(via.edge).toBeGreaterThan(0.7);
  expect(via.device).toBeGreaterThan(0.02);
});

test('an outage is answered by the device, and the edge is back with the link', async () => {
  // One packet every 10 ms, but for 5 of 20 seconds.
  const opportunities = Array.from({ length: 1500 }, (_, i) => 10 * (i + 1));
  const trace = [...opportunities, 20_000].join('\n');
  const { model } = await tinySplitModel();
  const link = createLinkModel(parseLinkSpec('trace:outage.up'), () => trace);
  const given = scenario('fixed:1mbit', { link });
  const outcomes = await simulateAecnn(given, model, [picture]);
  const phaseOf = (i: number): number => (given.requests[i]?.atMs ?? 0) % 20_000;
  const inOutage = outcomes.filter((_, i) => phaseOf(i) > 15_000 && phaseOf(i) < 19_900);
  const afterwards = outcomes.filter((_, i) => i > 20 && phaseOf(i) > 1000 && phaseOf(i) < 14_900);
  expect(inOutage.length).toBeGreaterThan(20);
  expect(inOutage.every(({ via }) => via === 'device')).toBe(true);
  expect(afterwards.filter(({ via }) => via !== 'device').length / afterwards.length).toBeGreaterThan(0.97);
});

test('from end to end the device takes its time, and refuses at once what it cannot do in time', async () => {
  const requests = poissonRequests({ requests: 200, warmUp: 20, meanGapMs: 80, pictures: 1, seed: 0 });
  const { latencyMs, via, answeredInTime } = await resultOver('fixed:1mbit', {
    clockStarts: 'end-to-end',
    deadlineMs: 200,
    requests,
  });
  expect(latencyMs.p50).toBeGreaterThan(115);
  expect(via.refused).toBeGreaterThan(0.01);
  expect(via.late).toBe(0);
  expect(answeredInTime).toBeCloseTo(1 - via.refused);
  const tooShort = await resultOver('fixed:1mbit', { clockStarts: 'end-to-end', deadlineMs: 61 });
  expect(tooShort.via.refused).toBe(1);
});

test('the same seed gives the same outcomes', async () => {
  const link = 'bursty:500kbit,loss=5%,burst=3';
  expect(await resultOver(link)).toEqual(await resultOver(link));
  expect(await resultOver(link, { seed: 1 })).not.toEqual(await resultOver(link));
});
