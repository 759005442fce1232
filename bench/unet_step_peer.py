"""The PyTorch side of bench/unet-step.ts: the same ONNX graph on the same weights, one step for each line on standard input."""
import json
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from trainer.interpreter import build_module  # noqa: E402
from trainer.onnx_reader import read_onnx  # noqa: E402
from trainer.safetensors import read_safetensors, write_safetensors  # noqa: E402


def main() -> None:
    graph, weights, feeds, outputs, threads = sys.argv[1:6]
    torch.set_num_threads(int(threads))
    parameters = {name: torch.nn.Parameter(t.float(), requires_grad=False) for name, t in read_safetensors(weights)[0].items()}
    module = build_module(read_onnx(graph), parameters)
    inputs = [read_safetensors(feeds)[0][name] for name in module.input_names]
    say(torch=torch.__version__, blas=blas())
    with torch.no_grad():
        for line in sys.stdin:
            begun, used = time.perf_counter(), cpu()
            results = module(*inputs)
            say(wall_ms=1000 * (time.perf_counter() - begun), cpu_ms=1000 * (cpu() - used))
            if line.strip() == "write":
                write_safetensors(outputs, dict(zip(module.output_names, results)))
                say(written=True)


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def blas() -> str:
    """What multiplies matrices: the reference library is many times slower than the others."""
    maps = Path("/proc/self/maps")
    libraries = {line.split("/")[-1].strip() for line in maps.read_text().splitlines() if "/" in line} if maps.exists() else set()
    return ", ".join(sorted(name for name in libraries if "blas" in name or "mkl" in name)) or "built in"


def say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


main()
