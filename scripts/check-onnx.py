"""Runs ONNX's own checker, with shape inference, over files: one line each.

Usage: /usr/bin/python3 scripts/check-onnx.py <file.onnx>... (Debian's python3-onnx)
Exit code 1 when a file is refused.
"""

import sys

import onnx


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    opsets = ", ".join(f"{entry.domain or 'ai.onnx'} {entry.version}" for entry in model.opset_import)
    return f"IR {model.ir_version}, {opsets}, {len(model.graph.node)} nodes"


def main(paths):
    if not paths:
        sys.exit(__doc__)
    refused = 0
    for path in paths:
        try:
            print(f"{path}: ok, {check(path)}")
        except Exception as error:  # the checker, the parser and the file system all have their own
            refused += 1
            print(f"{path}: refused, {' '.join(str(error).split())}")
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
