"""The folder that the TypeScript side wrote: export.json, graphs and initial parameters."""
from __future__ import annotations

import json
import zlib
from pathlib import Path

import torch

from .errors import TrainerError
from .onnx_reader import OnnxGraph, read_onnx
from .safetensors import read_safetensors

FORMAT = "contrapposto-training/1"


class Export:
    def __init__(self, folder: Path):
        self.folder = folder
        path = folder / "export.json"
        try:
            self.config = json.loads(path.read_text())
        except OSError as error:
            raise TrainerError(f"read {path}: {error.strerror}", "give the folder that `contrapposto train RECIPE --export DIR` wrote") from None
        except ValueError as error:
            raise TrainerError(f"read {path}: no JSON ({error})") from None
        if self.config.get("format") != FORMAT:
            raise TrainerError(f"read {path}: expected format {FORMAT}, got {self.config.get('format')}")
        for key in ("name", "parameters", "components", "stages"):
            if key not in self.config:
                raise TrainerError(f"read {path}: {key!r} is missing")

    @property
    def name(self) -> str:
        return self.config["name"]

    @property
    def components(self) -> dict[str, str]:
        return self.config["components"]

    def parameters(self, seed: int = 0) -> dict:
        """Drawn values for the names under `initial`, and the tensors that the export holds."""
        drawn = {name: _draw(name, about, seed) for name, about in self.config.get("initial", {}).items()}
        return {**drawn, **read_safetensors(self.folder / self.config["parameters"])[0]}

    def graph(self, file: str) -> OnnxGraph:
        return read_onnx(self.folder / file)

    def derivations(self) -> list[dict]:
        """Every derived field of every stage, in order."""
        return [d for stage in self.config["stages"] for d in stage.get("derive", [])]

    def stages(self, names: list[str] | None = None) -> list[dict]:
        """The named stages in the export's order, or all."""
        known = [stage["name"] for stage in self.config["stages"]]
        for name in names or []:
            if name not in known:
                raise TrainerError(f"stage {name!r} is not in the export", f"it has {', '.join(known)}")
        return [stage for stage in self.config["stages"] if not names or stage["name"] in names]


def _draw(name: str, about: dict, seed: int) -> torch.Tensor:
    """An initial value; each name has a random stream of its own, so that adding one does not change the others."""
    generator = torch.Generator().manual_seed((seed << 32) + zlib.crc32(name.encode()))
    value = torch.empty(about["shape"])
    if "uniform" in about:
        return value.uniform_(-about["uniform"], about["uniform"], generator=generator)
    if "normal" in about:
        return value.normal_(0.0, about["normal"], generator=generator)
    return value.fill_(about["value"])
