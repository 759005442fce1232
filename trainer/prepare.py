"""`trainer prepare`: compiles the losses of an export on random data, so that the compiler's cache has them when training begins."""
from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from .bench import random_fields
from .export import Export
from .run import Options, Run
from .stage import Stage
from .step import TrainStep


def prepare(parsed: argparse.Namespace) -> int:
    """Takes two steps with each set of objectives that is ever active together; prints a line a set."""
    export = Export(parsed.export)
    for spec in export.stages(parsed.stage):
        with tempfile.TemporaryDirectory() as folder:
            options = Options(
                data=Path(folder), out=Path(folder), device=parsed.device, precision=parsed.precision, compile=parsed.compile,
                cuda_graph=False, memory_format=parsed.memory_format,
            )
            _prepare_stage(Run(export, options), {**spec, "derive": [], "evaluate": {}, "grids": {}})
    return 0


def _prepare_stage(run: Run, spec: dict) -> None:
    try:
        random_fields(run, spec)
        stage = Stage(run, spec)
        done: list[list[str]] = []
        for progress in sorted({o.start for o in stage.objectives}):
            objectives = [o for o in stage.objectives if o.active(progress)]
            names = [o.name for o in objectives]
            if not objectives or names in done:
                continue
            begun = time.perf_counter()
            step = TrainStep(stage.context, objectives)
            for _ in range(2):
                step(progress)
            float(step.sums.sum())  # waits for the device
            done.append(names)
            print(f"{spec['name']} {' + '.join(names)}: {time.perf_counter() - begun:.1f} s", flush=True)
    finally:
        run.close()
