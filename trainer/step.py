"""One training step of a set of objectives, run eagerly, compiled, or replayed from a CUDA graph."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx

from .data import Sampler
from .distributed import World
from .errors import TrainerError
from .onnx_reader import OnnxGraph, ValueInfo
from .optimizer import AdamWOptions, FlatAdamW, averaging_weight, learning_rate
from .parameters import FlatGroup, ParameterStore


@dataclass
class Speed:
    """How steps are executed; `bfloat16` means autocast with float32 weights."""

    bfloat16: bool = False
    compile: bool = False
    cuda_graph: bool = False
    channels_last: bool = False


@dataclass
class Objective:
    """A loss graph with the parameters it trains. `start` and `end` are fractions of the stage."""

    name: str
    graph: OnnxGraph
    module: fx.GraphModule
    optimizer: FlatAdamW
    options: AdamWOptions
    schedule: dict
    loss: str
    metrics: list[str]
    start: float
    end: float
    lr: Tensor
    run: Callable | None = None

    @property
    def group(self) -> FlatGroup:
        return self.optimizer.group

    def active(self, progress: float) -> bool:
        return self.start <= progress and (progress < self.end or self.end >= 1)

    def schedule_rate(self, progress: float) -> float:
        """Sets the learning rate for the next step; returns it."""
        rate = learning_rate(self.schedule, self.options.lr, steps=self.optimizer.steps, progress=progress)
        self.lr.fill_(rate)
        return rate


@dataclass
class GroupAverage:
    """The moving average of one group: weight 1 - decay of the next step, held on the device."""

    group: FlatGroup
    weight: Tensor
    steps: int = 0


@dataclass
class StepContext:
    store: ParameterStore
    sampler: Sampler
    world: World
    speed: Speed
    ema: dict | None
    averages: dict[int, GroupAverage] = field(default_factory=dict)


class TrainStep:
    """Draws a batch and lets each objective update its parameters once, without reading anything back."""

    def __init__(self, context: StepContext, objectives: list[Objective]):
        self.context, self.objectives = context, objectives
        self.wanted: dict[str, ValueInfo] = {}
        for objective in objectives:
            for info in objective.graph.inputs:
                known = self.wanted.setdefault(info.name, info)
                if (known.shape, known.dtype) != (info.shape, info.dtype):
                    raise TrainerError(f"objective {objective.name!r}: input {info.name!r} has another shape or type than in the objective before")
        self.names = [f"{o.name}.{key}" for o in objectives for key in (o.loss, *o.metrics, "grad_norm")]
        self.sums = torch.zeros(len(self.names), device=context.store.device)
        self.replay = Replay(self._body, context.world.device, use_graph=context.speed.cuda_graph)

    def __call__(self, progress: float) -> dict[str, float]:
        """One step; returns the learning rates used."""
        self.context.sampler.progress.fill_(progress)
        rates = {o.name: o.schedule_rate(progress) for o in self.objectives}
        moved = {id(o.group) for o in self.objectives}
        for key, average in self.context.averages.items():
            if key in moved:
                average.weight.fill_(averaging_weight(self.context.ema, average.steps))
                average.steps += 1
        self.replay()
        for objective in self.objectives:
            objective.optimizer.steps += 1
        return rates

    def _body(self) -> None:
        values = self.context.sampler.draw(self.wanted)
        numbers: list[Tensor] = []
        for objective in self.objectives:
            numbers += self._update(objective, values)
        self.sums += torch.stack(numbers)
        moved = {id(o.group) for o in self.objectives}
        with torch.no_grad():
            for key, average in self.context.averages.items():
                if key in moved:
                    average.group.average.lerp_(average.group.values, average.weight)

    def _update(self, objective: Objective, values: dict[str, Tensor]) -> list[Tensor]:
        self.context.store.train_only(objective.group.names)
        arguments = [values[name] for name in objective.module.input_names]
        try:
            outputs, gradients = self._gradients(objective, arguments)
        except TrainerError:
            raise
        except Exception as error:  # the compiler may fail in more ways than can be listed
            if objective.run is objective.module or "out of memory" in str(error):
                raise
            print(f"{objective.name}: torch.compile failed, going on without: {_first_line(error)}", flush=True)
            objective.run = objective.module
            outputs, gradients = self._gradients(objective, arguments)
        group = objective.group
        with torch.no_grad():
            group.collect(gradients)
            self.context.world.mean(group.gradient)
        norm = objective.optimizer.step(objective.lr, objective.options)
        return [outputs[key].detach().float().reshape(()) for key in (objective.loss, *objective.metrics)] + [norm]

    def _gradients(self, objective: Objective, arguments: list[Tensor]) -> tuple[dict[str, Tensor], tuple]:
        device = self.context.store.device.type
        # nothing to cache: a weight is cast once a step, and a cache must not outlive a captured graph
        with torch.autocast(device, torch.bfloat16, enabled=self.context.speed.bfloat16, cache_enabled=False):
            outputs = dict(zip(objective.module.output_names, objective.run(*arguments)))
        loss = outputs[objective.loss].float().reshape(())
        return outputs, torch.autograd.grad(loss, objective.group.parameters, allow_unused=True)


class Replay:
    """Runs a function of no arguments, on CUDA from a captured graph after three real steps on a side stream."""

    WARM_UP = 3

    def __init__(self, body: Callable[[], None], device: torch.device, *, use_graph: bool):
        self.body, self.device = body, device
        self.use_graph = use_graph and device.type == "cuda"
        self.graph = None
        self.warm = 0
        self.side = torch.cuda.Stream() if self.use_graph else None

    @property
    def settled(self) -> bool:
        """True once nothing remains to be compiled or captured."""
        return self.graph is not None or (not self.use_graph and self.warm > 0)

    def __call__(self) -> None:
        if self.graph is not None:
            self.graph.replay()
        elif not self.use_graph:
            self.warm += 1
            self.body()
        elif self.warm < self.WARM_UP:
            self._warm_up()
        else:
            self._capture()

    def _warm_up(self) -> None:
        self.warm += 1
        current = torch.cuda.current_stream()
        self.side.wait_stream(current)
        with torch.cuda.stream(self.side):
            self.body()
        current.wait_stream(self.side)

    def _capture(self) -> None:
        try:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()  # the warm-up's memory belongs to the side stream, the graph has a pool of its own
            graph = torch.cuda.CUDAGraph()
            # thread_local: NCCL's watchdog and autograd's threads may go on calling CUDA meanwhile
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self.body()
            graph.replay()
            self.graph = graph
        except Exception as error:
            print(f"the step could not be captured in a CUDA graph, going on without: {_first_line(error)}", flush=True)
            self.use_graph = False
            torch.cuda.synchronize()
            self.body()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
