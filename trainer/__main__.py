"""Command line: `python3 -m trainer train|bench|prepare|run ...`."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .errors import TrainerError


def main(arguments: list[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    try:
        return parsed.command(parsed)
    except TrainerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trainer", description="Trains exported networks on PyTorch.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="run the stages of an export")
    _add_common(train)
    train.add_argument("--data", type=Path, required=True, help="folder of shard-*.<field>.u8|i32|f32")
    train.add_argument("--out", type=Path, required=True, help="folder for weights, log, grids")
    train.add_argument("--resume", type=Path, help="folder of an earlier run: its state if saved, else its weights")
    train.add_argument("--stage", action="append", default=[], help="only this stage (may be repeated)")
    train.add_argument("--seconds", type=float, help="length of each stage in seconds, in place of the export's")
    train.add_argument("--steps", type=int, help="length of each stage in steps, in place of the export's")
    train.add_argument("--time-limit", type=float, help="stop after so many seconds in all, saving the state to go on from")
    train.add_argument("--compile-objective", action="append", default=[], help="torch.compile only this objective (may be repeated)")
    train.add_argument("--seed", type=int, help="of parameters, order and noise, in place of the export's")
    train.add_argument("--log-every", type=int, help="steps between log lines (100 on CUDA, 10 on the CPU)")
    train.add_argument("--save-every", type=float, default=0.0, help="seconds between saves (0: only at the end of a stage)")
    train.add_argument("--save-state", action="store_true", help="save optimizer and averages too")
    train.add_argument("--dtype", choices=["float32", "float16"], default="float32", help="stored type of the weights")
    train.add_argument("--max-piece-mb", type=float, help="split written files into pieces of at most so many megabytes")
    train.set_defaults(command=_train)
    bench = commands.add_parser("bench", help="steps a second of one stage on random data, over the ways to run it")
    _add_common(bench)
    bench.add_argument("--stage", required=True)
    bench.add_argument("--repeat", type=float, default=5.0, help="seconds a variant is timed")
    bench.add_argument("--progress", type=float, default=0.0, help="which objectives are active: those at this fraction of the stage")
    bench.set_defaults(command=_bench)
    prepare = commands.add_parser("prepare", help="compile the losses on random data, so that training finds them in the compiler's cache")
    _add_common(prepare)
    prepare.add_argument("--stage", action="append", default=[], help="only this stage (may be repeated)")
    prepare.set_defaults(command=_prepare)
    run = commands.add_parser("run", help="run ONNX graphs once, to compare with another runtime")
    run.add_argument("graph", type=Path, nargs="?")
    run.add_argument("--inputs", type=Path)
    run.add_argument("--outputs", type=Path)
    run.add_argument("--parameters", type=Path)
    run.add_argument("--cases", type=Path, help="JSON list of {graph, inputs, outputs, parameters?}, paths relative to it")
    run.add_argument("--no-fuse", action="store_true", help="one PyTorch call for each node")
    run.add_argument("--device", default="cpu")
    run.set_defaults(command=_run)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("export", type=Path, help="folder with export.json")
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--precision", choices=["auto", "bf16", "fp32"], default="auto", help="auto: bf16 autocast on CUDA")
    parser.add_argument("--memory-format", choices=["auto", "channels_last", "contiguous"], default="auto")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False, help="torch.compile the objectives")
    parser.add_argument("--cuda-graph", action=argparse.BooleanOptionalAction, default=None, help="capture the step (default on CUDA)")


def _train(parsed: argparse.Namespace) -> int:
    from .export import Export
    from .run import Options, Run

    export = Export(parsed.export)
    values = {k: v for k, v in vars(parsed).items() if k not in ("command", "export", "stage", "dtype", "compile_objective")}
    values["seed"] = int(export.config.get("seed", 0)) if parsed.seed is None else parsed.seed
    options = Options(**values, stages=parsed.stage, compile_objectives=parsed.compile_objective, half=parsed.dtype == "float16")
    run = Run(export, options)
    try:
        return run.execute()
    finally:
        run.close()


def _bench(parsed: argparse.Namespace) -> int:
    from .bench import bench

    return bench(parsed)


def _prepare(parsed: argparse.Namespace) -> int:
    from .prepare import prepare

    return prepare(parsed)


def _run(parsed: argparse.Namespace) -> int:
    from .run_graphs import run_graphs

    return run_graphs(parsed)


if __name__ == "__main__":
    sys.exit(main())
