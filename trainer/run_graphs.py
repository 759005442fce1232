"""`trainer run`: ONNX graphs on given inputs, many in one process."""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from .errors import TrainerError
from .interpreter import build_module
from .onnx_reader import read_onnx
from .parameters import ParameterStore
from .safetensors import read_safetensors, write_safetensors


def run_graphs(parsed: argparse.Namespace) -> int:
    """Writes each case's outputs; with --cases prints one JSON line a case and goes on after a failed one."""
    if not parsed.cases:
        if not (parsed.graph and parsed.outputs):
            raise TrainerError("run: expected a graph and --outputs, or --cases")
        _run_one(parsed, {"graph": parsed.graph, "inputs": parsed.inputs, "outputs": parsed.outputs, "parameters": parsed.parameters})
        return 0
    base, failed = parsed.cases.parent, 0
    for case in json.loads(parsed.cases.read_text()):
        located = {key: base / value for key, value in case.items()}
        try:
            _run_one(parsed, located)
            print(json.dumps({"graph": case["graph"], "ok": True}), flush=True)
        except (TrainerError, RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
            failed += 1
            print(json.dumps({"graph": case["graph"], "ok": False, "error": f"{type(error).__name__}: {error}"}), flush=True)
    return 1 if failed else 0


def _run_one(parsed: argparse.Namespace, case: dict[str, Path | None]) -> None:
    device = torch.device(parsed.device)
    parameters = read_safetensors(case["parameters"])[0] if case.get("parameters") else {}
    inputs = read_safetensors(case["inputs"])[0] if case.get("inputs") else {}
    graph = read_onnx(case["graph"])
    module = build_module(graph, ParameterStore(parameters, device), fuse=not parsed.no_fuse).to(device)
    missing = [name for name in module.input_names if name not in inputs]
    if missing:
        raise TrainerError(f"run {case['graph']}: no input {missing[0]!r}", f"the file holds {', '.join(inputs) or 'nothing'}")
    with torch.no_grad():
        outputs = module(*[inputs[name].to(device) for name in module.input_names])
    write_safetensors(case["outputs"], dict(zip(module.output_names, outputs)))
