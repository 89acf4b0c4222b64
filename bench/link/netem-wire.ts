/**
 * A veth pair with netem at both ends, each shaping what leaves it.
 *
 * The twist: TCP hands a veth many segments as one, which netem would hold back and lose as one, and ARP gives a peer up that
 * was away for some seconds. Both are turned off.
 */

import type { Namespaces } from './namespaces.ts';
import { run } from './run.ts';
import { netemArguments, type Shape } from './shape.ts';
import { interfaces, type Wire } from './wire.ts';

/** Of both ends: without ARP, a frame goes to the address that its sender has. */
const hardwareAddress = '02:00:00:00:00:01';

/** Whether the kernel has netem. */
export async function hasNetem({ names }: Namespaces): Promise<boolean> {
  return run('tc', '-n', names.edge, 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '0ms').then(
    () => run('tc', '-n', names.edge, 'qdisc', 'del', 'dev', 'lo', 'root').then(() => true),
    () => false,
  );
}

/** Joins the namespaces; the wire goes with them. */
export async function createNetemWire({ names }: Namespaces): Promise<Wire> {
  const { device, edge } = interfaces;
  const far = ['peer', 'name', edge, 'address', hardwareAddress, 'netns', names.edge];
  await run('ip', '-n', names.device, 'link', 'add', device, 'address', hardwareAddress, 'type', 'veth', ...far);
  for (const end of ['device', 'edge'] as const) {
    await run('ip', '-n', names[end], 'link', 'set', 'dev', interfaces[end], 'arp', 'off', 'gso_max_segs', '1');
  }
  const shapeEnd = (end: 'device' | 'edge', shape: Shape) =>
    run('tc', '-n', names[end], 'qdisc', 'replace', 'dev', interfaces[end], 'root', 'netem', ...netemArguments(shape));
  return {
    shaper: 'netem',
    async shape({ up, down }) {
      await Promise.all([shapeEnd('device', up), shapeEnd('edge', down)]);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
