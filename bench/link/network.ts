/**
 * A device's and an edge's network namespace, joined by one shaped wire. Nothing of it reaches this machine's network.
 *
 *     namespace device 10.77.0.1 ── wire ── 10.77.0.2 namespace edge
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkSpec } from '../../src/core/link/index.ts';
import { createLineWire } from './line-wire.ts';
import { machineMs } from './machine-clock.ts';
import { createNamespaces, type End, type Namespaces } from './namespaces.ts';
import { createNetemWire, hasNetem } from './netem-wire.ts';
import { run } from './run.ts';
import { awayShapes, shapesOf } from './shape.ts';
import { interfaces, type Wire } from './wire.ts';

/** The address of each end; each namespace is a world of its own, so no other run is in the way. */
const addresses: Readonly<Record<End, string>> = { device: '10.77.0.1', edge: '10.77.0.2' };

/** When something was away, by {@link machineMs}. */
export interface Away {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Two ends and what is between them. */
export interface Network extends AsyncDisposable {
  readonly shaper: Wire['shaper'];
  readonly addresses: Readonly<Record<End, string>>;
  /** What stands before a command that is to run at an end. */
  within(end: End): readonly string[];
  /** Takes the link away for some time, then gives it back. */
  cut(forMs: number, signal?: AbortSignal): Promise<Away>;
}

/**
 * Makes the network of one link.
 *
 * @throws {@link EnvironmentError} that says what is missing, when this machine or this user cannot.
 * @throws {@link UsageError} when no kernel can shape such a link.
 */
export async function createNetwork(link: LinkSpec): Promise<Network> {
  const shapes = shapesOf(link);
  const namespaces = await createNamespaces();
  let wire: Wire | undefined;
  const close = async (): Promise<void> => {
    // The line first: a process must not be left reading from a device that is gone.
    await wire?.[Symbol.asyncDispose]();
    await namespaces[Symbol.asyncDispose]();
  };
  try {
    wire = await join(namespaces);
    await wire.shape(shapes);
  } catch (error) {
    await close();
    throw error;
  }
  const { shaper, shape } = wire;
  return {
    shaper,
    addresses,
    within: (end) => ['ip', 'netns', 'exec', namespaces.names[end]],
    async cut(forMs, signal) {
      await shape(awayShapes(shapes));
      const fromMs = machineMs();
      await sleep(forMs, undefined, { ...(signal && { signal }) });
      await shape(shapes);
      return { fromMs, untilMs: machineMs() };
    },
    [Symbol.asyncDispose]: close,
  };
}

async function join(namespaces: Namespaces): Promise<Wire> {
  const wire = (await hasNetem(namespaces)) ? await createNetemWire(namespaces) : await createLineWire(namespaces);
  try {
    for (const end of ['device', 'edge'] as const) {
      const ip = ['-n', namespaces.names[end]];
      const dev = ['dev', interfaces[end]];
      // Without an address of its own IPv6 says nothing, so that the link carries the requests alone. Not all kernels have it.
      await run('ip', ...ip, 'link', 'set', ...dev, 'addrgenmode', 'none').catch(() => undefined);
      await run('ip', ...ip, 'address', 'add', `${addresses[end]}/30`, ...dev);
      await run('ip', ...ip, 'link', 'set', ...dev, 'up');
    }
    return wire;
  } catch (error) {
    await wire[Symbol.asyncDispose]();
    throw error;
  }
}
