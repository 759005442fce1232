"""A toy export with everything a real one has: autoencoder, adversary, derived latents, conditional denoiser, grids.

`python3 -m trainer.tests.toy FOLDER` writes FOLDER/export and FOLDER/data; pictures are 16x16 coloured squares.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from ..safetensors import tensor_bytes, write_safetensors
from .onnx_writer import GraphWriter

SIZE, LATENT, WIDTH, TOKENS = 16, 4, 16, 2


def write_toy(folder: Path, *, batch: int = 16, rows: int = 400, held_out: int = 32) -> tuple[Path, Path]:
    """Returns (export folder, data folder)."""
    export, data = folder / "export", folder / "data"
    export.mkdir(parents=True, exist_ok=True)
    data.mkdir(exist_ok=True)
    _write_data(data, rows)
    shapes: dict[str, list[int]] = {}
    _autoencoder_graph("ae-train", batch, shapes, adversarial=False).write(export / "ae-train.onnx")
    _autoencoder_graph("ae-train-adversarial", batch, shapes, adversarial=True).write(export / "ae-train-adversarial.onnx")
    _adversary_graph(batch, shapes).write(export / "adversary.onnx")
    _grid_graph(batch, shapes).write(export / "ae-grid.onnx")
    _encode_graph(batch, shapes).write(export / "encode.onnx")
    _denoiser_graph(batch, shapes).write(export / "denoiser.onnx")
    _sample_graph(8, shapes).write(export / "sample-step.onnx")
    _decode_graph(8, shapes).write(export / "decode.onnx")
    generator = torch.Generator().manual_seed(1)
    parameters = {}
    for name, shape in shapes.items():
        fan = max(torch.Size(shape[1:]).numel(), 1)
        parameters[name] = torch.randn(shape, generator=generator) * fan**-0.5 if len(shape) > 1 else torch.zeros(shape)
        if name.endswith("norm.weight") or name == "latent_scale":
            parameters[name] = torch.ones(shape)
    write_safetensors(export / "parameters.safetensors", parameters)
    (export / "export.json").write_text(json.dumps(_config(batch, held_out), indent=1))
    return export, data


def _write_data(folder: Path, rows: int) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.full((rows, SIZE, SIZE, 3), 40, dtype=torch.uint8)
    tokens = torch.randint(0, 3, (rows, TOKENS), generator=generator, dtype=torch.int32)
    for row in range(rows):
        left = 1 + 4 * int(tokens[row, 1])
        images[row, 4:10, left : left + 6, int(tokens[row, 0])] = 230
    cut = rows // 2
    for shard, part in enumerate((slice(0, cut), slice(cut, rows))):
        (folder / f"shard-{shard}.image.u8").write_bytes(tensor_bytes(images[part].contiguous()))
        (folder / f"shard-{shard}.tokens.i32").write_bytes(tensor_bytes(tokens[part].contiguous()))


def _conv(g: GraphWriter, shapes: dict, name: str, x: str, inputs: int, outputs: int, stride: int = 1) -> str:
    shapes[f"{name}.weight"], shapes[f"{name}.bias"] = [outputs, inputs, 3, 3], [outputs]
    weight, bias = (g.parameter(f"{name}.{k}", shapes[f"{name}.{k}"]) for k in ("weight", "bias"))
    return g.add("Conv", x, weight, bias, pads=[1, 1, 1, 1], strides=[stride, stride], kernel_shape=[3, 3])


def _silu(g: GraphWriter, x: str) -> str:
    return g.add("Mul", x, g.add("Sigmoid", x))


def _picture(g: GraphWriter, batch: int) -> str:
    """uint8 [N, H, W, 3] -> float [N, 3, H, W] in [-1, 1]."""
    image = g.input("image", [batch, SIZE, SIZE, 3], torch.uint8)
    scaled = g.add("Sub", g.add("Div", g.add("Cast", image, to=1), 127.5), 1.0)
    return g.add("Transpose", scaled, perm=[0, 3, 1, 2])


def _encode(g: GraphWriter, shapes: dict, x: str) -> str:
    x = _silu(g, _conv(g, shapes, "vae.encoder.0", x, 3, WIDTH, 2))
    return _conv(g, shapes, "vae.encoder.1", x, WIDTH, LATENT, 2)


def _decode(g: GraphWriter, shapes: dict, z: str) -> str:
    x = _silu(g, _conv(g, shapes, "vae.decoder.0", z, LATENT, WIDTH))
    for index in (1, 2):
        x = g.add("Resize", x, None, torch.tensor([1.0, 1.0, 2.0, 2.0]), mode="nearest")
        x = _conv(g, shapes, f"vae.decoder.{index}", x, WIDTH, WIDTH if index == 1 else 3)
        x = _silu(g, x) if index == 1 else x
    return x


def _mean(g: GraphWriter, x: str) -> str:
    return g.add("ReduceMean", x, keepdims=0)


def _judge(g: GraphWriter, shapes: dict, x: str) -> str:
    return _conv(g, shapes, "disc.1", _silu(g, _conv(g, shapes, "disc.0", x, 3, 8, 2)), 8, 1, 2)


def _autoencoder_graph(name: str, batch: int, shapes: dict, *, adversarial: bool) -> GraphWriter:
    g = GraphWriter(name)
    x = _picture(g, batch)
    y = _decode(g, shapes, _encode(g, shapes, x))
    l1 = _mean(g, g.add("Abs", g.add("Sub", y, x)))
    # squared: with absolute errors alone the toy settles for the background
    loss = _mean(g, g.add("Pow", g.add("Sub", y, x), 2.0))
    if adversarial:
        loss = g.add("Sub", loss, g.add("Mul", _mean(g, _judge(g, shapes, y)), 0.01))
    g.output("loss", loss, [])
    g.output("l1", l1, [])
    return g


def _adversary_graph(batch: int, shapes: dict) -> GraphWriter:
    g = GraphWriter("adversary")
    x = _picture(g, batch)
    fake = _judge(g, shapes, _decode(g, shapes, _encode(g, shapes, x)))
    real = _judge(g, shapes, x)
    g.output("loss", g.add("Add", _mean(g, g.add("Relu", g.add("Sub", 1.0, real))), _mean(g, g.add("Relu", g.add("Add", fake, 1.0)))), [])
    return g


def _to_picture(g: GraphWriter, x: str) -> str:
    scaled = g.add("Clip", g.add("Mul", g.add("Add", x, 1.0), 127.5), 0.0, 255.0)
    return g.add("Cast", g.add("Transpose", g.add("Round", scaled), perm=[0, 2, 3, 1]), to=2)


def _grid_graph(batch: int, shapes: dict) -> GraphWriter:
    g = GraphWriter("ae-grid")
    x = _picture(g, batch)
    y = _decode(g, shapes, _encode(g, shapes, x))
    g.output("picture", _to_picture(g, y), [batch, SIZE, SIZE, 3], torch.uint8)
    g.output("mse", _mean(g, g.add("Pow", g.add("Sub", y, x), 2.0)), [])
    return g


def _encode_graph(batch: int, shapes: dict) -> GraphWriter:
    g = GraphWriter("encode")
    g.output("latents", _encode(g, shapes, _picture(g, batch)), [batch, LATENT, 4, 4])
    return g


def _decode_graph(batch: int, shapes: dict) -> GraphWriter:
    g = GraphWriter("decode")
    shapes["latent_scale"] = []
    latents = g.input("latents", [batch, LATENT, 4, 4])
    x = _decode(g, shapes, g.add("Div", latents, g.parameter("latent_scale", [])))
    g.output("picture", _to_picture(g, x), [batch, SIZE, SIZE, 3], torch.uint8)
    return g


def _denoise(g: GraphWriter, shapes: dict, batch: int, noisy: str, level: str, tokens: str) -> str:
    """A prediction of the clean latents; `level` [N] is the share of noise."""
    for name, shape in (("text_encoder.table.weight", [3, WIDTH]), ("unet.level.weight", [WIDTH, 1]), ("unet.norm.weight", [WIDTH]), ("unet.norm.bias", [WIDTH])):
        shapes[name] = shape
    words = g.add("Gather", g.parameter("text_encoder.table.weight", [3, WIDTH]), tokens, axis=0)  # [N, T, D]
    shapes["unet.text.weight"], shapes["unet.text.bias"] = [WIDTH, WIDTH * TOKENS], [WIDTH]
    flat = g.add("Reshape", words, torch.tensor([batch, WIDTH * TOKENS]))
    text = g.add("Gemm", flat, g.parameter("unet.text.weight", [WIDTH, WIDTH * TOKENS]), g.parameter("unet.text.bias", [WIDTH]), transB=1)
    column = g.add("Reshape", level, torch.tensor([batch, 1]))
    time = g.add("MatMul", column, g.add("Transpose", g.parameter("unet.level.weight", [WIDTH, 1]), perm=[1, 0]))
    shift = g.add("Reshape", g.add("Add", text, time), torch.tensor([batch, WIDTH, 1, 1]))
    x = g.add("Add", _conv(g, shapes, "unet.conv_in", noisy, LATENT, WIDTH), shift)
    grouped = g.add("Reshape", x, torch.tensor([batch, 4, -1]))
    normed = g.add("InstanceNormalization", grouped, torch.ones(4), torch.zeros(4), epsilon=1e-5)
    back = g.add("Reshape", normed, torch.tensor([batch, WIDTH, 4, 4]))
    scale, bias = (g.add("Reshape", g.parameter(f"unet.norm.{k}", [WIDTH]), torch.tensor([WIDTH, 1, 1])) for k in ("weight", "bias"))
    x = _silu(g, g.add("Add", g.add("Mul", back, scale), bias))
    x = _silu(g, _conv(g, shapes, "unet.conv_mid", x, WIDTH, WIDTH))
    return _conv(g, shapes, "unet.conv_out", x, WIDTH, LATENT)


def _denoiser_graph(batch: int, shapes: dict) -> GraphWriter:
    g = GraphWriter("denoiser")
    latents, noise = g.input("latents", [batch, LATENT, 4, 4]), g.input("noise", [batch, LATENT, 4, 4])
    t, drop = g.input("t", [batch], torch.int64), g.input("drop", [batch, 1], torch.bool)
    tokens = g.add("Where", drop, torch.zeros(1, TOKENS, dtype=torch.int64), g.add("Cast", g.input("tokens", [batch, TOKENS], torch.int32), to=7))
    level = g.add("Gather", torch.linspace(0.02, 0.98, 100), t, axis=0)
    wide = g.add("Reshape", level, torch.tensor([batch, 1, 1, 1]))
    noisy = g.add("Add", latents, g.add("Mul", wide, g.add("Sub", noise, latents)))
    clean = _denoise(g, shapes, batch, noisy, level, tokens)
    g.output("loss", _mean(g, g.add("Pow", g.add("Sub", clean, latents), 2.0)), [])
    return g


def _sample_graph(batch: int, shapes: dict) -> GraphWriter:
    g = GraphWriter("sample-step")
    latents, tokens = g.input("latents", [batch, LATENT, 4, 4]), g.input("tokens", [batch, TOKENS], torch.int64)
    table = torch.linspace(0.02, 0.98, 100)
    now, then = (g.add("Gather", table, g.input(n, [batch], torch.int64), axis=0) for n in ("timestep", "previous_timestep"))
    clean = _denoise(g, shapes, batch, latents, now, tokens)
    ratio = g.add("Reshape", g.add("Div", then, now), torch.tensor([batch, 1, 1, 1]))
    g.output("latents_out", g.add("Add", clean, g.add("Mul", ratio, g.add("Sub", latents, clean))), [batch, LATENT, 4, 4])
    return g


def _config(batch: int, held_out: int) -> dict:
    image = {"image": {"kind": "data", "field": "image"}}
    optimizer = {"lr": 8e-3, "betas": [0.9, 0.99], "weightDecay": 1e-4, "clip": 1.0}
    schedule = {"kind": "cosine", "warmupSteps": 5, "finalRatio": 0.1}
    common = {"optimizer": optimizer, "schedule": schedule}
    return {
        "format": "contrapposto-training/1", "name": "toy", "parameters": "parameters.safetensors",
        "components": {"vae": "vae.", "unet": "unet.", "text_encoder": "text_encoder.", "disc": "disc."},
        "fields": {"image": {"dtype": "uint8", "shape": [SIZE, SIZE, 3]}, "tokens": {"dtype": "int32", "shape": [TOKENS]}},
        "heldOutRows": held_out,
        "stages": [
            {
                "name": "autoencoder", "seconds": None, "steps": 200, "batch": batch, "inputs": image,
                "objectives": [
                    {"name": "plain", "graph": "ae-train.onnx", "loss": "loss", "metrics": ["l1"], "trainable": ["vae."], "until": 0.8, **common},
                    {"name": "generator", "graph": "ae-train-adversarial.onnx", "loss": "loss", "metrics": ["l1"], "trainable": ["vae."], "from": 0.8, **common},
                    {"name": "adversary", "graph": "adversary.onnx", "loss": "loss", "trainable": ["disc."], "from": 0.8, **common},
                ],
                "ema": {"decay": 0.98, "warmup": True},
                "evaluate": {"graph": "ae-grid.onnx", "inputs": image, "outputs": ["mse"], "batches": 2},
                "grids": {"at": [0.5, 1.0], "kind": "graph", "graph": "ae-grid.onnx", "inputs": image, "output": "picture", "columns": 8},
            },
            {
                "name": "denoiser", "seconds": None, "steps": 400, "batch": batch,
                "derive": [{"field": "latents", "graph": "encode.onnx", "inputs": image, "output": "latents", "batch": batch, "dtype": "float16", "unitStd": "latent_scale"}],
                "inputs": {
                    "latents": {"kind": "data", "field": "latents"}, "tokens": {"kind": "data", "field": "tokens"}, "noise": {"kind": "normal"},
                    "t": {"kind": "randint", "low": 0, "high": 100}, "drop": {"kind": "bernoulli", "p": 0.1},
                },
                "objectives": [{"name": "denoiser", "graph": "denoiser.onnx", "loss": "loss", "trainable": ["unet.", "text_encoder."], **common}],
                "ema": {"decay": 0.98, "warmup": True},
                "grids": {
                    "at": [1.0], "kind": "sampler", "columns": 4,
                    "sampler": {
                        "step": "sample-step.onnx", "steps": [[t, max(t - 10, 0)] for t in range(99, 0, -10)],
                        "constants": {"tokens": [[c, p] for c in (0, 1) for p in (0, 1, 2, 1)]}, "decode": "decode.onnx", "seed": 7,
                    },
                },
            },
        ],
    }


if __name__ == "__main__":
    print(*write_toy(Path(sys.argv[1])))
