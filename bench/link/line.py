"""What netem does to packets, for kernels that lack it (bench/link/line-medium.ts): a rate, a delay, losses in bursts.

Usage: python3 bench/link/line.py NEAR FAR LIMIT. Makes the TUN devices NEAR and FAR in its network namespace and carries
packets between them; they vanish with it. Each line of stdin is a JSON object with the shapes of both directions, "up" being
from NEAR to FAR; it is answered by an empty line once it holds. Ends with the input.

The twist: a packet's way is settled when it comes in, as in netem, so packets under way when the shape changes still arrive.
"""

import fcntl
import json
import os
import random
import select
import signal
import struct
import sys
import time
from collections import deque

NEAR, FAR, LIMIT = sys.argv[1], sys.argv[2], int(sys.argv[3])

# linux/if_tun.h
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MOST_PACKET_BYTES = 65535


def open_tun(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return descriptor


class Direction:
    """Packets on their way from one device to the other."""

    def __init__(self, source: int, target: int):
        self.source, self.target = source, target
        self.shape: dict = {"delayMs": 0}
        self.idle_at = 0.0
        self.losing = False
        self.under_way: deque = deque()

    def take_in(self) -> None:
        while True:
            try:
                packet = os.read(self.source, MOST_PACKET_BYTES)
            except BlockingIOError:
                return
            now = time.monotonic()
            if self.loses() or len(self.under_way) >= LIMIT:
                continue
            rate = self.shape.get("rateBitsPerSecond")
            if rate is not None:
                self.idle_at = max(now, self.idle_at) + 8 * len(packet) / rate
                now = self.idle_at
            self.under_way.append((now + self.shape["delayMs"] / 1000, packet))

    def loses(self) -> bool:
        loss = self.shape.get("loss")
        if loss is None or loss == "all":
            return loss == "all"
        chance = random.random()
        self.losing = chance >= loss["endProbability"] if self.losing else chance < loss["startProbability"]
        return self.losing

    def deliver(self) -> None:
        while self.under_way and self.under_way[0][0] <= time.monotonic():
            _, packet = self.under_way.popleft()
            try:
                os.write(self.target, packet)
            except OSError:
                pass  # The far device is down: lost, like on any wire.


def main() -> None:
    # Ctrl-C reaches every process of a terminal: the parent says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Ahead of the networks that compute on the same cores: a wire is not late because a processor is busy.
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pass  # In a container that may not: late by a few milliseconds at times.
    near, far = open_tun(NEAR), open_tun(FAR)
    directions = {"up": Direction(near, far), "down": Direction(far, near)}
    print(flush=True)
    pending = b""
    while True:
        due = min((d.under_way[0][0] for d in directions.values() if d.under_way), default=None)
        wait = None if due is None else max(0.0, due - time.monotonic())
        ready, _, _ = select.select([0, near, far], [], [], wait)
        for direction in directions.values():
            direction.deliver()
            if direction.source in ready:
                direction.take_in()
        if 0 in ready:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                for name, shape in json.loads(line).items():
                    directions[name].shape = shape
                print(flush=True)


main()
