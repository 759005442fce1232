"""The PyTorch side of bench/training-step.ts: the steps of `trainer/` from the same export on the same batches, one for each line."""
import json
import resource
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from trainer.export import Export  # noqa: E402
from trainer.interpreter import build_module  # noqa: E402
from trainer.optimizer import AdamWOptions, FlatAdamW, averaging_weight, learning_rate  # noqa: E402
from trainer.parameters import FlatGroup, ParameterStore  # noqa: E402
from trainer.safetensors import read_safetensors, write_safetensors  # noqa: E402


def main() -> None:
    folder, stage_name, batches, steps, threads = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    torch.set_num_threads(threads)
    export = Export(folder)
    (stage,) = export.stages([stage_name])
    objective = stage["objectives"][0]
    store = ParameterStore(export.parameters(0), torch.device("cpu"))
    graph = export.graph(objective["graph"])
    module = build_module(graph, store)
    write_safetensors(batches / "initial.safetensors", {name: p.data for name, p in store.items()})
    group = FlatGroup(store, store.with_prefix(objective["trainable"]), channels_last=False)
    store.train_only(group.names)
    optimizer, options = FlatAdamW(group), AdamWOptions.parse(objective["optimizer"])
    say(torch=torch.__version__, parameters=sum(p.numel() for p in group.parameters))
    rate = torch.zeros(())
    for number, _ in enumerate(sys.stdin):
        values = read_safetensors(batches / f"{number}.safetensors")[0]
        arguments = [values[info.name].to(info.dtype) for info in graph.inputs]
        used = cpu()
        rate.fill_(learning_rate(objective["schedule"], options.lr, steps=number, progress=number / steps))
        outputs = dict(zip(module.output_names, module(*arguments)))
        loss = outputs[objective["loss"]].reshape(())
        group.collect(torch.autograd.grad(loss, group.parameters, allow_unused=True))
        norm = optimizer.step(rate, options)
        with torch.no_grad():
            group.average.lerp_(group.values, averaging_weight(stage["ema"], number))
        say(loss=float(loss), norm=float(norm), cpu_ms=1000 * (cpu() - used))


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


main()
