"""ONNX operators as PyTorch calls: elementwise and shape (operators_indexing.py and operators_nn.py have the others)."""
from __future__ import annotations

import operator
from typing import Any, Callable, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from torch import Tensor, fx

from .errors import TrainerError
from .onnx_reader import DTYPES, OnnxNode

Value = Union[Tensor, fx.Node]
Lowered = tuple  # (function, *arguments)


class Call:
    """One ONNX node while it is lowered. A constant input is a Tensor, any other an fx.Node."""

    def __init__(self, node: OnnxNode, inputs: Sequence[Optional[Value]]):
        self.node = node
        self.inputs = list(inputs)
        self.outputs = len(node.outputs)

    def __getitem__(self, index: int) -> Optional[Value]:
        return self.inputs[index] if index < len(self.inputs) else None

    def attr(self, name: str, default: Any = None) -> Any:
        return self.node.attributes.get(name, default)

    def fail(self, message: str) -> TrainerError:
        return TrainerError(f"{self.node.op} (node {self.node.name or self.node.outputs[0]!r}): {message}")

    def constant(self, index: int, what: str) -> Optional[Tensor]:
        value = self[index]
        if value is not None and not isinstance(value, Tensor):
            raise self.fail(f"{what} must be a constant")
        return value

    def ints(self, index: int, what: str) -> Optional[tuple[int, ...]]:
        value = self.constant(index, what)
        return None if value is None else tuple(int(v) for v in value.flatten().tolist())

    def operand(self, index: int) -> Any:
        """A constant scalar as a Python number: no tensor to read, and no dtype promotion."""
        value = self[index]
        return value.item() if isinstance(value, Tensor) and value.ndim == 0 else value


OPERATORS: dict[str, Callable[[Call], Lowered]] = {}


def register(*names: str):
    def add(function: Callable[[Call], Lowered]) -> Callable[[Call], Lowered]:
        for name in names:
            OPERATORS[name] = function
        return function

    return add


def _elementwise(function: Callable) -> Callable[[Call], Lowered]:
    def lower(call: Call) -> Lowered:
        operands = [call.operand(i) for i in range(len(call.inputs))]
        if not any(isinstance(o, (Tensor, fx.Node)) for o in operands):
            operands = call.inputs
        return (function, *operands)

    return lower


def divide(a: Any, b: Any) -> Any:
    integer = [x for x in (a, b) if isinstance(x, Tensor) and not x.is_floating_point()]
    return torch.div(a, b, rounding_mode="trunc") if integer else operator.truediv(a, b)


def power(base: Any, exponent: Any) -> Any:
    result = torch.pow(base, exponent)
    if isinstance(base, Tensor) and not base.is_floating_point():
        return result.to(base.dtype)
    return result


_BINARY = {
    "Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": divide, "Pow": power,
    "Equal": operator.eq, "Less": operator.lt, "Greater": operator.gt, "LessOrEqual": operator.le,
    "GreaterOrEqual": operator.ge, "And": operator.and_, "Or": operator.or_, "Xor": operator.xor,
}
_UNARY = {
    "Neg": torch.neg, "Abs": torch.abs, "Exp": torch.exp, "Log": torch.log, "Sqrt": torch.sqrt, "Sin": torch.sin,
    "Cos": torch.cos, "Tan": torch.tan, "Asin": torch.asin, "Acos": torch.acos, "Atan": torch.atan, "Sinh": torch.sinh,
    "Cosh": torch.cosh, "Tanh": torch.tanh, "Erf": torch.erf, "Sigmoid": torch.sigmoid, "Relu": F.relu,
    "Softplus": F.softplus, "HardSwish": F.hardswish, "Mish": F.mish, "Floor": torch.floor, "Ceil": torch.ceil,
    "Round": torch.round, "Sign": torch.sign, "Reciprocal": torch.reciprocal, "Not": torch.logical_not,
    "IsNaN": torch.isnan, "IsInf": torch.isinf,
}
for _name, _function in _BINARY.items():
    OPERATORS[_name] = _elementwise(_function)
for _name, _function in _UNARY.items():
    OPERATORS[_name] = (lambda function: lambda call: (function, call[0]))(_function)


def minimum(*values: Any) -> Any:
    return _extreme(torch.minimum, values)


def maximum(*values: Any) -> Any:
    return _extreme(torch.maximum, values)


def _extreme(function: Callable, values: Sequence[Tensor]) -> Tensor:
    result = values[0]
    for value in values[1:]:
        result = function(result, value)
    return result


@register("Min")
def _min(call: Call) -> Lowered:
    return (minimum, *call.inputs)


@register("Max")
def _max(call: Call) -> Lowered:
    return (maximum, *call.inputs)


@register("Mod")
def _mod(call: Call) -> Lowered:
    return torch.fmod if call.attr("fmod", 0) else torch.remainder, call[0], call[1]


@register("Identity", "Dropout")
def _identity(call: Call) -> Lowered:
    return same, call[0]


def same(x: Tensor) -> Tensor:
    return x


@register("LeakyRelu")
def _leaky(call: Call) -> Lowered:
    return F.leaky_relu, call[0], call.attr("alpha", 0.01)


@register("PRelu")
def _prelu(call: Call) -> Lowered:
    return prelu, call[0], call[1]


def prelu(x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x < 0, x * slope, x)


@register("Elu")
def _elu(call: Call) -> Lowered:
    return F.elu, call[0], call.attr("alpha", 1.0)


@register("HardSigmoid")
def _hard_sigmoid(call: Call) -> Lowered:
    return hard_sigmoid, call[0], call.attr("alpha", 0.2), call.attr("beta", 0.5)


def hard_sigmoid(x: Tensor, alpha: float, beta: float) -> Tensor:
    return torch.clamp(x * alpha + beta, 0, 1)


@register("Gelu")
def _gelu(call: Call) -> Lowered:
    return gelu, call[0], call.attr("approximate", "none")


def gelu(x: Tensor, approximate: str) -> Tensor:
    return F.gelu(x, approximate=approximate)


@register("Clip")
def _clip(call: Call) -> Lowered:
    low, high = call.operand(1), call.operand(2)
    return (same, call[0]) if low is None and high is None else (clip, call[0], low, high)


def clip(x: Tensor, low: Any, high: Any) -> Tensor:
    if low is not None and not isinstance(low, Tensor) and high is not None and isinstance(high, Tensor):
        return torch.clamp(torch.clamp(x, min=low), max=high)
    if isinstance(low, Tensor) and high is not None and not isinstance(high, Tensor):
        return torch.clamp(torch.clamp(x, min=low), max=high)
    return torch.clamp(x, low, high)


@register("Where")
def _where(call: Call) -> Lowered:
    return torch.where, call[0], call[1], call[2]


@register("Cast")
def _cast(call: Call) -> Lowered:
    return cast, call[0], DTYPES[call.attr("to")]


def cast(x: Tensor, dtype: torch.dtype) -> Tensor:
    if dtype == torch.bool:
        return x != 0
    return x.to(dtype)


# --- shape ---


@register("Shape")
def _shape(call: Call) -> Lowered:
    return shape_of, call[0], call.attr("start", 0), call.attr("end")


def shape_of(x: Tensor, start: int, end: Optional[int]) -> Tensor:
    return torch.tensor(list(x.shape)[start:end], dtype=torch.int64)


@register("Constant")
def _constant(call: Call) -> Lowered:
    attributes = call.node.attributes
    if "value" in attributes:
        return same, attributes["value"]
    for key, dtype in (("value_float", torch.float32), ("value_floats", torch.float32), ("value_int", torch.int64), ("value_ints", torch.int64)):
        if key in attributes:
            return same, torch.tensor(attributes[key], dtype=dtype)
    raise call.fail(f"attributes {sorted(attributes)} are not supported")


@register("ConstantOfShape")
def _constant_of_shape(call: Call) -> Lowered:
    value = call.attr("value", torch.zeros(1))
    return same, value.reshape(-1)[0].expand(call.ints(0, "shape") or ()).clone()


@register("Range")
def _range(call: Call) -> Lowered:
    start, limit, delta = (call.constant(i, "every input") for i in range(3))
    return same, torch.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)


@register("Reshape")
def _reshape(call: Call) -> Lowered:
    return reshape, call[0], call.ints(1, "shape"), bool(call.attr("allowzero", 0))


def reshape(x: Tensor, shape: Sequence[int], allow_zero: bool) -> Tensor:
    if not allow_zero:
        shape = [x.shape[i] if size == 0 else size for i, size in enumerate(shape)]
    return x.reshape(list(shape))


@register("Flatten")
def _flatten(call: Call) -> Lowered:
    return flatten, call[0], call.attr("axis", 1)


def flatten(x: Tensor, axis: int) -> Tensor:
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape(torch.Size(x.shape[:axis]).numel(), -1)


@register("Transpose")
def _transpose(call: Call) -> Lowered:
    return transpose, call[0], tuple(call.attr("perm") or ())


def transpose(x: Tensor, perm: Sequence[int]) -> Tensor:
    return x.permute(*(perm or range(x.ndim - 1, -1, -1)))


@register("Concat")
def _concat(call: Call) -> Lowered:
    return torch.cat, list(call.inputs), call.attr("axis")


@register("Split")
def _split(call: Call) -> Lowered:
    return split, call[0], call.ints(1, "split") or call.outputs, call.attr("axis", 0)


def split(x: Tensor, sizes: Union[int, Sequence[int]], axis: int) -> tuple[Tensor, ...]:
    return torch.split(x, -(-x.shape[axis] // sizes) if isinstance(sizes, int) else list(sizes), axis)


@register("Slice")
def _slice(call: Call) -> Lowered:
    starts, ends = call.ints(1, "starts"), call.ints(2, "ends")
    axes = call.ints(3, "axes") or tuple(range(len(starts)))
    return slice_axes, call[0], starts, ends, axes, call.ints(4, "steps") or (1,) * len(starts)


def slice_axes(x: Tensor, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int], steps: Sequence[int]) -> Tensor:
    for start, end, axis, step in zip(starts, ends, axes, steps):
        axis, size = axis % x.ndim, x.shape[axis]
        start, end = start + size if start < 0 else start, end + size if end < 0 else end
        if step < 0:  # the same rows, counted from the other end
            x, step = x.flip(axis), -step
            start, end = size - 1 - min(max(start, -1), size - 1), size - 1 - min(max(end, -1), size - 1)
        start, end = min(max(start, 0), size), min(max(end, 0), size)
        x = x[(slice(None),) * axis + (slice(start, max(end, start), step),)]
    return x


@register("Expand")
def _expand(call: Call) -> Lowered:
    return expand, call[0], call.ints(1, "shape")


def expand(x: Tensor, shape: Sequence[int]) -> Tensor:
    return x.expand(torch.broadcast_shapes(x.shape, tuple(shape)))


@register("Squeeze")
def _squeeze(call: Call) -> Lowered:
    return squeeze, call[0], call.ints(1, "axes")


def squeeze(x: Tensor, axes: Optional[Sequence[int]]) -> Tensor:
    if axes is None:
        return x.squeeze()
    drop = {axis % x.ndim for axis in axes}
    return x.reshape([size for i, size in enumerate(x.shape) if i not in drop])


@register("Unsqueeze")
def _unsqueeze(call: Call) -> Lowered:
    return unsqueeze, call[0], call.ints(1, "axes")


def unsqueeze(x: Tensor, axes: Sequence[int]) -> Tensor:
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


@register("Tile")
def _tile(call: Call) -> Lowered:
    return torch.tile, call[0], call.ints(1, "repeats")


@register("Pad")
def _pad(call: Call) -> Lowered:
    value = call.operand(2)
    if isinstance(value, Tensor):
        value = value.reshape(-1)[0].item()
    if isinstance(value, fx.Node):
        raise call.fail("constant_value must be a constant")
    return pad, call[0], call.ints(1, "pads"), call.ints(3, "axes"), call.attr("mode", "constant"), value or 0


def pad(x: Tensor, pads: Sequence[int], axes: Optional[Sequence[int]], mode: str, value: float) -> Tensor:
    axes = [axis % x.ndim for axis in axes] if axes is not None else list(range(x.ndim))
    around = {axis: (pads[i], pads[i + len(axes)]) for i, axis in enumerate(axes)}
    if mode == "constant":
        flat = [amount for axis in reversed(range(x.ndim)) for amount in around.get(axis, (0, 0))]
        return F.pad(x, flat, value=value)
    for axis, (before, after) in around.items():
        if before or after:
            rows = _source_rows(-before, x.shape[axis] + after, x.shape[axis], mode, x.device)
            x = x.index_select(axis, rows)
    return x


def _source_rows(start: int, end: int, size: int, mode: str, device: torch.device) -> Tensor:
    """The row inside [0, size) that each row of [start, end) repeats. Computed on the device: a CUDA graph takes no host data."""
    rows = torch.arange(start, end, device=device)
    if mode == "edge":
        return rows.clamp(0, size - 1)
    if mode == "wrap":
        return torch.remainder(rows, size)
    return size - 1 - (torch.remainder(rows, 2 * (size - 1) or 1) - (size - 1)).abs()
