"""Turns an ONNX graph into a torch.fx GraphModule, so that autograd, torch.compile and CUDA graphs apply to it."""
from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from . import operators_indexing, operators_nn  # noqa: F401  (they fill OPERATORS)
from .errors import TrainerError
from .fusion import fuse as fuse_nodes
from .fusion import live
from .onnx_reader import OnnxGraph, OnnxNode
from .operators import OPERATORS, Call


def build_module(graph: OnnxGraph, parameters: Mapping[str, nn.Parameter], *, fuse: bool = True) -> fx.GraphModule:
    """A module with the graph's inputs as positional arguments and a tuple of its outputs as result.

    `parameters` are shared, not copied: modules of several graphs see the same tensors. The module's
    `input_names` and `output_names` tell the order. Raises TrainerError for a missing parameter or an
    operator that is not known.
    """
    if fuse:
        graph = fuse_nodes(graph)
    return _Builder(graph, parameters).build()


class _Builder:
    def __init__(self, graph: OnnxGraph, parameters: Mapping[str, nn.Parameter]):
        self.source = graph
        self.parameters = parameters
        self.root = nn.Module()
        self.graph = fx.Graph()
        self.values: dict[str, Any] = dict(graph.constants)
        self.constant_nodes: dict[int, tuple[Tensor, fx.Node]] = {}

    def build(self) -> fx.GraphModule:
        for number, info in enumerate(self.source.inputs):
            self.values[info.name] = self.graph.placeholder(f"input_{number}")
        nodes = live(self.source.nodes, [o.name for o in self.source.outputs])
        self._bind_parameters(nodes)
        for node in nodes:
            self._lower(node)
        self.graph.output(tuple(self._as_node(self.values[o.name]) for o in self.source.outputs))
        module = fx.GraphModule(self.root, self.graph, class_name="Network")
        module.input_names = [i.name for i in self.source.inputs]
        module.output_names = [o.name for o in self.source.outputs]
        return module

    def _bind_parameters(self, nodes: list[OnnxNode]) -> None:
        used = {name for node in nodes for name in node.inputs} | {o.name for o in self.source.outputs}
        for number, (name, shape) in enumerate(self.source.parameters.items()):
            if name not in used:
                continue
            parameter = self.parameters.get(name)
            if parameter is None:
                raise TrainerError(f"graph {self.source.name!r}: parameter {name!r} is not in the parameter file")
            if tuple(parameter.shape) != shape:
                raise TrainerError(f"graph {self.source.name!r}: parameter {name!r} has shape {list(parameter.shape)}, the graph wants {list(shape)}")
            self.root.register_parameter(f"parameter_{number}", parameter)
            self.values[name] = self.graph.get_attr(f"parameter_{number}")

    def _lower(self, node: OnnxNode) -> None:
        if node.domain not in ("", "ai.onnx"):
            raise TrainerError(f"graph {self.source.name!r}: operator {node.domain}.{node.op} (node {node.name!r}) is not known to the trainer")
        lower = OPERATORS.get(node.op)
        if lower is None:
            raise TrainerError(f"graph {self.source.name!r}: operator {node.op} (node {node.name!r}) is not known to the trainer")
        missing = [name for name in node.inputs if name and name not in self.values]
        if missing:
            raise TrainerError(f"graph {self.source.name!r}: node {node.name!r} ({node.op}) reads {missing[0]!r}, which nothing computes before it")
        call = Call(node, [self.values[name] if name else None for name in node.inputs])
        function, *arguments = lower(call)
        if any(_holds_node(a) for a in arguments):
            result = self.graph.call_function(function, tuple(self._argument(a) for a in arguments))
            split = [self.graph.call_function(operator.getitem, (result, i)) for i in range(len(node.outputs))] if _many(node) else [result]
        else:  # all constant: computed now
            result = function(*arguments)
            split = list(result) if isinstance(result, (tuple, list)) else [result]
        for name, value in zip(node.outputs, split):
            if name:
                self.values[name] = value

    def _argument(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._as_node(value)
        if isinstance(value, (list, tuple)) and any(isinstance(v, (Tensor, fx.Node)) for v in value):
            return [self._argument(v) for v in value]
        return value

    def _as_node(self, value: Any) -> fx.Node:
        if isinstance(value, fx.Node):
            return value
        known = self.constant_nodes.get(id(value))
        if known is None:
            name = f"constant_{len(self.constant_nodes)}"
            self.root.register_buffer(name, value.clone())
            known = self.constant_nodes[id(value)] = (value, self.graph.get_attr(name))
        return known[1]


def _many(node: OnnxNode) -> bool:
    return node.op in ("Split", "TopK")


def _holds_node(value: Any) -> bool:
    return isinstance(value, fx.Node) or (isinstance(value, (list, tuple)) and any(_holds_node(v) for v in value))

