"""`trainer bench`: steps a second of a stage's training step on random data, for each way to run it."""
from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from pathlib import Path

import torch

from .errors import TrainerError
from .export import Export
from .run import Options, Run
from .stage import Stage
from .step import TrainStep

_ROWS = 2048


def bench(parsed: argparse.Namespace) -> int:
    """Prints a JSON line a variant: steps and images a second, the share of time in kernels, memory."""
    export = Export(parsed.export)
    (spec,) = export.stages([parsed.stage])
    cuda = parsed.device == "cuda" or (parsed.device == "auto" and torch.cuda.is_available())
    formats = ["contiguous", "channels_last"] if parsed.memory_format == "auto" else [parsed.memory_format]
    compiles = [False, True] if parsed.compile and hasattr(torch, "compile") else [False]
    captures = [False, True] if cuda and parsed.cuda_graph is not False else [False]
    for compile_it in compiles:
        for memory_format in formats:
            for capture in captures:
                with tempfile.TemporaryDirectory() as folder:
                    options = Options(
                        data=Path(folder), out=Path(folder), device=parsed.device, precision=parsed.precision, compile=compile_it,
                        cuda_graph=capture, memory_format=memory_format,
                    )
                    variant = {"compile": compile_it, "memory_format": memory_format, "cuda_graph": capture}
                    try:
                        result = _measure(export, spec, options, parsed)
                    except RuntimeError as error:  # out of memory, say: the other variants still count
                        result = {"error": str(error).splitlines()[0]}
                    print(json.dumps({**variant, **result}), flush=True)
                    _release(cuda)
    return 0


def _measure(export: Export, spec: dict, options: Options, parsed: argparse.Namespace) -> dict:
    run = Run(export, options)
    try:
        spec = {**spec, "derive": [], "evaluate": {}, "grids": {}}
        random_fields(run, spec)
        stage = Stage(run, spec)
        step = TrainStep(stage.context, [o for o in stage.objectives if o.active(parsed.progress)])
        begun = time.perf_counter()
        for _ in range(5):
            step(parsed.progress)
        _wait(run)
        prepared, begun, count = time.perf_counter() - begun, time.perf_counter(), 0
        while time.perf_counter() - begun < parsed.repeat:
            for _ in range(run.interval):
                step(parsed.progress)
                count += 1
            _wait(run)
        rate = count / (time.perf_counter() - begun)
        result = {"steps_per_second": round(rate, 2), "images_per_second": round(rate * spec["batch"], 1), "prepared_seconds": round(prepared, 1)}
        if run.world.device.type == "cuda":
            result |= {"busy": _busy(step, parsed.progress), "memory_gb": round(torch.cuda.max_memory_reserved() / 1e9, 2)}
        return result
    finally:
        run.close()


def _release(cuda: bool) -> None:
    gc.collect()
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _wait(run: Run) -> None:
    if run.world.device.type == "cuda":
        torch.cuda.synchronize()


def random_fields(run: Run, spec: dict) -> None:
    """Fields of the shapes that the graphs want; integers stay small enough for any table."""
    for objective in spec["objectives"]:
        for info in run.load_graph(objective["graph"])[0].inputs:
            source = spec["inputs"].get(info.name)
            if source is None:
                raise TrainerError(f"graph input {info.name!r} has no entry in the stage's inputs")
            if source["kind"] == "data" and source["field"] not in run.data.fields:
                shape = (_ROWS, *info.shape[1:])
                if info.dtype.is_floating_point:
                    values = torch.randn(shape, device=run.world.device).clamp(-1, 1)
                else:
                    high = 256 if info.dtype == torch.uint8 else 2
                    values = torch.randint(0, high, shape, device=run.world.device, dtype=info.dtype)
                run.data.fields[source["field"]] = values
    run.data.held_out = 0


def _busy(step: TrainStep, progress: float, steps: int = 20) -> float:
    """Share of wall time with a kernel running, from the profiler's kernel times (kernels of one stream do not overlap)."""
    from torch.profiler import ProfilerActivity, profile

    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        begun = time.perf_counter()
        for _ in range(steps):
            step(progress)
        torch.cuda.synchronize()
        wall = time.perf_counter() - begun
    kernels = sum(getattr(e, "device_time_total", 0) or 0 for e in profiler.events() if e.device_type.name == "CUDA")
    return round(kernels / 1e6 / wall, 3)
