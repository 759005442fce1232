"""Training data: raw little-endian shards held on the device, and the random draws that make a batch."""
from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from .errors import TrainerError
from .onnx_reader import ValueInfo

_FILES = {"uint8": ("u8", torch.uint8), "int32": ("i32", torch.int32), "float32": ("f32", torch.float32)}
_CHUNK_BYTES = 1 << 28


class DataSet:
    """Fields of equal length; each is loaded on first use and stays on the device. Derived fields are added to it."""

    def __init__(self, folder: Path, fields: dict, held_out: int, device: torch.device):
        self.folder, self.declared, self.held_out, self.device = folder, fields, held_out, device
        self.fields: dict[str, Tensor] = {}

    def field(self, name: str) -> Tensor:
        """[rows, ...] on the device."""
        if name not in self.fields:
            if name not in self.declared:
                raise TrainerError(f"data field {name!r} is not declared", f"declared are {', '.join(sorted(self.declared)) or 'none'}")
            self.fields[name] = self._load(name)
            rows = {key: len(value) for key, value in self.fields.items()}
            if len(set(rows.values())) > 1:
                raise TrainerError(f"data fields have different numbers of rows: {rows}")
        return self.fields[name]

    def _load(self, name: str) -> Tensor:
        suffix, dtype = _FILES[self.declared[name]["dtype"]]
        shape = tuple(self.declared[name]["shape"])
        files = sorted(self.folder.glob(f"shard-*.{name}.{suffix}"))
        if not files:
            raise TrainerError(f"data {self.folder}: no file shard-*.{name}.{suffix}", "render the data first, or give another --data")
        row = math.prod(shape) * torch.empty((), dtype=dtype).element_size()
        sizes = [file.stat().st_size for file in files]
        for file, size in zip(files, sizes):
            if size % row:
                raise TrainerError(f"data {file}: {size} bytes are no whole number of rows of {row} bytes (shape {list(shape)})")
        target = torch.empty(sum(sizes), dtype=torch.uint8, device=self.device)
        at = 0
        for file, size in zip(files, sizes):
            if not size:
                continue
            content = torch.from_file(str(file), size=size, dtype=torch.uint8)
            for start in range(0, size, _CHUNK_BYTES):
                piece = content[start : start + _CHUNK_BYTES]
                target[at : at + len(piece)].copy_(piece)
                at += len(piece)
        return target.view(dtype).view(-1, *shape)

    def rows(self, names: list[str]) -> int:
        """Number of rows of the named fields; raises when none is left for training."""
        count = len(self.field(names[0]))
        for name in names[1:]:
            self.field(name)
        return count

    def keep_only(self, names: set[str]) -> None:
        """Frees what a later stage does not read."""
        self.fields = {name: tensor for name, tensor in self.fields.items() if name in names}


class Sampler:
    """Draws the values of graph inputs on the device.

    Every process draws for all of them from the same seed and keeps its share: two processes with batch B see
    exactly the samples of one process with batch 2 B.
    """

    def __init__(self, data: DataSet, inputs: dict[str, dict], *, batch: int, rank: int, world: int, channels_last: bool):
        self.data, self.inputs, self.batch = data, inputs, batch
        self.rank, self.world, self.channels_last = rank, world, channels_last
        self.progress = torch.zeros((), device=data.device)
        sources = [spec["field"] for spec in inputs.values() if spec["kind"] == "data"]
        self.count = data.rows(sources) if sources else 0
        if sources and self.count <= data.held_out:
            raise TrainerError(f"data {data.folder}: {self.count} rows, of which {data.held_out} are held out: none is left to train on")

    def draw_rows(self) -> Tensor:
        rows = torch.randint(self.data.held_out, self.count, (self.batch * self.world,), device=self.data.device)
        return rows[self.rank * self.batch : (self.rank + 1) * self.batch]

    def draw(self, wanted: dict[str, ValueInfo], rows: Tensor | None = None, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Values for the graph inputs `wanted`; all data inputs use the same rows."""
        if rows is None and any(spec["kind"] == "data" for spec in self.inputs.values()):
            rows = self.draw_rows()
        out = {}
        for name, info in wanted.items():
            spec = self.inputs.get(name)
            if spec is None:
                raise TrainerError(f"graph input {name!r} has no entry in the stage's inputs", f"known are {', '.join(sorted(self.inputs))}")
            out[name] = self._value(spec, info, rows, generator)
        return out

    def _value(self, spec: dict, info: ValueInfo, rows: Tensor | None, generator: torch.Generator | None) -> Tensor:
        if spec["kind"] == "data":
            value = self.data.field(spec["field"]).index_select(0, rows)
            if tuple(value.shape) != info.shape:
                raise TrainerError(f"graph input {info.name!r} has shape {list(info.shape)}, the data rows give {list(value.shape)}")
            value = value.to(info.dtype)
        elif spec["kind"] == "progress":
            value = self.progress.to(info.dtype).expand(info.shape)
        else:
            value = self._random(spec, info.shape, generator).to(info.dtype)
        if self.channels_last and value.ndim == 4 and value.is_floating_point():
            return value.contiguous(memory_format=torch.channels_last)
        return value

    def _random(self, spec: dict, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
        kind, shared = spec["kind"], generator is None and self.world > 1 and shape[:1] == (self.batch,)
        full = (shape[0] * self.world, *shape[1:]) if shared else shape
        options = {"device": self.data.device, "generator": generator}
        if kind == "normal":
            value = torch.randn(full, **options)
        elif kind == "uniform":
            low, high = spec.get("low", 0.0), spec.get("high", 1.0)
            value = torch.rand(full, **options) * (high - low) + low
        elif kind == "bernoulli":
            value = torch.rand(full, **options) < spec["p"]
        elif kind == "randint":
            value = torch.randint(spec.get("low", 0), spec["high"], full, **options)
        else:
            raise TrainerError(f"input kind {kind!r} is not known", "kinds: data, normal, uniform, bernoulli, randint, progress")
        return value[self.rank * shape[0] : (self.rank + 1) * shape[0]] if shared else value
