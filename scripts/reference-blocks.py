"""Writes test/vectors/pytorch-blocks.json: outputs and gradients of whole blocks as PyTorch computes them.

Usage: python3 scripts/reference-blocks.py (any PyTorch from 1.13 on; the values stored were made with 1.13).
Every block is a function from named tensors to named outputs, one of them the scalar `loss`. Read by
src/lab/autodiff/pytorch-blocks.test.ts, which builds the same blocks as graphs.
"""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

OUT = Path(__file__).parent.parent / "test" / "vectors" / "pytorch-blocks.json"


def bottleneck(x, wa, ba, wb, bb, wc, bc, ws, bs, weights):
    """ResNet-50's first block of a stage with batch norms folded: stride on the first 1x1 and the projection."""
    y = F.relu(F.conv2d(x, wa, ba, stride=2))
    y = F.relu(F.conv2d(y, wb, bb, padding=1))
    y = F.relu(F.conv2d(y, wc, bc) + F.conv2d(x, ws, bs, stride=2))
    return {"y": y, "loss": (y * weights).sum()}


def conv_batch_norm_relu(x, w, gamma, beta, weights):
    z = F.conv2d(x, w, stride=2, padding=1)
    y = F.relu(F.batch_norm(z, None, None, gamma, beta, training=True, eps=1e-3))
    mean, variance = z.mean((0, 2, 3)), z.var((0, 2, 3), unbiased=False)
    return {"y": y, "mean": mean, "variance": variance, "loss": (y * weights).sum() + mean.sum() + variance.sum()}


def batch_norm_rows(x, w, gamma, beta, weights):
    y = F.batch_norm(x @ w, None, None, gamma, beta, training=True, eps=1e-5)
    return {"y": y, "loss": (y * weights).sum()}


def transposed_conv(x, w, b, weights):
    y = F.relu(F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1))
    return {"y": y, "loss": (y * weights).sum()}


def max_pool(x, w, weights):
    y = F.max_pool2d(F.conv2d(x, w, padding=1), 3, stride=2, padding=1)
    return {"y": y, "loss": (y * weights).sum()}


def attention_gate(x, w1, b1, w2, b2, weights):
    """Channel attention: sigmoid(mlp(mean) + mlp(max)) times the map."""
    def mlp(v):
        return F.relu(v @ w1 + b1) @ w2 + b2
    gates = torch.sigmoid(mlp(x.mean((2, 3))) + mlp(x.amax((2, 3))))
    y = x * gates[:, :, None, None]
    return {"gates": gates, "y": y, "loss": (y * weights).sum()}


def self_attention(q, k, v, weights):
    y = torch.softmax(q @ k.transpose(1, 2) / 2, -1) @ v
    return {"y": y, "loss": (y * weights).sum()}


def distillation(student, teacher, targets):
    cross_entropy = F.cross_entropy(student, targets)
    temperature = 4
    kl = F.kl_div(F.log_softmax(student / temperature, -1), F.softmax(teacher.detach() / temperature, -1),
                  reduction="batchmean") * temperature**2
    return {"crossEntropy": cross_entropy, "divergence": kl, "loss": cross_entropy + 0.5 * kl}


def quantizer(x, w, gain, target):
    """Straight-through rounding between two linear maps, mean squared error."""
    z = torch.clamp(x @ w * gain, -3, 3)
    symbols = z + (torch.round(z) - z).detach()
    y = symbols / gain @ w.t()
    return {"symbols": symbols, "loss": F.mse_loss(y, target)}


def normal(*shape):
    return torch.randn(*shape)


torch.manual_seed(0)
BLOCKS = {
    "bottleneck": (bottleneck, dict(
        x=normal(2, 8, 6, 6), wa=normal(4, 8, 1, 1) / 2, ba=normal(4), wb=normal(4, 4, 3, 3) / 4, bb=normal(4),
        wc=normal(16, 4, 1, 1), bc=normal(16), ws=normal(16, 8, 1, 1) / 2, bs=normal(16), weights=normal(2, 16, 3, 3))),
    "convBatchNormRelu": (conv_batch_norm_relu, dict(
        x=normal(3, 4, 6, 5), w=normal(5, 4, 3, 3) / 4, gamma=normal(5), beta=normal(5), weights=normal(3, 5, 3, 3))),
    "batchNormRows": (batch_norm_rows, dict(
        x=normal(7, 4), w=normal(4, 5), gamma=normal(5), beta=normal(5), weights=normal(7, 5))),
    "transposedConv": (transposed_conv, dict(
        x=normal(2, 4, 3, 4), w=normal(4, 3, 3, 3) / 4, b=normal(3), weights=normal(2, 3, 6, 8))),
    "maxPool": (max_pool, dict(x=normal(2, 3, 7, 6), w=normal(4, 3, 3, 3), weights=normal(2, 4, 4, 3))),
    "attentionGate": (attention_gate, dict(
        x=normal(2, 6, 4, 4), w1=normal(6, 3), b1=normal(3), w2=normal(3, 6), b2=normal(6), weights=normal(2, 6, 4, 4))),
    "selfAttention": (self_attention, dict(
        q=normal(2, 5, 4), k=normal(2, 6, 4), v=normal(2, 6, 3), weights=normal(2, 5, 3))),
    "distillation": (distillation, dict(
        student=normal(5, 7) * 3, teacher=normal(5, 7) * 3, targets=torch.softmax(normal(5, 7), -1))),
    "quantizer": (quantizer, dict(x=normal(4, 5), w=normal(5, 6), gain=torch.exp(normal(6) / 4), target=normal(4, 5))),
}


def stored(tensor):
    """Nine significant digits: every float32 reads back exactly."""
    return {"shape": list(tensor.shape), "data": [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]}


def reference(function, inputs):
    leaves = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    outputs = function(**leaves)
    outputs["loss"].backward()
    gradients = {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}
    return {part: {name: stored(value) for name, value in tensors.items()}
            for part, tensors in (("inputs", inputs), ("outputs", outputs), ("gradients", gradients))}


def optimizer_steps(make):
    """Three steps on mean((x w - y)^2), from the same start."""
    generator = torch.Generator().manual_seed(1)
    x, y, w = (torch.randn(*shape, generator=generator) for shape in ((6, 4), (6, 3), (4, 3)))
    parameter = w.clone().requires_grad_()
    optimizer = make([parameter])
    after = []
    for _ in range(3):
        optimizer.zero_grad()
        F.mse_loss(x @ parameter, y).backward()
        optimizer.step()
        after.append(stored(parameter.clone()))
    return {"inputs": {"x": stored(x), "y": stored(y), "w": stored(w)}, "after": after}


def main():
    optimizers = {
        "sgdMomentum": optimizer_steps(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
        "adamW": optimizer_steps(lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.9, 0.99), eps=1e-3, weight_decay=0.05)),
    }
    blocks = {name: reference(function, inputs) for name, (function, inputs) in BLOCKS.items()}
    document = {"madeBy": f"scripts/reference-blocks.py, PyTorch {torch.__version__}", "blocks": blocks, "optimizers": optimizers}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    print(OUT, OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
