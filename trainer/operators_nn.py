"""ONNX layers as PyTorch calls: products, convolutions, pooling, normalisation, softmax, resizing, and the fused forms."""
from __future__ import annotations

import math
from typing import Any, Optional, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .operators import Call, Lowered, pad, register
from .operators_indexing import wide

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


@register("MatMul")
def _matmul(call: Call) -> Lowered:
    return torch.matmul, call[0], call[1]


@register("Gemm")
def _gemm(call: Call) -> Lowered:
    flags = bool(call.attr("transA", 0)), bool(call.attr("transB", 0)), call.attr("alpha", 1.0), call.attr("beta", 1.0)
    return (gemm, call[0], call[1], call[2], *flags)


def gemm(a: Tensor, b: Tensor, c: Optional[Tensor], trans_a: bool, trans_b: bool, alpha: float, beta: float) -> Tensor:
    a = a.t() if trans_a else a
    if alpha == 1.0 and beta == 1.0 and (c is None or c.ndim == 1):
        return F.linear(a, b if trans_b else b.t(), c)
    product = alpha * torch.matmul(a, b.t() if trans_b else b)
    return product if c is None else product + beta * c


@register("trainer.Linear")
def _linear(call: Call) -> Lowered:
    """x, weight [out, in] (or [in, out] when `flip`), bias?"""
    return linear, call[0], call[1], call[2], bool(call.attr("flip", 0))


def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor], flip: bool) -> Tensor:
    return F.linear(x, weight.t() if flip else weight, bias)


@register("trainer.Silu")
def _silu(call: Call) -> Lowered:
    return F.silu, call[0]


@register("trainer.Attention")
def _attention(call: Call) -> Lowered:
    """q [..., T, d], transposed k [..., d, S], v [..., S, e], additive mask?; scale multiplies the products."""
    return attention, call[0], call[1], call[2], call[3], call.attr("scale", 1.0)


def attention(q: Tensor, k_transposed: Tensor, v: Tensor, mask: Optional[Tensor], scale: float) -> Tensor:
    if not hasattr(F, "scaled_dot_product_attention"):
        scores = torch.matmul(q, k_transposed) * scale
        return torch.matmul(torch.softmax(scores if mask is None else scores + mask, -1), v)
    k = k_transposed.transpose(-2, -1)
    if mask is not None and torch.is_autocast_enabled() and q.is_cuda:
        mask = mask.to(torch.bfloat16)
    if q.ndim == 4:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)
    # the fused kernels want four dimensions
    mask = mask.unsqueeze(0) if mask is not None and mask.ndim == 3 else mask
    return F.scaled_dot_product_attention(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), attn_mask=mask, scale=scale).squeeze(0)


# --- convolution ---


def _explicit_pads(call: Call, rank: int) -> tuple[int, ...]:
    mode = call.attr("auto_pad", "NOTSET")
    if mode not in ("NOTSET", "VALID", ""):
        raise call.fail(f"auto_pad {mode} is not supported; write the pads out")
    return tuple(call.attr("pads") or [0] * 2 * rank) if mode != "VALID" else (0,) * 2 * rank


def _kernel_rank(call: Call) -> int:
    for name in ("kernel_shape", "strides", "dilations"):
        if call.attr(name):
            return len(call.attr(name))
    return len(call.attr("pads")) // 2 if call.attr("pads") else 2


@register("Conv")
def _conv(call: Call) -> Lowered:
    rank = _kernel_rank(call)
    strides, dilations = tuple(call.attr("strides") or [1] * rank), tuple(call.attr("dilations") or [1] * rank)
    return conv, call[0], call[1], call[2], strides, _explicit_pads(call, rank), dilations, call.attr("group", 1)


def conv(
    x: Tensor, w: Tensor, b: Optional[Tensor], strides: Sequence[int], pads: Sequence[int], dilations: Sequence[int], group: int
) -> Tensor:
    rank = x.ndim - 2
    if rank != len(strides):  # no attribute told the rank
        strides, dilations, pads = strides[:1] * rank, dilations[:1] * rank, pads[:1] * 2 * rank
    before, after = pads[:rank], pads[rank:]
    if tuple(before) != tuple(after):
        x = pad(x, pads, range(2, 2 + rank), "constant", 0)
        before = (0,) * rank
    return _CONV[rank](x, w, b, strides, before, dilations, group)


@register("ConvTranspose")
def _conv_transpose(call: Call) -> Lowered:
    if call.attr("output_shape"):
        raise call.fail("output_shape is not supported; write the pads out")
    rank = _kernel_rank(call)
    strides, dilations = tuple(call.attr("strides") or [1] * rank), tuple(call.attr("dilations") or [1] * rank)
    extra = tuple(call.attr("output_padding") or [0] * rank)
    return conv_transpose, call[0], call[1], call[2], strides, _explicit_pads(call, rank), extra, dilations, call.attr("group", 1)


def conv_transpose(
    x: Tensor, w: Tensor, b: Optional[Tensor], strides: Sequence[int], pads: Sequence[int], extra: Sequence[int],
    dilations: Sequence[int], group: int,
) -> Tensor:
    rank = x.ndim - 2
    if rank != len(strides):
        strides, dilations, extra, pads = strides[:1] * rank, dilations[:1] * rank, extra[:1] * rank, pads[:1] * 2 * rank
    before, after = tuple(pads[:rank]), tuple(pads[rank:])
    if before == after:
        return _CONV_TRANSPOSE[rank](x, w, b, strides, before, extra, group, dilations)
    full = _CONV_TRANSPOSE[rank](x, w, b, strides, 0, extra, group, dilations)
    for axis in range(rank):
        full = full.narrow(2 + axis, before[axis], full.shape[2 + axis] - before[axis] - after[axis])
    return full


# --- pooling ---


@register("AveragePool", "MaxPool")
def _pool(call: Call) -> Lowered:
    kernel = tuple(call.attr("kernel_shape"))
    rank = len(kernel)
    strides, pads = tuple(call.attr("strides") or [1] * rank), _explicit_pads(call, rank)
    dilations, ceil = tuple(call.attr("dilations") or [1] * rank), bool(call.attr("ceil_mode", 0))
    if call.node.op == "MaxPool":
        if call.outputs > 1:
            raise call.fail("the output Indices is not supported")
        return max_pool, call[0], kernel, strides, pads, dilations, ceil
    if any(d != 1 for d in dilations):
        raise call.fail("dilations are not supported")
    return average_pool, call[0], kernel, strides, pads, ceil, bool(call.attr("count_include_pad", 0))


def max_pool(x: Tensor, kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int], dilations: Sequence[int], ceil: bool) -> Tensor:
    rank = len(kernel)
    if any(pads):
        x = pad(x, pads, range(2, 2 + rank), "constant", -math.inf)
    return {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[rank](x, kernel, strides, 0, dilations, ceil_mode=ceil)


def average_pool(x: Tensor, kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int], ceil: bool, include_pad: bool) -> Tensor:
    rank = len(kernel)
    pool = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[rank]
    before, after = tuple(pads[:rank]), tuple(pads[rank:])
    if before == after and all(2 * p <= k for p, k in zip(before, kernel)):
        return pool(x, kernel, strides, before, ceil_mode=ceil, count_include_pad=include_pad)
    padded = pool(pad(x, pads, range(2, 2 + rank), "constant", 0), kernel, strides, 0, ceil_mode=ceil)
    if include_pad:
        return padded
    covered = pad(torch.ones_like(x[:1, :1]), pads, range(2, 2 + rank), "constant", 0)
    return padded / pool(covered, kernel, strides, 0, ceil_mode=ceil)


@register("GlobalAveragePool")
def _global_average(call: Call) -> Lowered:
    return global_average, call[0]


def global_average(x: Tensor) -> Tensor:
    return wide(x).mean(tuple(range(2, x.ndim)), True)


@register("GlobalMaxPool")
def _global_max(call: Call) -> Lowered:
    return global_max, call[0]


def global_max(x: Tensor) -> Tensor:
    return x.amax(tuple(range(2, x.ndim)), True)


# --- normalisation and softmax ---


@register("Softmax")
def _softmax(call: Call) -> Lowered:
    return torch.softmax, call[0], call.attr("axis", -1)


@register("LogSoftmax")
def _log_softmax(call: Call) -> Lowered:
    return torch.log_softmax, call[0], call.attr("axis", -1)


@register("LayerNormalization")
def _layer_norm(call: Call) -> Lowered:
    if call.outputs > 1:
        raise call.fail("the outputs Mean and InvStdDev are not supported")
    return layer_norm, call[0], call[1], call[2], call.attr("axis", -1), call.attr("epsilon", 1e-5)


def layer_norm(x: Tensor, scale: Tensor, bias: Optional[Tensor], axis: int, epsilon: float) -> Tensor:
    shape, narrow, x = x.shape[axis % x.ndim :], x.dtype, wide(x)
    if scale.shape == shape and (bias is None or bias.shape == shape):
        return F.layer_norm(x, shape, scale, bias, epsilon).to(narrow)
    normed = F.layer_norm(x, shape, None, None, epsilon) * scale
    return (normed if bias is None else normed + bias).to(narrow)


@register("InstanceNormalization")
def _instance_norm(call: Call) -> Lowered:
    return instance_norm, call[0], call[1], call[2], call.attr("epsilon", 1e-5)


def instance_norm(x: Tensor, scale: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    # one group a channel: unlike F.instance_norm it never refuses a single value, and needs no running statistics
    return group_norm(x, x.shape[1], scale, bias, epsilon)


@register("GroupNormalization")
def _group_norm(call: Call) -> Lowered:
    return group_norm, call[0], call.attr("num_groups"), call[1], call[2], call.attr("epsilon", 1e-5)


def group_norm(x: Tensor, groups: int, scale: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    # computed in float32 and handed on in the precision that came in: autocast alone would double the traffic behind it
    return F.group_norm(wide(x), groups, scale, bias, epsilon).to(x.dtype)


@register("trainer.GroupNorm")
def _fused_group_norm(call: Call) -> Lowered:
    """x [N, C, ...], scale and bias of C values in any shape."""
    return flat_group_norm, call[0], call.attr("groups"), call[1], call[2], call.attr("epsilon", 1e-5)


def flat_group_norm(x: Tensor, groups: int, scale: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    return group_norm(x, groups, scale.reshape(-1), bias.reshape(-1), epsilon)


@register("BatchNormalization")
def _batch_norm(call: Call) -> Lowered:
    if call.attr("training_mode", 0):
        raise call.fail("training_mode is not supported")
    return (batch_norm, *call.inputs[:5], call.attr("epsilon", 1e-5))


def batch_norm(x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: float) -> Tensor:
    return F.batch_norm(x, mean, variance, scale, bias, False, 0.0, epsilon)


# --- space ---


@register("DepthToSpace")
def _depth_to_space(call: Call) -> Lowered:
    return depth_to_space, call[0], call.attr("blocksize"), call.attr("mode", "DCR")


def depth_to_space(x: Tensor, b: int, mode: str) -> Tensor:
    n, c, h, w = x.shape
    if mode == "CRD":
        return F.pixel_shuffle(x, b)
    return x.reshape(n, b, b, c // (b * b), h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // (b * b), h * b, w * b)


@register("SpaceToDepth")
def _space_to_depth(call: Call) -> Lowered:
    return space_to_depth, call[0], call.attr("blocksize")


def space_to_depth(x: Tensor, b: int) -> Tensor:
    n, c, h, w = x.shape
    return x.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)


@register("GridSample")
def _grid_sample(call: Call) -> Lowered:
    mode = call.attr("mode", "linear")
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    return F.grid_sample, call[0], call[1], mode, call.attr("padding_mode", "zeros"), bool(call.attr("align_corners", 0))


@register("Resize")
def _resize(call: Call) -> Lowered:
    scales = call.constant(2, "scales")
    plan = {
        "scales": tuple(scales.tolist()) if scales is not None and scales.numel() else None,
        "sizes": call.ints(3, "sizes") or None,
        "axes": tuple(call.attr("axes") or ()) or None,
        "mode": call.attr("mode", "nearest"),
        "coordinates": call.attr("coordinate_transformation_mode", "half_pixel"),
        "nearest": call.attr("nearest_mode", "round_prefer_floor"),
        "cubic": call.attr("cubic_coeff_a", -0.75),
        "exclude_outside": bool(call.attr("exclude_outside", 0)),
        "antialias": bool(call.attr("antialias", 0)),
    }
    if plan["coordinates"] == "tf_crop_and_resize" or call.attr("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise call.fail("tf_crop_and_resize and keep_aspect_ratio_policy are not supported")
    return resize, call[0], tuple(sorted(plan.items(), key=lambda item: item[0]))


def resize(x: Tensor, plan_items: Sequence[tuple[str, Any]]) -> Tensor:
    plan = dict(plan_items)
    axes = [a % x.ndim for a in plan["axes"] or range(x.ndim)]
    changes = []
    for i, axis in enumerate(axes):
        size = plan["sizes"][i] if plan["sizes"] else int(math.floor(x.shape[axis] * plan["scales"][i]))
        scale = size / x.shape[axis] if plan["sizes"] else plan["scales"][i]
        if size != x.shape[axis] or scale != 1:
            changes.append((axis, size, scale))
    fast = _native_resize(x, plan, changes)
    if fast is not None:
        return fast
    for axis, size, scale in changes:
        if plan["mode"] == "nearest":
            x = x.index_select(axis, _nearest_rows(x.shape[axis], size, scale, plan, x.device))
        else:
            weights = _filter_matrix(x.shape[axis], size, scale, plan, x.device).to(x.dtype)
            x = torch.matmul(x.movedim(axis, -1), weights.t()).movedim(-1, axis)
    return x


def _native_resize(x: Tensor, plan: dict, changes: list) -> Optional[Tensor]:
    """PyTorch's own kernels, where they mean the same: the last two of four axes, the scale being the ratio of the sizes."""
    sizes = {axis: size for axis, size, _ in changes}
    if x.ndim != 4 or not changes or not set(sizes) <= {2, 3} or plan["antialias"] or plan["exclude_outside"]:
        return None
    if any(abs(scale * x.shape[axis] - size) > 1e-6 for axis, size, scale in changes):
        return None
    target = [sizes.get(2, x.shape[2]), sizes.get(3, x.shape[3])]
    if plan["mode"] == "nearest":
        whole = all(size % x.shape[axis] == 0 for axis, size, _ in changes)
        if not whole or plan["coordinates"] == "align_corners" or (plan["coordinates"], plan["nearest"]) not in _NEAREST_REPEATS:
            return None
        return F.interpolate(x, target, mode="nearest")
    if plan["mode"] == "linear" and plan["coordinates"] in ("half_pixel", "align_corners"):
        return F.interpolate(x, target, mode="bilinear", align_corners=plan["coordinates"] == "align_corners")
    return None


# (coordinates, rounding) for which a whole factor repeats each sample
_NEAREST_REPEATS = {("half_pixel", "round_prefer_floor"), ("half_pixel", "round_prefer_ceil"), ("asymmetric", "floor"),
                    ("pytorch_half_pixel", "round_prefer_floor"), ("pytorch_half_pixel", "round_prefer_ceil")}


def _sources(size_in: int, size_out: int, scale: float, mode: str, device: torch.device) -> Tensor:
    """[size_out]: the input coordinate of each output sample, in float64."""
    i = torch.arange(size_out, dtype=torch.float64, device=device)
    if mode == "asymmetric":
        return i / scale
    if mode == "align_corners":
        return i * ((size_in - 1) / (size_out - 1) if size_out > 1 else 0.0)
    if mode == "pytorch_half_pixel" and size_out <= 1:
        return i
    if mode == "half_pixel_symmetric":
        return size_in / 2 * (1 - size_out / (scale * size_in)) + (i + 0.5) / scale - 0.5
    return (i + 0.5) / scale - 0.5


def _nearest_rows(size_in: int, size_out: int, scale: float, plan: dict, device: torch.device) -> Tensor:
    at = _sources(size_in, size_out, scale, plan["coordinates"], device)
    rounded = {
        "round_prefer_floor": torch.ceil(at - 0.5), "round_prefer_ceil": torch.floor(at + 0.5),
        "floor": torch.floor(at), "ceil": torch.ceil(at),
    }[plan["nearest"]]
    return rounded.clamp(0, size_in - 1).long()


def _kernel(distance: Tensor, mode: str, a: float) -> Tensor:
    d = distance.abs()
    if mode == "linear":
        return torch.clamp(1 - d, min=0)
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
    return torch.where(d <= 1, near, torch.where(d < 2, far, torch.zeros_like(d)))


def _filter_matrix(size_in: int, size_out: int, scale: float, plan: dict, device: torch.device) -> Tensor:
    """[size_out, size_in]: one row of interpolation weights for each output sample."""
    stretch = max(1.0, 1 / scale) if plan["antialias"] else 1.0
    beyond = math.ceil(2 * stretch) + 1  # samples outside that a filter can reach
    at = _sources(size_in, size_out, scale, plan["coordinates"], device)
    places = torch.arange(-beyond, size_in + beyond, dtype=torch.float64, device=device)
    weights = _kernel((places[None, :] - at[:, None]) / stretch, plan["mode"], plan["cubic"])
    inside = weights[:, beyond : beyond + size_in]
    if not plan["exclude_outside"]:  # samples outside repeat the border
        left, right = weights[:, :beyond].sum(1, True), weights[:, beyond + size_in :].sum(1, True)
        if size_in == 1:
            inside = inside + left + right
        else:
            inside = torch.cat([inside[:, :1] + left, inside[:, 1:-1], inside[:, -1:] + right], 1)
    return inside / inside.sum(1, True)
