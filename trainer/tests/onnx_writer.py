"""Builds ONNX files for the tests: a graph under construction, written with the trainer's own protobuf functions."""
from __future__ import annotations

from pathlib import Path

import torch

from ..onnx_reader import DTYPES
from ..protobuf import write_bytes, write_float, write_int
from ..safetensors import tensor_bytes

_CODES = {dtype: code for code, dtype in DTYPES.items()}


class GraphWriter:
    """`add` returns the name of the node's (first) output; Python numbers and lists become constants."""

    def __init__(self, name: str = "graph"):
        self.name = name
        self.nodes: list[bytes] = []
        self.initializers: dict[str, bytes] = {}
        self.inputs: list[bytes] = []
        self.outputs: list[bytes] = []
        self.count = 0

    def input(self, name: str, shape: list[int], dtype: torch.dtype = torch.float32) -> str:
        self.inputs.append(_value_info(name, shape, dtype))
        return name

    def parameter(self, name: str, shape: list[int]) -> str:
        dims = b"".join(write_int(1, d) for d in shape)
        entry = write_bytes(13, write_bytes(1, "location") + write_bytes(2, "parameters.safetensors"))
        self.initializers[name] = dims + write_int(2, 1) + write_bytes(8, name) + entry + write_int(14, 1)
        return name

    def constant(self, value: object, dtype: torch.dtype | None = None) -> str:
        tensor = value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=dtype)
        tensor = tensor.double().float() if tensor.dtype == torch.float64 else tensor
        self.count += 1
        name = f"constant_{self.count}"
        dims = b"".join(write_int(1, d) for d in tensor.shape)
        content = write_int(2, _CODES[tensor.dtype]) + write_bytes(8, name) + write_bytes(9, tensor_bytes(tensor.contiguous()))
        self.initializers[name] = dims + content
        return name

    def add(self, op: str, *inputs: object, outputs: int = 1, domain: str = "", **attributes: object) -> str | list[str]:
        self.count += 1
        names = [f"value_{self.count}_{i}" for i in range(outputs)]
        data = b"".join(write_bytes(1, self._operand(i)) for i in inputs) + b"".join(write_bytes(2, n) for n in names)
        data += write_bytes(3, f"{op}_{self.count}") + write_bytes(4, op) + (write_bytes(7, domain) if domain else b"")
        self.nodes.append(data + b"".join(write_bytes(5, _attribute(k, v)) for k, v in attributes.items()))
        return names[0] if outputs == 1 else names

    def _operand(self, value: object) -> str:
        if value is None:
            return ""
        return value if isinstance(value, str) else self.constant(value)

    def output(self, name: str, value: str, shape: list[int], dtype: torch.dtype = torch.float32) -> None:
        self.nodes.append(write_bytes(1, value) + write_bytes(2, name) + write_bytes(4, "Identity"))
        self.outputs.append(_value_info(name, shape, dtype))

    def encode(self) -> bytes:
        graph = b"".join(write_bytes(1, n) for n in self.nodes) + write_bytes(2, self.name)
        graph += b"".join(write_bytes(5, t) for t in self.initializers.values())
        graph += b"".join(write_bytes(11, i) for i in self.inputs) + b"".join(write_bytes(12, o) for o in self.outputs)
        return write_int(1, 10) + write_bytes(7, graph) + write_bytes(8, write_int(2, 21))

    def write(self, path: Path) -> None:
        path.write_bytes(self.encode())


def _value_info(name: str, shape: list[int], dtype: torch.dtype) -> bytes:
    dims = b"".join(write_bytes(1, write_int(1, d)) for d in shape)
    return write_bytes(1, name) + write_bytes(2, write_bytes(1, write_int(1, _CODES[dtype]) + write_bytes(2, dims)))


def _attribute(name: str, value: object) -> bytes:
    start = write_bytes(1, name)
    if isinstance(value, bool) or isinstance(value, int):
        return start + write_int(3, int(value)) + write_int(20, 2)
    if isinstance(value, float):
        return start + write_float(2, value) + write_int(20, 1)
    if isinstance(value, str):
        return start + write_bytes(4, value) + write_int(20, 3)
    return start + b"".join(write_int(8, int(v)) for v in value) + write_int(20, 7)
