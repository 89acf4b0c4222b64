/**
 * A real device and a real edge with a tiny model, in two network namespaces with a shaped link between them.
 *
 * Needs Linux, root and iproute2; without them it says so and is skipped.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { createNetwork } from '../../bench/link/network.ts';
import { run } from '../../bench/link/run.ts';
import { runScenario } from '../../bench/link/run-scenario.ts';
import { scenarioResult } from '../../bench/link/scenario-result.ts';
import type { Incident, LinkScenario } from '../../bench/link/scenarios.ts';
import { EnvironmentError } from '../../src/core/errors.ts';
import { parseLinkSpec } from '../../src/core/link/index.ts';
import { writeTinySplitModel } from '../fixtures/tiny-split-model.ts';

const colours = { red: [210, 20, 20], green: [20, 200, 20], blue: [20, 20, 210] } as const;

let folder = '';
const pictures: { path: string; label: string }[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-bench-link-'));
  await writeTinySplitModel({}, join(folder, 'model'));
  await mkdir(join(folder, 'pictures'));
  for (const [label, [r, g, b]] of Object.entries(colours)) {
    const path = join(folder, 'pictures', `${label}.jpg`);
    await sharp({ create: { width: 300, height: 260, channels: 3, background: { r, g, b } } })
      .jpeg()
      .toFile(path);
    pictures.push({ path, label });
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Skips the test where no network can be made. */
async function requireNetwork(context: TestContext): Promise<void> {
  try {
    await using _network = await createNetwork(parseLinkSpec('fixed:1mbit'));
  } catch (error) {
    if (error instanceof EnvironmentError) context.skip(error.message);
    throw error;
  }
}

const namespacesOfThisProcess = async (): Promise<string[]> =>
  (await run('ip', 'netns', 'list')).split('\n').filter((line) => line.startsWith(`aecnn-${process.pid}-`));

const scenario: LinkScenario = {
  name: 'tiny',
  link: 'fixed:1mbit,rtt=100ms',
  // Long, for a machine on which other tests run.
  deadlineMs: 1500,
  requests: 12,
  meanGapMs: 250,
  seed: 0,
};
const incidents: readonly Incident[] = [
  { kind: 'cut', forMs: 1000 },
  { kind: 'edge-restart', pauseMs: 200 },
];

test.for(incidents)(
  'every request is answered in spite of a $kind, and nothing is left',
  { timeout: 90_000 },
  async (incident, context) => {
    await requireNetwork(context);
    const { requests: count, meanGapMs } = scenario;
    const ran = await runScenario(
      { ...scenario, incident },
      {
        modelFolder: join(folder, 'model'),
        pictures,
        requests: Array.from({ length: count }, (_, i) => ({ atMs: i * meanGapMs, picture: i % pictures.length })),
        threads: 1,
      },
    );
    const result = scenarioResult(scenario, ran);
    expect(result.requests).toBe(count);
    expect(result.via).toMatchObject({ refused: 0, none: 0 });
    // Before the incident nothing stands between the device and its edge.
    expect(result.via.edge + result.via['edge-prefix']).toBeGreaterThanOrEqual(0.25);
    // Half the round trip there and half back, whoever the processor was busy with.
    expect(result.linkMs.p50).toBeGreaterThanOrEqual(100);
    expect(result.away?.awayMs).toBeGreaterThanOrEqual(incident.kind === 'cut' ? incident.forMs : incident.pauseMs);
    expect(result.leftovers).toMatchObject({ device: { sockets: 0, timers: 0 }, edge: { sockets: 0 } });
    expect(await namespacesOfThisProcess()).toEqual([]);
  },
);

test('a run that is stopped leaves no namespace', { timeout: 60_000 }, async (context) => {
  await requireNetwork(context);
  const stop = new AbortController();
  const stopped = runScenario(scenario, {
    modelFolder: join(folder, 'model'),
    pictures,
    requests: [{ atMs: 60_000, picture: 0 }],
    threads: 1,
    signal: stop.signal,
    onPhase: () => stop.abort(new Error('stopped')),
  });
  await expect(stopped).rejects.toThrow('stopped');
  expect(await namespacesOfThisProcess()).toEqual([]);
});
