/**
 * A link as a TCP proxy: real bytes between two processes, held back for as long as a link would take.
 *
 *     device ─► listener ─► packets of at most 1,500 bytes ─► uplink ─► wait ─► edge
 *     device ◄────────────────────── wait ◄── half the round trip ◄── packets ◄── edge
 *
 * One link carries all connections to all targets. What it is not: TCP itself runs on both sides of the proxy and never
 * across it, so there is no slow start and no header bytes on the link, and what a link loses is only late; connecting costs
 * nothing. All of that flatters large messages more than small ones.
 *
 * The twist: waiting is by the schedule's absolute times, so a timer that fires late delays one packet and not those
 * behind it.
 */

import { readFileSync } from 'node:fs';
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { createLinkModel, createReliableUplink, maxPacketBytes, parseLinkSpec } from '../../core/link/index.ts';
import { createRandom } from '../../core/tensor/index.ts';

/** Most bytes of one connection and direction that wait in the proxy; more stay with the sender. */
export const maxWaitingBytes = 1 << 20;

/** Every run meets the same fading and loss. */
const linkSeed = 1;

/** Where a proxied port leads. */
export interface LinkTarget {
  readonly host: string;
  readonly port: number;
}

/** Options of {@link createLinkProxy}. */
export interface LinkProxyOptions {
  /** The link as `parseLinkSpec` reads it; it begins at its time 0. */
  readonly link: string;
  /** Each gets a port of its own at the proxy; they share the link. */
  readonly targets: readonly LinkTarget[];
}

/** Bytes that came out at the far side, since the start. */
export interface LinkCount {
  readonly upBytes: number;
  readonly downBytes: number;
}

/** A running proxy. */
export interface LinkProxy extends AsyncDisposable {
  /** Loopback port of each target. */
  readonly ports: readonly number[];
  count(): LinkCount;
  /** Cuts all connections and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a proxy on free loopback ports.
 *
 * @throws {@link UsageError} when the link is spelled wrongly; {@link DatasetError} when its trace is none.
 */
export async function createLinkProxy({ link, targets }: LinkProxyOptions): Promise<LinkProxy> {
  const { roundTripMs, createUplink } = createLinkModel(parseLinkSpec(link), (file) => readFileSync(file, 'utf8'));
  const uplink = createReliableUplink(createUplink(createRandom(linkSeed)), roundTripMs);
  const startMs = performance.now();
  const up = createLane((packetBytes, nowMs) => startMs + uplink.send(packetBytes, nowMs - startMs));
  const down = createLane((_, nowMs) => nowMs + roundTripMs / 2);
  const sockets = new Set<Socket>();

  function track(socket: Socket): void {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
  }
  function join(near: Socket, target: LinkTarget): void {
    const far = connectTo({ ...target, allowHalfOpen: true });
    for (const socket of [near, far]) {
      track(socket);
      // The close that follows cuts the other side; the two ends notice for themselves.
      socket.on('error', () => undefined);
    }
    near.on('close', (hadError) => hadError && far.resetAndDestroy());
    far.on('close', (hadError) => hadError && near.resetAndDestroy());
    up.carry(near, far);
    down.carry(far, near);
  }

  const servers = await Promise.all(targets.map((target) => listen((near) => join(near, target))));

  async function close(): Promise<void> {
    up.stop();
    down.stop();
    const closed = servers.map(({ server }) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  }
  return {
    ports: servers.map(({ port }) => port),
    count: () => ({ upBytes: up.arrivedBytes(), downBytes: down.arrivedBytes() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(onConnection: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
  return { server, port: address.port };
}

/** One direction of the link. */
interface Lane {
  /** Carries all that `from` sends, its end too, to `to`. */
  carry(from: Socket, to: Socket): void;
  arrivedBytes(): number;
  stop(): void;
}

interface Delivery {
  readonly atMs: number;
  readonly deliver: () => void;
}

/** @param arrivalOf - When a packet that is handed over now arrives; it never goes back. */
function createLane(arrivalOf: (packetBytes: number, nowMs: number) => number): Lane {
  /** In the order of arrival. */
  const queue: Delivery[] = [];
  let timer: NodeJS.Timeout | undefined;
  let arrived = 0;

  function deliverDue(): void {
    timer = undefined;
    const nowMs = performance.now();
    let due = 0;
    while (due < queue.length && (queue[due]?.atMs ?? 0) <= nowMs) due++;
    for (const { deliver } of queue.splice(0, due)) deliver();
    const next = queue[0];
    // Timers count whole milliseconds and may fire up to one early: then the loop above finds nothing and waits again.
    if (next !== undefined) timer ??= setTimeout(deliverDue, Math.max(0, next.atMs - nowMs));
  }
  function send(packetBytes: number, deliver: () => void): void {
    const nowMs = performance.now();
    const atMs = arrivalOf(packetBytes, nowMs);
    queue.push({ atMs, deliver });
    timer ??= setTimeout(deliverDue, Math.max(0, atMs - nowMs));
  }

  function carry(from: Socket, to: Socket): void {
    let waitingBytes = 0;
    const release = (bytes: number) => {
      waitingBytes -= bytes;
      if (waitingBytes <= maxWaitingBytes / 2) from.resume();
    };
    from.on('data', (data: Buffer) => {
      waitingBytes += data.length;
      if (waitingBytes >= maxWaitingBytes) from.pause();
      for (let start = 0; start < data.length; start += maxPacketBytes) {
        const packet = data.subarray(start, start + maxPacketBytes);
        send(packet.length, () => {
          arrived += packet.length;
          // Written bytes still wait here until the receiver has taken them.
          to.write(packet, () => release(packet.length));
        });
      }
    });
    // The end has no bytes of its own: it takes the least a packet can.
    from.on('end', () => send(1, () => to.end()));
  }
  function stop(): void {
    clearTimeout(timer);
    queue.length = 0;
  }
  return { carry, arrivedBytes: () => arrived, stop };
}
