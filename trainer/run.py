"""A training run: options, shared resources, log, signals, saving; goes through the stages."""
from __future__ import annotations

import gc
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import fx

from .checkpoint import Output, Resumed
from .data import DataSet
from .distributed import World
from .errors import TrainerError
from .export import Export
from .interpreter import build_module
from .onnx_reader import OnnxGraph
from .parameters import ParameterStore
from .step import Speed

if TYPE_CHECKING:
    from .stage import Stage

_INTERRUPT, _TIME = 2.0, 1.0


@dataclass
class Options:
    data: Path
    out: Path
    resume: Path | None = None
    stages: list[str] = field(default_factory=list)
    seconds: float | None = None
    steps: int | None = None
    time_limit: float | None = None
    device: str = "auto"
    precision: str = "auto"
    compile: bool = False
    compile_objectives: list[str] = field(default_factory=list)
    cuda_graph: bool | None = None
    memory_format: str = "auto"
    seed: int = 0
    log_every: int | None = None
    save_every: float = 0.0
    save_state: bool = False
    half: bool = False
    max_piece_mb: float | None = None


class Run:
    def __init__(self, export: Export, options: Options):
        self.begun = time.perf_counter()
        self.export, self.options = export, options
        kind = options.device if options.device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
        if kind == "cuda" and not torch.cuda.is_available():
            raise TrainerError("device cuda: PyTorch sees no CUDA device", "use --device cpu")
        self.world = World(kind)
        self.speed = _speed(options, cuda=kind == "cuda")
        self.options.log_every = options.log_every or (100 if kind == "cuda" else 10)
        # CUDA: the host decides every 16 steps and is never waited for in between
        self.interval = 16 if kind == "cuda" else 1
        torch.manual_seed(options.seed)
        self.output = Output(options.out, export.components, half=options.half, max_piece_mb=options.max_piece_mb)
        self.store = ParameterStore(export.parameters(options.seed), self.world.device)
        self.data = DataSet(options.data, export.config.get("fields", {}), int(export.config.get("heldOutRows", 0)), self.world.device)
        self.summary: dict = {"name": export.name, "torch": torch.__version__, "device": _device_name(self.world.device), "processes": self.world.size}
        self.modules: dict[str, tuple[OnnxGraph, fx.GraphModule]] = {}
        self.stopped = 0.0
        self.saved = time.perf_counter()
        self.file = open(options.out / "log.jsonl", "a") if self.world.leads else None

    def load_graph(self, file: str, *, shared: bool = True) -> tuple[OnnxGraph, fx.GraphModule]:
        """A graph of the export as module on the device; a module that will be compiled is not shared."""
        if shared and file in self.modules:
            return self.modules[file]
        graph = self.export.graph(file)
        module = build_module(graph, self.store).to(self.world.device)
        if shared:
            self.modules[file] = graph, module
        return graph, module

    def log(self, kind: str, **values: object) -> None:
        """One JSON line to the log and to standard output, from the leading process."""
        if self.file:
            line = json.dumps({"type": kind, **values})
            print(line, flush=True)
            self.file.write(line + "\n")
            self.file.flush()

    def must_stop(self) -> float:
        limit = self.options.time_limit
        if not self.stopped and limit and time.perf_counter() - self.begun > limit:
            self.stopped = _TIME
        return self.stopped

    def _on_signal(self, number: int, _frame: object) -> None:
        self.stopped = _INTERRUPT
        signal.signal(number, signal.SIG_DFL)  # a second one ends at once
        print("stopping after this step; a second signal ends at once", file=sys.stderr, flush=True)

    def execute(self) -> int:
        """Runs the stages; returns the exit code: 0, or 130 after SIGINT or SIGTERM."""
        from .stage import Stage

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        resumed = Resumed(self.options.resume, self.export.components) if self.options.resume else None
        if resumed:
            resumed.fill(self.store)
            self.summary |= {k: v for k, v in resumed.meta.get("summary", {}).items() if k in ("stages", "buffers")}
        self.log("start", **{k: v for k, v in self.summary.items() if isinstance(v, (str, int))}, **vars(self.speed))
        for spec in self.export.stages(self.options.stages):
            if resumed and self._is_before(spec["name"], resumed.meta):
                continue
            stage = Stage(self, spec)
            if resumed and resumed.meta.get("stage") == spec["name"] and not resumed.meta.get("complete"):
                stage.restore(resumed.tensors, resumed.meta)
            resumed = None
            complete = stage.train()
            if not complete:
                self._save(stage, state=True, complete=False)
                self.log("stopped", stage=stage.name, step=stage.step, progress=round(stage.clock.progress, 4))
                return 130 if self.stopped == _INTERRUPT else 0
            stage.finish()
            self._save(stage, state=self.options.save_state, complete=True)
            del stage
            self.modules.clear()
            if self.world.device.type == "cuda":
                torch.cuda.empty_cache()
        self.log("done", seconds=round(time.perf_counter() - self.begun, 1))
        return 0

    def _is_before(self, name: str, meta: dict) -> bool:
        """True for stages that the resumed run had completed; naming a stage explicitly runs it again."""
        order = [stage["name"] for stage in self.export.stages()]
        if "stage" not in meta or meta["stage"] not in order or self.options.stages:
            return False
        return order.index(name) < order.index(meta["stage"]) + bool(meta.get("complete"))

    def save_periodically(self, stage: Stage) -> None:
        if self.options.save_every and time.perf_counter() - self.saved > self.options.save_every:
            self._save(stage, state=self.options.save_state, complete=False)

    def _save(self, stage: Stage, *, state: bool, complete: bool) -> None:
        self.saved = time.perf_counter()
        if not self.world.leads:
            return
        with stage.averaged():
            about = {"export": self.export.name, "stage": stage.name, "step": str(stage.step)}
            self.output.write_components({name: p.data for name, p in self.store.items()}, about)
        if state:
            tensors, meta = stage.state()
            self.output.write_state(tensors, {**meta, "complete": complete, "summary": self.summary})
        self.output.write_summary(self.summary)

    def close(self) -> None:
        if self.file:
            self.file.close()
        # a step and its captured graph hold each other, and NCCL waits for ever while a graph with its kernels is alive
        gc.collect()
        self.world.close()


def _speed(options: Options, *, cuda: bool) -> Speed:
    options.compile = options.compile or bool(options.compile_objectives)
    if options.compile and not hasattr(torch, "compile"):
        print(f"PyTorch {torch.__version__} has no torch.compile, going on without", flush=True)
        options.compile = False
    if cuda:
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    return Speed(
        bfloat16=options.precision == "bf16" or (options.precision == "auto" and cuda),
        compile=options.compile,
        cuda_graph=cuda and options.cuda_graph is not False,
        channels_last=options.memory_format == "channels_last" or (options.memory_format == "auto" and cuda),
    )


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
