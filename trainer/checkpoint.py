"""What a run writes: component weights, the state to go on from, and the summary."""
from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from .errors import TrainerError
from .parameters import ParameterStore
from .safetensors import exists, read_safetensors, write_atomic, write_safetensors

STATE = "state.safetensors"
SHARED = "shared.safetensors"


class Output:
    """The output folder. `half` stores component weights as float16; the state is always float32."""

    def __init__(self, folder: Path, components: dict[str, str], *, half: bool, max_piece_mb: float | None):
        self.folder, self.components, self.half, self.max_piece_mb = folder, components, half, max_piece_mb
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainerError(f"output folder {folder}: {error.strerror}") from None

    def write_components(self, parameters: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
        """One file a component, its prefix taken off; parameters of no component go to shared.safetensors."""
        left = dict(parameters)
        for component, prefix in self.components.items():
            names = [name for name in left if name.startswith(prefix)]
            self._write(f"{component}.safetensors", {name[len(prefix) :]: left.pop(name) for name in names}, metadata)
        self._write(SHARED, left, metadata)

    def _write(self, name: str, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        if tensors:
            dtype = torch.float16 if self.half else torch.float32
            stored = {key: t.detach().to(dtype) if t.is_floating_point() else t.detach() for key, t in tensors.items()}
            write_safetensors(self.folder / name, stored, metadata, self.max_piece_mb)

    def write_state(self, tensors: dict[str, Tensor], meta: dict) -> None:
        write_safetensors(self.folder / STATE, tensors, {"state": json.dumps(meta)}, self.max_piece_mb)

    def write_summary(self, summary: dict) -> None:
        write_atomic(self.folder / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())


class Resumed:
    """What an earlier run left: its full state if there is one, else the components' weights."""

    def __init__(self, folder: Path, components: dict[str, str]):
        self.tensors: dict[str, Tensor] = {}
        self.meta: dict = {}
        weights: dict[str, Tensor] = {}
        for component, prefix in [*components.items(), (SHARED.removesuffix(".safetensors"), "")]:
            path = folder / f"{component}.safetensors"
            if exists(path):
                weights |= {prefix + name: tensor for name, tensor in read_safetensors(path)[0].items()}
        if exists(folder / STATE):
            self.tensors, metadata = read_safetensors(folder / STATE)
            self.meta = json.loads(metadata["state"])
            weights |= {name[7:]: t for name, t in self.tensors.items() if name.startswith("values.")}
        if not weights:
            raise TrainerError(f"resume {folder}: neither {STATE} nor a component's weights are there")
        self.weights = weights

    def fill(self, store: ParameterStore) -> None:
        for name, tensor in self.weights.items():
            if name in store and store[name].numel() != tensor.numel():
                raise TrainerError(f"resume: {name!r} has shape {list(tensor.shape)}, the export wants {list(store[name].shape)}")
            store.assign(name, tensor.float() if tensor.is_floating_point() else tensor)
