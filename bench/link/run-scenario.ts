/**
 * One scenario for real: a device and an edge, each a process in a network namespace of its own.
 *
 *     this process ──IPC──► device ══TCP══ shaped link ══TCP══► edge ◄──IPC── this process
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { parseLinkSpec } from '../../src/core/link/index.ts';
import { type Child, startChild } from '../../src/lab/experiments/process-parent.ts';
import type { DeviceHandlers } from './device-process.ts';
import type { EdgeHandlers } from './edge-process.ts';
import { machineMs } from './machine-clock.ts';
import { type Away, createNetwork, type Network } from './network.ts';
import { ownCore } from './own-core.ts';
import type { ProcessState } from './process-state.ts';
import type { Incident, LinkScenario } from './scenarios.ts';
import type { SeriesAnswer } from './series-answer.ts';

/** What all scenarios of a run share. */
export interface RunScenarioOptions {
  readonly modelFolder: string;
  readonly pictures: readonly { readonly path: string; readonly label: string }[];
  /** Requests of the series, over the pictures. */
  readonly requests: readonly { readonly atMs: number; readonly picture: number }[];
  /** Threads of one op on each side. */
  readonly threads: number;
  readonly signal?: AbortSignal;
  /** Told what happens. */
  readonly onPhase?: (what: string) => void;
}

/** What came out. */
export interface ScenarioRun {
  readonly shaper: Network['shaper'];
  readonly answers: readonly SeriesAnswer[];
  /** When the link or the edge was away. */
  readonly away?: Away;
  readonly leftovers: { readonly device: Leftovers; readonly edge: Leftovers };
}

/** What a process held once the device had closed its connection, and by how much its memory grew in the series. */
export interface Leftovers {
  readonly sockets: number;
  readonly timers: number;
  readonly heapGrowthBytes: number;
  readonly residentGrowthBytes: number;
}

const edgePort = 8080;
/** How long the edge may keep a connection that the device has closed: TCP sends again what a cut swallowed, ever later. */
const closedWithinMs = 10_000;
/** Requests before anything is measured: the first run of a graph is slow. */
const warmUpRequests = 3;

/**
 * Runs a scenario. Processes and namespaces are gone when it settles, however it does.
 *
 * @throws {@link EnvironmentError} that says what is missing, when this machine or this user cannot.
 * @throws {@link AecnnError} what a process found wrong; the signal's reason when it was aborted.
 */
export async function runScenario(scenario: LinkScenario, options: RunScenarioOptions): Promise<ScenarioRun> {
  const { modelFolder, pictures, requests, threads, signal, onPhase } = options;
  await using network = await createNetwork(parseLinkSpec(scenario.link));
  const host = network.addresses.edge;
  const edgeCore = await ownCore('edge');
  const startEdge = (): Edge => {
    const child = startChild<EdgeHandlers>(new URL('./edge-process', import.meta.url), {
      name: 'the edge process',
      within: [...network.within('edge'), ...edgeCore],
      ...(signal && { signal }),
    });
    return { child, opened: child.call('open', { modelFolder, host, port: edgePort, threads }) };
  };
  onPhase?.('starting the edge and the device');
  await using edges = keepEdge(startEdge);
  await using device = startChild<DeviceHandlers>(new URL('./device-process', import.meta.url), {
    name: 'the device process',
    within: [...network.within('device'), ...(await ownCore('device'))],
    ...(signal && { signal }),
  });
  await edges.start();
  await device.call('open', { modelFolder, edge: `http://${host}:${edgePort}`, pictures, threads });

  const { deadlineMs } = scenario;
  const warmUp = Array.from({ length: warmUpRequests }, (_, i) => ({ atMs: i * deadlineMs, picture: 0 }));
  await device.call('series', { requests: warmUp, deadlineMs });
  const deviceBefore = await device.call('state', null);
  let edgeBefore = await edges.state();

  onPhase?.(`${requests.length} requests in ${((requests.at(-1)?.atMs ?? 0) / 1000).toFixed(0)} s`);
  const middleMs = requests[Math.floor(requests.length / 2)]?.atMs ?? 0;
  async function happen(incident: Incident): Promise<Away> {
    await sleep(middleMs, undefined, { ...(signal && { signal }) });
    if (incident.kind === 'cut') return network.cut(incident.forMs, signal);
    await edges.kill();
    const fromMs = machineMs();
    await sleep(incident.pauseMs, undefined, { ...(signal && { signal }) });
    await edges.start();
    const untilMs = machineMs();
    edgeBefore = await edges.state();
    return { fromMs, untilMs };
  }
  const [answers, away] = await Promise.all([
    device.call('series', { requests, deadlineMs }),
    scenario.incident && happen(scenario.incident),
  ]);

  const deviceAfter = await device.call('state', null);
  const { sockets, timers } = await device.call('leave', null);
  const edgeAfter = await edges.closedState();
  return {
    shaper: network.shaper,
    answers,
    ...(away && { away }),
    leftovers: {
      device: leftovers(deviceBefore, { ...deviceAfter, sockets, timers }),
      edge: leftovers(edgeBefore, edgeAfter),
    },
  };
}

interface Edge {
  readonly child: Child<EdgeHandlers>;
  readonly opened: Promise<{ readonly pid: number }>;
}

/** The edge that runs, whichever it is by now. */
function keepEdge(startEdge: () => Edge) {
  let current: Edge | undefined;
  async function state(): Promise<ProcessState> {
    if (current === undefined) throw new TypeError('"start" comes before "state"');
    return current.child.call('state', null);
  }
  return {
    async start(): Promise<void> {
      current = startEdge();
      await current.opened;
    },
    async kill(): Promise<void> {
      if (current === undefined) return;
      process.kill((await current.opened).pid, 'SIGKILL');
      await current.child.close();
    },
    state,
    /** Once it has no connection, or has kept one for too long. */
    async closedState(): Promise<ProcessState> {
      const untilMs = machineMs() + closedWithinMs;
      let found = await state();
      while (found.sockets > 0 && machineMs() < untilMs) {
        await sleep(100);
        found = await state();
      }
      return found;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await current?.child.close();
    },
  };
}

function leftovers(before: ProcessState, after: ProcessState): Leftovers {
  return {
    sockets: after.sockets,
    timers: after.timers,
    heapGrowthBytes: after.heapBytes - before.heapBytes,
    residentGrowthBytes: after.residentBytes - before.residentBytes,
  };
}
