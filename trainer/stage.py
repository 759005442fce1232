"""One stage of an export: derived fields, the training loop, grids, evaluation and what is saved."""
from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .data import Sampler
from .errors import TrainerError
from .evaluate import Evaluator, derive
from .optimizer import AdamWOptions, FlatAdamW
from .parameters import FlatGroup
from .png import make_grid, write_png
from .run import Run
from .step import GroupAverage, Objective, StepContext, TrainStep


@dataclass
class Clock:
    """Progress of a stage: by steps, by seconds, or whichever is further. Compilation counts as time but not as progress."""

    seconds: float | None
    steps: int | None
    spent: float = 0.0
    progress: float = 0.0
    begun: float = field(default_factory=time.perf_counter)
    first: float | None = None
    resumed: float = 0.0

    def elapsed(self) -> float:
        return self.spent + time.perf_counter() - self.begun

    def advance(self, step: int, settled: bool) -> float:
        now = time.perf_counter()
        shares = [self.progress]
        if self.steps:
            shares.append(step / self.steps)
        if self.seconds:
            deadline = self.begun + self.seconds - self.spent
            if settled and self.first is None:
                self.first, self.resumed = now, self.progress
            if now >= deadline:
                shares.append(1.0)
            elif self.first is not None:
                shares.append(self.resumed + (1 - self.resumed) * (now - self.first) / (deadline - self.first))
        self.progress = min(max(shares), 1.0)
        return self.progress


class Stage:
    def __init__(self, run: Run, spec: dict):
        self.run, self.spec, self.name = run, spec, spec["name"]
        self.step = 0
        self.clock = Clock(run.options.seconds or spec.get("seconds"), run.options.steps or spec.get("steps"))
        if not (self.clock.seconds or self.clock.steps):
            raise TrainerError(f"stage {self.name!r} has neither seconds nor steps")
        self.evaluator = Evaluator(run.load_graph, run.data, channels_last=run.speed.channels_last)
        self.groups: dict[tuple[str, ...], FlatAdamW] = {}
        self.grids_done: list[float] = []
        self._derive()
        self.sampler = Sampler(
            run.data, spec["inputs"], batch=int(spec["batch"]), rank=run.world.rank, world=run.world.size, channels_last=run.speed.channels_last
        )
        self.objectives = [self._objective(o) for o in spec["objectives"]]
        ema = spec.get("ema")
        self.averages = {id(a.group): GroupAverage(a.group, torch.zeros((), device=run.world.device)) for a in self.groups.values()} if ema else {}
        self.context = StepContext(run.store, self.sampler, run.world, run.speed, ema, self.averages)

    def _derive(self) -> None:
        grids = self.spec.get("grids", {})
        inputs = [self.spec["inputs"], self.spec.get("evaluate", {}).get("inputs", {}), grids.get("inputs", {}), grids.get("sampler", {}).get("inputs", {})]
        read = {entry["field"] for group in inputs for entry in group.values() if entry["kind"] == "data"}
        own = self.spec.get("derive", [])
        # a field of an earlier stage is computed again when that stage did not run in this process
        missing = read - self.run.data.fields.keys() - self.run.data.declared.keys() - {d["field"] for d in own}
        for spec in [*[d for d in self.run.export.derivations() if d["field"] in missing], *own]:
            begun = time.perf_counter()
            speed = self.run.speed
            values, scale = derive(spec, self.run.load_graph, self.run.data, bfloat16=speed.bfloat16, channels_last=speed.channels_last)
            self.run.data.fields[spec["field"]] = values
            if scale is not None:
                self.run.store.assign(spec["unitStd"], torch.tensor(scale))
                self.run.summary.setdefault("buffers", {})[spec["unitStd"]] = scale
            self.run.log("derive", stage=self.name, field=spec["field"], shape=list(values.shape), scale=scale, seconds=round(time.perf_counter() - begun, 2))
        self.run.data.keep_only(read | {d["field"] for d in self.run.export.derivations()})

    def _objective(self, spec: dict) -> Objective:
        graph, module = self.run.load_graph(spec["graph"], shared=False)
        names = self.run.store.with_prefix(spec["trainable"])
        if not names:
            raise TrainerError(f"objective {spec['name']!r}: no parameter begins with {' or '.join(spec['trainable'])}")
        for output in (spec["loss"], *spec.get("metrics", [])):
            if output not in module.output_names:
                raise TrainerError(f"objective {spec['name']!r}: graph {spec['graph']} has no output {output!r}", f"it has {', '.join(module.output_names)}")
        optimizer = self._optimizer(tuple(names))
        objective = Objective(
            name=spec["name"], graph=graph, module=module, optimizer=optimizer, options=AdamWOptions.parse(spec["optimizer"]),
            schedule=spec.get("schedule", {}), loss=spec["loss"], metrics=list(spec.get("metrics", [])),
            start=float(spec.get("from", 0.0)), end=float(spec.get("until", 1.0)), lr=torch.zeros((), device=self.run.world.device),
        )
        objective.run = torch.compile(module, dynamic=False) if self._compiles(spec["name"]) else module
        return objective

    def _compiles(self, name: str) -> bool:
        chosen = self.run.options.compile_objectives
        return self.run.speed.compile and (not chosen or name in chosen)

    def _optimizer(self, names: tuple[str, ...]) -> FlatAdamW:
        """Objectives that train the same parameters share weights, moments and average."""
        if names not in self.groups:
            for other in self.groups:
                if set(other) & set(names):
                    raise TrainerError(f"stage {self.name!r}: two objectives train overlapping but different parameters")
            group = FlatGroup(self.run.store, list(names), channels_last=self.run.speed.channels_last)
            self.groups[names] = FlatAdamW(group)
        return self.groups[names]

    # --- the loop ---

    def train(self) -> bool:
        """Runs to the end of the stage or until the run must stop; True when the stage is complete."""
        meter = Meter(self)
        active: TrainStep | None = None
        throttle = Throttle(self.run.world.device)
        while True:
            progress = self.clock.progress
            if self.step % self.run.interval == 0 or self.step == self.clock.steps:
                progress = self.clock.advance(self.step, active is not None and active.replay.settled)
                stop, progress = self.run.world.agree(float(self.run.must_stop()), progress)
                self.clock.progress = progress
                throttle.wait()
                meter.flush()
                if stop or progress >= 1:
                    break
                self._grids(progress)
                self.run.save_periodically(self)
            objectives = [o for o in self.objectives if o.active(progress)]
            if active is None or active.objectives != objectives:
                meter.read(active)
                active = self._train_step(objectives)
            rates = active(progress)
            self.step += 1
            meter.count(active, rates)
        meter.read(active)
        meter.flush(final=True)
        return progress >= 1

    def _train_step(self, objectives: list[Objective]) -> TrainStep:
        if not objectives:
            raise TrainerError(f"stage {self.name!r}: no objective is active at {self.clock.progress:.2f} of the stage")
        return TrainStep(self.context, objectives)

    def finish(self) -> None:
        """The averages become the weights; last grid and evaluation."""
        if self.averages:
            for optimizer in self.groups.values():
                optimizer.group.values.copy_(optimizer.group.average)
        self.averages.clear()
        self.run.store.train_only([])
        if self.run.world.leads:
            measures = self._evaluate(1.0)
            skipped = sum(float(o.skipped) for o in self.groups.values())
            self.run.summary.setdefault("stages", {})[self.name] = {
                "steps": self.step, "seconds": round(self.clock.elapsed(), 1), "evaluate": measures, "skipped_steps": skipped,
            }
            self._grid_files(1.0)

    def _evaluate(self, progress: float) -> dict[str, float]:
        if not self.spec.get("evaluate"):
            return {}
        measures = self.evaluator.means(self.spec["evaluate"], progress)
        self.run.log("evaluate", stage=self.name, step=self.step, progress=round(progress, 4), **measures)
        return measures

    def _grids(self, progress: float) -> None:
        for at in self.spec.get("grids", {}).get("at", []):
            if at <= progress and at < 1 and at not in self.grids_done:
                self.grids_done.append(at)
                if self.run.world.leads:
                    with self.averaged():
                        self._evaluate(progress)
                        self._grid_files(at)

    def _grid_files(self, at: float) -> None:
        spec = self.spec.get("grids")
        if spec and (at < 1 or 1 in spec.get("at", [1])):
            pictures = self.evaluator.grid(spec, at)
            path = self.run.output.folder / f"{self.name}-{round(at * 100):03d}.png"
            write_png(path, make_grid(pictures, int(spec.get("columns", 8))))
            self.run.log("grid", stage=self.name, step=self.step, file=path.name)

    def averaged(self) -> "Averaged":
        """A context in which the parameters hold their averages."""
        return Averaged([a.group for a in self.averages.values()])

    # --- state ---

    def state(self) -> tuple[dict[str, Tensor], dict]:
        tensors = {f"values.{name}": p.data for name, p in self.run.store.items()}
        for number, optimizer in enumerate(self.groups.values()):
            for key, flat in (("average", optimizer.group.average), ("first", optimizer.first), ("second", optimizer.second)):
                tensors |= {f"{key}.{name}": t for name, t in optimizer.group.named(flat).items()}
            tensors[f"count.{number}"] = optimizer.count
        tensors["random.cpu"] = torch.get_rng_state()
        if self.run.world.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.run.world.device)
        meta = {
            "stage": self.name, "step": self.step, "progress": self.clock.progress, "elapsed": self.clock.elapsed(), "grids": self.grids_done,
            "updates": [o.steps for o in self.groups.values()], "averages": [a.steps for a in self.averages.values()],
        }
        return tensors, meta

    def restore(self, tensors: dict[str, Tensor], meta: dict) -> None:
        """Goes on where `state` was taken; the weights themselves are in the store already."""
        for number, optimizer in enumerate(self.groups.values()):
            for key, flat in (("average", optimizer.group.average), ("first", optimizer.first), ("second", optimizer.second)):
                optimizer.group.load(flat, tensors, f"{key}.")
            optimizer.count.copy_(tensors[f"count.{number}"])
        for optimizer, steps in zip(self.groups.values(), meta["updates"]):
            optimizer.steps = steps
        for average, steps in zip(self.averages.values(), meta["averages"]):
            average.steps = steps
        self.step, self.grids_done = meta["step"], meta["grids"]
        self.clock.progress, self.clock.spent = meta["progress"], meta["elapsed"]
        torch.set_rng_state(tensors["random.cpu"])
        if self.run.world.device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self.run.world.device)


class Averaged:
    def __init__(self, groups: list[FlatGroup]):
        self.groups = groups

    def __enter__(self) -> None:
        for group in self.groups:
            group.swap_average()

    def __exit__(self, *_: object) -> None:
        self.__enter__()


class Throttle:
    """Keeps the host at most two intervals ahead of the GPU, without ever letting the GPU run dry."""

    def __init__(self, device: torch.device):
        self.on = device.type == "cuda"
        self.last = None

    def wait(self) -> None:
        if not self.on:
            return
        event = torch.cuda.Event()
        event.record()
        if self.last is not None:
            self.last.synchronize()
        self.last = event


class Meter:
    """Sums losses on the device and reports means every `log_every` steps, one interval late so that nothing waits."""

    def __init__(self, stage: Stage):
        self.stage, self.run = stage, stage.run
        self.steps, self.rates = 0, {}
        self.since = time.perf_counter()
        self.pending: list[tuple[dict, list[str], Tensor, object]] = []

    def count(self, active: TrainStep, rates: dict[str, float]) -> None:
        self.steps, self.rates = self.steps + 1, rates
        if self.steps >= self.run.options.log_every:
            self.read(active)

    def read(self, active: TrainStep | None) -> None:
        if active is None or not self.steps:
            return
        cuda = self.run.world.device.type == "cuda"
        means = active.sums / self.steps
        active.sums.zero_()
        event = None
        if cuda:
            held = torch.empty(means.shape, pin_memory=True)
            held.copy_(means, non_blocking=True)
            event = torch.cuda.Event()
            event.record()
            means = held
        now = time.perf_counter()
        images = self.steps * int(self.stage.spec["batch"]) * self.run.world.size
        record = {
            "stage": self.stage.name, "step": self.stage.step, "progress": round(self.stage.clock.progress, 4),
            "seconds": round(self.stage.clock.elapsed(), 2), "steps_per_second": round(self.steps / (now - self.since), 2),
            "images_per_second": round(images / (now - self.since), 1), "lr": self.rates,
        }
        self.pending.append((record, active.names, means, event))
        self.steps, self.since = 0, now
        if not cuda:
            self.flush(final=True)

    def flush(self, final: bool = False) -> None:
        while self.pending and (final or self.pending[0][3] is None or self.pending[0][3].query()):
            record, names, means, event = self.pending.pop(0)
            if event is not None:
                event.synchronize()
            self.run.log("step", **record, **{name: round(value, 6) for name, value in zip(names, means.tolist())})
