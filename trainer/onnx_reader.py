"""Reads an ONNX ModelProto into plain Python objects: nodes, constants, parameters, inputs and outputs."""
from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from .errors import TrainerError
from .protobuf import fields, repeated_floats, repeated_ints, signed

# TensorProto.DataType
DTYPES = {
    1: torch.float32, 2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32, 7: torch.int64,
    9: torch.bool, 10: torch.float16, 11: torch.float64, 16: torch.bfloat16,
}


@dataclass
class OnnxNode:
    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    domain: str = ""


@dataclass
class ValueInfo:
    name: str
    dtype: torch.dtype
    shape: tuple[int | str, ...]


@dataclass
class OnnxGraph:
    """`parameters` (name -> shape) have no data in the file: their values come from a parameter file, by name."""

    name: str
    nodes: list[OnnxNode] = field(default_factory=list)
    constants: dict[str, torch.Tensor] = field(default_factory=dict)
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    inputs: list[ValueInfo] = field(default_factory=list)
    outputs: list[ValueInfo] = field(default_factory=list)
    opset: int = 0


def read_onnx(path: str | Path) -> OnnxGraph:
    """The graph of an ONNX file; raises TrainerError when it is none or uses types outside DTYPES."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrainerError(f"read graph {path}: {error.strerror}") from None
    try:
        graph = _model(memoryview(data))
    except (ValueError, IndexError, KeyError, struct.error) as error:
        raise TrainerError(f"read graph {path}: not an ONNX file that this program understands ({error})") from None
    if graph is None:
        raise TrainerError(f"read graph {path}: the file holds no graph")
    graph.name = graph.name or path.stem
    return graph


def _model(data: memoryview) -> OnnxGraph | None:
    graph, opset = None, 0
    for number, _, value in fields(data):
        if number == 7:
            graph = _graph(value)
        elif number == 8:
            entry = {n: v for n, _, v in fields(value)}
            if not bytes(entry.get(1, b"")):
                opset = entry.get(2, 0)
    if graph is not None:
        graph.opset = opset
    return graph


def _graph(data: memoryview) -> OnnxGraph:
    graph = OnnxGraph(name="")
    for number, _, value in fields(data):
        if number == 1:
            graph.nodes.append(_node(value))
        elif number == 2:
            graph.name = _text(value)
        elif number == 5:
            name, shape, tensor = _tensor(value)
            if tensor is None:
                graph.parameters[name] = shape
            else:
                graph.constants[name] = tensor
        elif number == 11:
            graph.inputs.append(_value_info(value))
        elif number == 12:
            graph.outputs.append(_value_info(value))
    given = graph.constants.keys() | graph.parameters.keys()
    graph.inputs = [i for i in graph.inputs if i.name not in given]
    return graph


def _node(data: memoryview) -> OnnxNode:
    node = OnnxNode("", "", [], [], {})
    for number, _, value in fields(data):
        if number == 1:
            node.inputs.append(_text(value))
        elif number == 2:
            node.outputs.append(_text(value))
        elif number == 3:
            node.name = _text(value)
        elif number == 4:
            node.op = _text(value)
        elif number == 5:
            name, attribute = _attribute(value)
            node.attributes[name] = attribute
        elif number == 7:
            node.domain = _text(value)
    return node


def _attribute(data: memoryview) -> tuple[str, Any]:
    name, kind = "", 0
    single: dict[int, Any] = {}
    many: dict[int, list] = {7: [], 8: [], 9: []}
    for number, wire, value in fields(data):
        if number == 1:
            name = _text(value)
        elif number == 2:
            single[1] = struct.unpack("<f", value)[0]
        elif number == 3:
            single[2] = signed(value)
        elif number == 4:
            single[3] = _text(value)
        elif number == 5:
            single[4] = _tensor(value)[2]
        elif number == 7:
            many[7] += repeated_floats(value)
        elif number == 8:
            many[8] += repeated_ints(wire, value)
        elif number == 9:
            many[9].append(_text(value))
        elif number == 20:
            kind = value
    if kind in (6, 7, 8):
        return name, many[kind + 1]
    if kind in single:
        return name, single[kind]
    # proto2 leaves a default value out (an INT 0 written by some libraries)
    return name, {1: 0.0, 2: 0, 3: ""}.get(kind)


def _tensor(data: memoryview) -> tuple[str, tuple[int, ...], torch.Tensor | None]:
    """(name, shape, values); the values are None when the file holds none: then it is a parameter."""
    name, dims, dtype, raw, external = "", [], torch.float32, None, False
    listed: list[float | int] = []
    for number, wire, value in fields(data):
        if number == 1:
            dims += repeated_ints(wire, value)
        elif number == 2:
            dtype = DTYPES[value]
        elif number == 4:
            listed += repeated_floats(value)
        elif number in (5, 7):
            listed += repeated_ints(wire, value)
        elif number == 8:
            name = _text(value)
        elif number == 9:
            raw = value
        elif number == 13:
            external = True
        elif number == 14:
            external = external or value == 1
    shape = tuple(dims)
    if external:
        return name, shape, None
    size = torch.Size(shape).numel()
    if raw is not None and len(raw):
        tensor = torch.frombuffer(bytearray(raw), dtype=dtype)
        if tensor.numel() != size:
            raise ValueError(f"tensor {name!r} has {tensor.numel()} values for shape {list(shape)}")
        return name, shape, tensor.reshape(shape)
    if listed or size == 0:
        return name, shape, torch.tensor(listed, dtype=dtype).reshape(shape)
    return name, shape, None


def _value_info(data: memoryview) -> ValueInfo:
    name, dtype, shape = "", torch.float32, []
    for number, _, value in fields(data):
        if number == 1:
            name = _text(value)
        elif number == 2:
            for kind, _, tensor in fields(value):
                if kind != 1:
                    continue
                for part, _, content in fields(tensor):
                    if part == 1:
                        dtype = DTYPES[content]
                    elif part == 2:
                        shape = [_dimension(d) for n, _, d in fields(content) if n == 1]
    return ValueInfo(name, dtype, tuple(shape))


def _dimension(data: memoryview) -> int | str:
    for number, _, value in fields(data):
        return value if number == 1 else _text(value)
    return 0


def _text(value: Any) -> str:
    return bytes(value).decode()
