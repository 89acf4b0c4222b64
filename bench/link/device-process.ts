/**
 * Entry of the device's process: the real device over a real socket, asked for a whole series at a time, so that calls from
 * another process cost none of the time that is measured.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlineError } from '../../src/core/errors.ts';
import { readSplitModel } from '../../src/core/model/index.ts';
import { createDevice, type Device, type Transport } from '../../src/device/index.ts';
import { createNodeTransport } from '../../src/device/transport/node.ts';
import { serveParent } from '../../src/lab/experiments/process-child.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { decodePicture, type Picture } from '../../src/runtime/picture.ts';
import { machineMs } from './machine-clock.ts';
import { type ProcessState, processState } from './process-state.ts';
import type { SeriesAnswer } from './series-answer.ts';

/** What the device loads and where it sends. */
export interface DeviceProcessOptions {
  readonly modelFolder: string;
  readonly edge: string;
  /** Decoded when the process opens. */
  readonly pictures: readonly { readonly path: string; readonly label: string }[];
  readonly threads: number;
}

/** Requests, each at its time whether or not the ones before are answered. */
export interface Series {
  readonly requests: readonly { readonly atMs: number; readonly picture: number }[];
  readonly deadlineMs: number;
}

/** After its deadline and so much longer, a request hangs. */
const hangsAfterMs = 5000;
/** How long connections may take to close. */
const closedWithinMs = 2000;

interface Opened {
  readonly device: Device;
  readonly transport: Transport;
  readonly pictures: readonly { readonly picture: Picture; readonly label: string }[];
}

let opened: Opened | undefined;

async function open({ modelFolder, edge, pictures, threads }: DeviceProcessOptions): Promise<void> {
  const model = await readSplitModel((name) => readFile(join(modelFolder, name)));
  const transport = createNodeTransport(edge);
  const device = await createDevice({ model, runtime: await createNodeRuntime({ threads }), transport });
  const decoded = pictures.map(async ({ path, label }) => ({ picture: await decodePicture(path), label }));
  opened = { device, transport, pictures: await Promise.all(decoded) };
}

async function series({ requests, deadlineMs }: Series): Promise<SeriesAnswer[]> {
  const startMs = machineMs();
  return Promise.all(
    requests.map(async ({ atMs, picture }) => {
      await sleep(startMs + atMs - machineMs());
      return answer(picture, deadlineMs);
    }),
  );
}

async function answer(position: number, deadlineMs: number): Promise<SeriesAnswer> {
  const asked = opened?.pictures[position];
  if (opened === undefined || asked === undefined) throw new RangeError(`there is no picture ${position}`);
  const atMs = machineMs();
  const hang = new AbortController();
  try {
    const found = await Promise.race([
      opened.device.infer(asked.picture, { deadlineMs }),
      sleep(deadlineMs + hangsAfterMs, undefined, { signal: hang.signal }),
    ]);
    if (found === undefined) return { atMs, via: 'none' };
    const { top, via, inTime, frameBytes, chunks, timeMs } = found;
    return { atMs, via, inTime, frameBytes, chunks, timeMs, isRight: top[0]?.label === asked.label };
  } catch (error) {
    if (error instanceof DeadlineError) return { atMs, via: 'refused' };
    throw error;
  } finally {
    hang.abort();
  }
}

/** Closes the device and its transport, and says what the process holds then. */
async function leave(_: null): Promise<ProcessState> {
  await close();
  const untilMs = machineMs() + closedWithinMs;
  let state = await processState();
  while (state.sockets > 0 && machineMs() < untilMs) {
    await sleep(50);
    state = await processState();
  }
  return state;
}

async function close(): Promise<void> {
  const { device, transport } = opened ?? {};
  opened = undefined;
  await Promise.all([device?.close(), transport?.close()]);
}

const handlers = { open, series, leave, state: (_: null): Promise<ProcessState> => processState() };

/** What the process can be asked. */
export type DeviceHandlers = typeof handlers;

serveParent(handlers, close);
