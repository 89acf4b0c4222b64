"""The peer of bench/train.ts: the same training step in PyTorch on the CPU.

Usage: python3 bench/train.py START BATCH CLASSES THREADS. START holds raw float32: the images, then the parameters.
Prints one JSON line with the versions, then takes one step for each line of stdin and prints its milliseconds and loss,
until the input ends: so the caller decides when each side computes. The last line is the peak memory.
"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

START = sys.argv[1]
BATCH, CLASSES, THREADS = (int(argument) for argument in sys.argv[2:5])


class Block(nn.Module):
    """Residual block with batch norms folded into the convolutions: each has weights and bias, all trained."""

    def __init__(self, inputs: int, first: bool):
        super().__init__()
        stride = 2 if first else 1
        self.branch2a = nn.Conv2d(inputs, 512, 1, stride)
        self.branch2b = nn.Conv2d(512, 512, 3, padding=1)
        self.branch2c = nn.Conv2d(512, 2048, 1)
        self.branch1 = nn.Conv2d(inputs, 2048, 1, stride) if first else None

    def forward(self, x):
        shortcut = x if self.branch1 is None else self.branch1(x)
        y = F.relu(self.branch2a(x))
        y = F.relu(self.branch2b(y))
        return F.relu(self.branch2c(y) + shortcut)


class Tail(nn.Module):
    """conv5_x of ResNet-50, global average pool and classifier."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(1024, True), Block(2048, False), Block(2048, False))
        self.classifier = nn.Linear(2048, CLASSES)

    def forward(self, x):
        return self.classifier(self.blocks(x).mean((2, 3)))


def main():
    torch.set_num_threads(THREADS)
    network = Tail()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    with open(START, "rb") as file:
        numbers = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    images = numbers[: BATCH * 1024 * 14 * 14].view(BATCH, 1024, 14, 14).clone()
    taken = images.numel()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(numbers[taken : taken + parameter.numel()].view_as(parameter))
            taken += parameter.numel()
    assert taken == numbers.numel()
    del numbers
    targets = torch.arange(BATCH) % CLASSES
    print(json.dumps({"torch": torch.__version__, "python": sys.version.split()[0]}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), targets)
        loss.backward()
        optimizer.step()
        print(json.dumps({"milliseconds": 1000 * (time.perf_counter() - start), "loss": float(loss)}), flush=True)
    print(json.dumps({"peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)


if __name__ == "__main__":
    main()
