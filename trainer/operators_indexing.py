"""ONNX operators as PyTorch calls: indexing, ordering and reductions."""
from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor

from .operators import Call, Lowered, register, same


@register("Gather")
def _gather(call: Call) -> Lowered:
    return gather, call[0], call[1], call.attr("axis", 0)


def from_end(indices: Tensor, size: int) -> Tensor:
    """Negative indices count from the end."""
    return torch.where(indices < 0, indices + size, indices).long()


def gather(data: Tensor, indices: Tensor, axis: int) -> Tensor:
    axis = axis % data.ndim
    indices = from_end(indices, data.shape[axis])
    # not F.embedding: the backward pass of index_select needs no sorting and can always be captured in a CUDA graph
    picked = data.index_select(axis, indices.reshape(-1))
    return picked.reshape(list(data.shape[:axis]) + list(indices.shape) + list(data.shape[axis + 1 :]))


@register("GatherElements")
def _gather_elements(call: Call) -> Lowered:
    return gather_elements, call[0], call[1], call.attr("axis", 0)


def gather_elements(data: Tensor, indices: Tensor, axis: int) -> Tensor:
    return torch.gather(data, axis, from_end(indices, data.shape[axis]))


@register("ScatterElements")
def _scatter_elements(call: Call) -> Lowered:
    return scatter_elements, call[0], call[1], call[2], call.attr("axis", 0), call.attr("reduction", "none")


def scatter_elements(data: Tensor, indices: Tensor, updates: Tensor, axis: int, reduction: str) -> Tensor:
    indices, updates = from_end(indices, data.shape[axis]), updates.to(data.dtype)
    if reduction == "none":
        return data.scatter(axis, indices, updates)
    return data.scatter_reduce(axis, indices, updates, {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}[reduction])


@register("GatherND")
def _gather_nd(call: Call) -> Lowered:
    return gather_nd, call[0], call[1], call.attr("batch_dims", 0)


def _nd_index(data: Tensor, indices: Tensor, batch_dims: int) -> tuple[Tensor, ...]:
    lead = []
    for axis in range(batch_dims):
        view = [1] * (indices.ndim - 1)
        view[axis] = data.shape[axis]
        lead.append(torch.arange(data.shape[axis], device=data.device).reshape(view))
    parts = [from_end(indices[..., k], data.shape[batch_dims + k]) for k in range(indices.shape[-1])]
    return tuple(lead + parts)


def gather_nd(data: Tensor, indices: Tensor, batch_dims: int) -> Tensor:
    return data[_nd_index(data, indices, batch_dims)]


@register("ScatterND")
def _scatter_nd(call: Call) -> Lowered:
    reduction = call.attr("reduction", "none")
    if reduction not in ("none", "add"):
        raise call.fail(f"reduction {reduction!r} is not supported")
    return scatter_nd, call[0], call[1], call[2], reduction == "add"


def scatter_nd(data: Tensor, indices: Tensor, updates: Tensor, add: bool) -> Tensor:
    return data.index_put(_nd_index(data, indices, 0), updates.to(data.dtype), accumulate=add)


@register("TopK")
def _topk(call: Call) -> Lowered:
    (k,) = call.ints(1, "k")
    return topk, call[0], k, call.attr("axis", -1), bool(call.attr("largest", 1)), bool(call.attr("sorted", 1))


def topk(x: Tensor, k: int, axis: int, largest: bool, ordered: bool) -> tuple[Tensor, Tensor]:
    values, indices = torch.topk(x, k, axis, largest, ordered)
    return values, indices


@register("ArgMax", "ArgMin")
def _argmax(call: Call) -> Lowered:
    arguments = call.attr("axis", 0), bool(call.attr("keepdims", 1)), bool(call.attr("select_last_index", 0))
    return (arg_extreme, call[0], call.node.op == "ArgMax", *arguments)


def arg_extreme(x: Tensor, largest: bool, axis: int, keep: bool, last: bool) -> Tensor:
    pick = torch.argmax if largest else torch.argmin
    if last:
        return x.shape[axis] - 1 - pick(x.flip(axis), axis, keep)
    return pick(x, axis, keep)


@register("Trilu")
def _trilu(call: Call) -> Lowered:
    (k,) = call.ints(1, "k") or (0,)
    return torch.triu if call.attr("upper", 1) else torch.tril, call[0], k


@register("OneHot")
def _one_hot(call: Call) -> Lowered:
    (depth,) = call.ints(1, "depth")
    off, on = call.constant(2, "values").tolist()
    return one_hot, call[0], depth, off, on, call.attr("axis", -1)


def one_hot(indices: Tensor, depth: int, off: float, on: float, axis: int) -> Tensor:
    classes = torch.arange(depth, device=indices.device)
    hit = from_end(indices, depth).unsqueeze(axis) == classes.reshape([depth] + [1] * (indices.ndim - (axis % (indices.ndim + 1))))
    return torch.where(hit, torch.full_like(hit, 1, dtype=torch.float32) * on, torch.full_like(hit, 1, dtype=torch.float32) * off)


# --- reductions ---


def wide(x: Tensor) -> Tensor:
    """Half precisions are summed and returned as float32, so that losses keep their digits under autocast."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def reduce_mean(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    return torch.mean(wide(x), axes, keep)


def reduce_sum(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    return torch.sum(wide(x), axes, keep, dtype=None if x.is_floating_point() else x.dtype)


def reduce_l1(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    return torch.sum(wide(x).abs(), axes, keep)


def reduce_l2(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    return torch.sqrt(torch.sum(wide(x) * wide(x), axes, keep))


def reduce_square(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    return torch.sum(wide(x) * wide(x), axes, keep)


def reduce_log_sum_exp(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    return torch.logsumexp(wide(x), axes, keep)


def reduce_prod(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    for axis in sorted((axis % x.ndim for axis in axes), reverse=True):
        x = torch.prod(x, axis, keep)
    return x


_REDUCTIONS = {
    "ReduceMean": reduce_mean, "ReduceSum": reduce_sum, "ReduceMax": torch.amax, "ReduceMin": torch.amin,
    "ReduceProd": reduce_prod, "ReduceL1": reduce_l1, "ReduceL2": reduce_l2, "ReduceSumSquare": reduce_square,
    "ReduceLogSumExp": reduce_log_sum_exp,
}


@register(*_REDUCTIONS)
def _reduce(call: Call) -> Lowered:
    axes, keep = call.ints(1, "axes") or tuple(call.attr("axes") or ()), bool(call.attr("keepdims", 1))
    if not axes and call.attr("noop_with_empty_axes", 0):
        return same, call[0]
    return reduce, call.node.op, call[0], axes, keep


def reduce(op: str, x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    function = _REDUCTIONS[op]
    return function(x, tuple(axes) or tuple(range(x.ndim)), keep) if x.ndim else function(x.reshape(1), (0,), False)


@register("CumSum")
def _cumsum(call: Call) -> Lowered:
    (axis,) = call.ints(1, "axis")
    return cumsum, call[0], axis, bool(call.attr("exclusive", 0)), bool(call.attr("reverse", 0))


def cumsum(x: Tensor, axis: int, exclusive: bool, reverse: bool) -> Tensor:
    x = x.flip(axis) if reverse else x
    total = torch.cumsum(x, axis, dtype=x.dtype)
    total = total - x if exclusive else total
    return total.flip(axis) if reverse else total


@register("Einsum")
def _einsum(call: Call) -> Lowered:
    return (torch.einsum, call.attr("equation"), *call.inputs)
