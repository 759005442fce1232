"""Rewrites groups of ONNX nodes to one PyTorch call: attention, linear layers, group normalisation, SiLU."""
from __future__ import annotations

from collections import Counter
from typing import Optional

from .onnx_reader import OnnxGraph, OnnxNode


class _Index:
    """Who makes and who uses each value. Only values with one reader that are no output may vanish inside a fused node."""

    def __init__(self, graph: OnnxGraph):
        self.graph = graph
        self.maker = {name: node for node in graph.nodes for name in node.outputs}
        self.uses = Counter(name for node in graph.nodes for name in node.inputs if name)
        self.uses.update(output.name for output in graph.outputs)
        self.readers: dict[str, list[OnnxNode]] = {}
        for node in graph.nodes:
            for name in node.inputs:
                self.readers.setdefault(name, []).append(node)

    def made_by(self, name: str, op: str, *, private: bool = True) -> Optional[OnnxNode]:
        node = self.maker.get(name)
        return node if node and node.op == op and not (private and self.uses[name] > 1) else None

    def scalar(self, name: str) -> Optional[float]:
        value = self.graph.constants.get(name)
        return float(value.reshape(-1)[0]) if value is not None and value.numel() == 1 else None

    def only_reader(self, name: str, op: str) -> Optional[OnnxNode]:
        readers = self.readers.get(name, [])
        return readers[0] if self.uses[name] == 1 and len(readers) == 1 and readers[0].op == op else None


def fuse(graph: OnnxGraph) -> OnnxGraph:
    """The same graph with the patterns replaced; nodes that nothing reads any more are dropped."""
    nodes = graph.nodes
    for rewrite in (_silu, _attention, _group_norm, _linear, _linear_bias):
        index = _Index(_with(graph, nodes))
        replaced: dict[int, OnnxNode] = {}
        for node in nodes:
            fused = rewrite(index, node)
            if fused is not None:
                replaced[id(node)] = fused
        nodes = [replaced.get(id(node), node) for node in nodes]
    return _with(graph, live(nodes, [o.name for o in graph.outputs]))


def _with(graph: OnnxGraph, nodes: list[OnnxNode]) -> OnnxGraph:
    return OnnxGraph(graph.name, nodes, graph.constants, graph.parameters, graph.inputs, graph.outputs, graph.opset)


def live(nodes: list[OnnxNode], outputs: list[str]) -> list[OnnxNode]:
    """The nodes that the outputs depend on, in order (a fused node may stand later than a node it replaced, never earlier)."""
    needed, kept = set(outputs), []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    return kept[::-1]


def _fused(node: OnnxNode, op: str, inputs: list[str], attributes: Optional[dict] = None) -> OnnxNode:
    return OnnxNode(f"trainer.{op}", node.name, inputs, node.outputs, attributes or {})


def _silu(index: _Index, node: OnnxNode) -> Optional[OnnxNode]:
    if node.op != "Mul":
        return None
    for x, gate in (node.inputs, node.inputs[::-1]):
        sigmoid = index.made_by(gate, "Sigmoid")
        if sigmoid and sigmoid.inputs[0] == x:
            return _fused(node, "Silu", [x])
    return None


def _attention(index: _Index, node: OnnxNode) -> Optional[OnnxNode]:
    """Softmax(q k' * scale (+ mask)) v, with the scale behind the product, before it on q, or absent."""
    softmax = index.made_by(node.inputs[0], "Softmax") if node.op == "MatMul" else None
    if softmax is None or softmax.attributes.get("axis", -1) not in (-1, 3):
        return None
    scores, mask, scale = softmax.inputs[0], "", 1.0
    add = index.made_by(scores, "Add")
    if add is not None:
        product = next((i for i in (0, 1) if index.maker.get(add.inputs[i]) and index.maker[add.inputs[i]].op in ("Mul", "Div", "MatMul")), None)
        if product is None:
            return None
        scores, mask = add.inputs[product], add.inputs[1 - product]
    for op in ("Mul", "Div"):
        scaled = index.made_by(scores, op)
        if scaled is not None:
            factor = index.scalar(scaled.inputs[1])
            if factor is None:
                return None
            scale, scores = (factor if op == "Mul" else 1 / factor), scaled.inputs[0]
            break
    product = index.made_by(scores, "MatMul")
    if product is None:
        return None
    query = product.inputs[0]
    scaled_query = index.made_by(query, "Mul")
    factor = index.scalar(scaled_query.inputs[1]) if scaled_query else None
    if factor is not None:
        query, scale = scaled_query.inputs[0], scale * factor
    return _fused(node, "Attention", [query, product.inputs[1], node.inputs[1], mask], {"scale": scale})


def _group_norm(index: _Index, node: OnnxNode) -> Optional[OnnxNode]:
    """Reshape to [N, groups, -1], InstanceNormalization with ones and zeros, Reshape back, Mul, Add."""
    if node.op != "Add":
        return None
    for scaled, bias in (node.inputs, node.inputs[::-1]):
        mul = index.made_by(scaled, "Mul")
        for normed, scale in (mul.inputs, mul.inputs[::-1]) if mul else ():
            back = index.made_by(normed, "Reshape")
            norm = index.made_by(back.inputs[0], "InstanceNormalization") if back else None
            split = index.made_by(norm.inputs[0], "Reshape") if norm else None
            if split is None or not _plain_affine(index.graph, norm) or not _per_channel(index, scale) or not _per_channel(index, bias):
                continue
            groups = index.graph.constants[norm.inputs[1]].numel()
            attributes = {"groups": groups, "epsilon": norm.attributes.get("epsilon", 1e-5)}
            return _fused(node, "GroupNorm", [split.inputs[0], scale, bias], attributes)
    return None


def _plain_affine(graph: OnnxGraph, norm: OnnxNode) -> bool:
    scale, bias = graph.constants.get(norm.inputs[1]), graph.constants.get(norm.inputs[2])
    return scale is not None and bias is not None and bool((scale == 1).all()) and bool((bias == 0).all())


def _per_channel(index: _Index, name: str) -> bool:
    """A parameter seen as [C, 1, 1] or [1, C, 1, 1]: nothing that depends on the input."""
    while name in index.maker and index.maker[name].op in ("Reshape", "Unsqueeze"):
        name = index.maker[name].inputs[0]
    return name in index.graph.parameters


def _linear(index: _Index, node: OnnxNode) -> Optional[OnnxNode]:
    """MatMul with a parameter matrix, stored [out, in] and transposed in the graph, or [in, out]."""
    if node.op != "MatMul":
        return None
    x, weight = node.inputs
    turned = index.made_by(weight, "Transpose", private=False)
    if turned is not None and len(index.graph.parameters.get(turned.inputs[0], ())) == 2:
        return _fused(node, "Linear", [x, turned.inputs[0]])
    if len(index.graph.parameters.get(weight, ())) == 2:
        return _fused(node, "Linear", [x, weight], {"flip": 1})
    return None


def _linear_bias(index: _Index, node: OnnxNode) -> Optional[OnnxNode]:
    if node.op != "Add":
        return None
    for product, bias in (node.inputs, node.inputs[::-1]):
        linear = index.made_by(product, "trainer.Linear")
        if linear and len(linear.inputs) == 2 and len(index.graph.parameters.get(bias, ())) == 1:
            return _fused(node, "Linear", [*linear.inputs, bias], linear.attributes)
    return None
