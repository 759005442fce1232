"""Measures on held-out rows, and grids of pictures, with the averaged weights."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, fx

from .data import DataSet, Sampler
from .errors import TrainerError
from .onnx_reader import OnnxGraph, ValueInfo

LoadGraph = Callable[[str], tuple[OnnxGraph, fx.GraphModule]]
_SEED = 20


class Evaluator:
    """Runs graphs of the export outside the training step, in float32."""

    def __init__(self, load: LoadGraph, data: DataSet, *, channels_last: bool):
        self.load, self.data, self.channels_last = load, data, channels_last

    @torch.no_grad()
    def means(self, spec: dict, progress: float) -> dict[str, float]:
        """The mean of each named output over `batches` batches of held-out rows."""
        graph, module = self.load(spec["graph"])
        totals: dict[str, float] = {}
        batches = int(spec.get("batches", 1))
        for number in range(batches):
            outputs = self._run(graph, module, spec.get("inputs", {}), number=number, progress=progress)
            for name in spec["outputs"]:
                totals[name] = totals.get(name, 0.0) + float(_pick(outputs, name, graph).float().mean()) / batches
        return totals

    @torch.no_grad()
    def grid(self, spec: dict, progress: float) -> Tensor:
        """Pictures [N, H, W, 3] uint8."""
        if spec.get("kind", "graph") == "sampler":
            return self._sample(spec["sampler"], progress)
        graph, module = self.load(spec["graph"])
        return _pick(self._run(graph, module, spec.get("inputs", {}), number=0, progress=progress), spec["output"], graph)

    def _run(self, graph: OnnxGraph, module: fx.GraphModule, inputs: dict, *, number: int, progress: float) -> dict[str, Tensor]:
        wanted = {info.name: info for info in graph.inputs}
        values = self._values(wanted, inputs, number=number, progress=progress)
        return _named(module, values)

    def _values(self, wanted: dict[str, ValueInfo], inputs: dict, *, number: int, progress: float) -> dict[str, Tensor]:
        if not wanted:
            return {}
        sampler = Sampler(self.data, inputs, batch=1, rank=0, world=1, channels_last=self.channels_last)
        sampler.progress.fill_(progress)
        rows = None
        data_inputs = [name for name in wanted if inputs.get(name, {}).get("kind") == "data"]
        if data_inputs:
            batch = wanted[data_inputs[0]].shape[0]
            rows = torch.arange(number * batch, (number + 1) * batch, device=self.data.device) % max(self.data.held_out, 1)
        generator = torch.Generator(self.data.device).manual_seed(_SEED + number)
        return sampler.draw(wanted, rows, generator)

    def _sample(self, spec: dict, progress: float) -> Tensor:
        graph, module = self.load(spec["step"])
        infos = {info.name: info for info in graph.inputs}
        values = {name: self._constant(infos, name, value) for name, value in spec.get("constants", {}).items()}
        drawn = {name: infos[name] for name in spec.get("inputs", {}) if name in infos}
        values |= self._values(drawn, spec.get("inputs", {}), number=0, progress=progress)
        # drawn on the CPU: the same start on every device
        start = torch.randn(infos["latents"].shape, generator=torch.Generator().manual_seed(int(spec.get("seed", 0))))
        values["latents"] = start.to(self.data.device)
        for timestep, previous in spec["steps"]:
            for name, number in (("timestep", timestep), ("previous_timestep", previous)):
                if name in infos:
                    values[name] = torch.full(infos[name].shape, number, dtype=infos[name].dtype, device=self.data.device)
            values["latents"] = _pick(_named(module, values), "latents", graph)
        decoder, decode = self.load(spec["decode"])
        return _pick(_named(decode, {decoder.inputs[0].name: values["latents"]}), "picture", decoder)

    def _constant(self, infos: dict[str, ValueInfo], name: str, value: object) -> Tensor:
        if name not in infos:
            raise TrainerError(f"sampler constant {name!r} is no input of the step graph", f"its inputs are {', '.join(infos)}")
        tensor = torch.tensor(value, dtype=infos[name].dtype, device=self.data.device)
        if tensor.numel() != torch.Size(infos[name].shape).numel():
            raise TrainerError(f"sampler constant {name!r} has shape {list(tensor.shape)}, the step graph wants {list(infos[name].shape)}")
        return tensor.reshape(infos[name].shape)


def _named(module: fx.GraphModule, values: dict[str, Tensor]) -> dict[str, Tensor]:
    missing = [name for name in module.input_names if name not in values]
    if missing:
        raise TrainerError(f"no value for graph input {missing[0]!r}", f"given are {', '.join(sorted(values))}")
    return dict(zip(module.output_names, module(*[values[name] for name in module.input_names])))


def _pick(outputs: dict[str, Tensor], name: str, graph: OnnxGraph) -> Tensor:
    if name in outputs:
        return outputs[name]
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    raise TrainerError(f"graph {graph.name!r} has no output {name!r}", f"it has {', '.join(outputs)}")


@torch.no_grad()
def derive(spec: dict, load: LoadGraph, data: DataSet, *, bfloat16: bool = False, channels_last: bool = False) -> tuple[Tensor, float | None]:
    """A new field computed from others, row by row; with `unitStd` divided by its standard deviation, which is returned inverted.

    `bfloat16` computes as the training step does: the error of half a percent is far below the noise added in training.
    """
    graph, module = load(spec["graph"])
    wanted = {info.name: info for info in graph.inputs}
    inputs = {name: spec["inputs"][name] for name in wanted if name in spec["inputs"]}
    fields = [entry["field"] for entry in inputs.values() if entry["kind"] == "data"]
    rows, batch = data.rows(fields), graph.inputs[0].shape[0]
    sampler = Sampler(data, inputs, batch=batch, rank=0, world=1, channels_last=channels_last)
    generator = torch.Generator(data.device).manual_seed(_SEED)
    dtype = getattr(torch, spec.get("dtype", "float32"))
    result = None
    for start in range(0, rows, batch):
        # the last batch repeats its last row: the graph's batch size is fixed
        index = torch.arange(start, start + batch, device=data.device).clamp(max=rows - 1)
        values = sampler.draw(wanted, index, generator)
        with torch.autocast(data.device.type, torch.bfloat16, enabled=bfloat16):
            out = _pick(_named(module, values), spec["output"], graph)
        if result is None:
            result = torch.empty((rows, *out.shape[1:]), dtype=dtype, device=data.device)
        result[start : start + batch] = out[: rows - start].to(dtype)
    if not spec.get("unitStd"):
        return result, None
    scale = 1 / _deviation(result)
    for start in range(0, rows, batch):
        result[start : start + batch] *= scale
    return result, scale


def _deviation(values: Tensor) -> float:
    """Standard deviation in float64 over pieces, so that half precision neither overflows nor is copied whole."""
    count, total, square = values.numel(), 0.0, 0.0
    for piece in values.split(4096):
        wide = piece.double()
        total, square = total + float(wide.sum()), square + float((wide * wide).sum())
    return max(square / count - (total / count) ** 2, 1e-12) ** 0.5
