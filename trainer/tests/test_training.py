"""The toy export from end to end: it learns, goes on after a stop, and two processes equal one."""
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch

from ..__main__ import main
from ..export import Export
from ..run import Options, Run
from ..safetensors import read_safetensors
from .toy import write_toy

ROOT = Path(__file__).parents[2]


def train(*arguments: object) -> tuple[int, str]:
    """(exit code, error output) of the command."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        code = main(["train", *map(str, arguments), "--device", "cpu"])
    return code, errors.getvalue()


def log_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


class TrainingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.export, cls.data = write_toy(cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_prepares_every_set_of_objectives(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.assertEqual(main(["prepare", str(self.export), "--device", "cpu"]), 0)
        sets = [line.split(":")[0] for line in output.getvalue().splitlines()]
        self.assertEqual(sets[0], "autoencoder plain")
        self.assertIn("denoiser denoiser", sets)
        self.assertTrue(any("adversary" in line for line in sets), sets)

    def test_learns_and_writes_everything(self):
        out = self.folder / "learn"
        self.assertEqual(train(self.export, "--data", self.data, "--out", out, "--dtype", "float16", "--max-piece-mb", "0.008")[0], 0)
        steps = [e for e in log_of(out) if e["type"] == "step"]
        plain = [e["plain.loss"] for e in steps if "plain.loss" in e]
        denoiser = [e["denoiser.loss"] for e in steps if "denoiser.loss" in e]
        self.assertLess(plain[-1], plain[0] / 10)
        self.assertLess(denoiser[-1], denoiser[0] / 4)
        self.assertTrue(any("adversary.loss" in e for e in steps))
        summary = json.loads((out / "summary.json").read_text())
        self.assertLess(summary["stages"]["autoencoder"]["evaluate"]["mse"], 0.02)
        self.assertEqual(summary["stages"]["denoiser"]["steps"], 400)
        for name in ("autoencoder-050.png", "autoencoder-100.png", "denoiser-100.png"):
            self.assertEqual((out / name).read_bytes()[:4], b"\x89PNG", name)
        unet, _ = read_safetensors(out / "unet.safetensors")
        self.assertTrue((out / "unet.safetensors.part-01").exists())
        self.assertEqual(unet["conv_in.weight"].dtype, torch.float16)
        scale = read_safetensors(out / "shared.safetensors")[0]["latent_scale"]
        self.assertAlmostEqual(float(scale), summary["buffers"]["latent_scale"], places=2)

    def _interrupted(self, out: Path, at: int, stage: str) -> None:
        options = Options(data=self.data, out=out, device="cpu", steps=40, stages=[])
        with contextlib.redirect_stdout(io.StringIO()):
            run = Run(Export(self.export), options)
            calls = {"count": 0}

            def must_stop() -> float:
                calls["count"] += 1
                return float(calls["count"] > at + (41 if stage == "denoiser" else 0))

            run.must_stop = must_stop
            run.execute()
            run.close()

    def test_going_on_gives_the_weights_of_an_uninterrupted_run(self):
        whole = self.folder / "whole"
        train(self.export, "--data", self.data, "--out", whole, "--steps", 40)
        for stage, at in (("autoencoder", 36), ("denoiser", 15)):
            part, rest = self.folder / f"part-{stage}", self.folder / f"rest-{stage}"
            self._interrupted(part, at, stage)
            stopped = log_of(part)[-1]
            self.assertEqual((stopped["type"], stopped["stage"], stopped["step"]), ("stopped", stage, at))
            self.assertEqual(train(self.export, "--data", self.data, "--out", rest, "--steps", 40, "--resume", part)[0], 0)
            for component in ("vae", "unet", "disc"):
                expected, got = (read_safetensors(f / f"{component}.safetensors")[0] for f in (whole, rest))
                for name, tensor in expected.items():
                    self.assertTrue(torch.equal(tensor, got[name]), f"{stage} {component} {name}")

    def test_weights_alone_start_a_later_stage(self):
        first, second = self.folder / "first", self.folder / "second"
        train(self.export, "--data", self.data, "--out", first, "--steps", 30, "--stage", "autoencoder")
        code, _ = train(self.export, "--data", self.data, "--out", second, "--steps", 5, "--stage", "denoiser", "--resume", first)
        self.assertEqual(code, 0)
        vae = [read_safetensors(f / "vae.safetensors")[0]["decoder.0.weight"] for f in (first, second)]
        self.assertTrue(torch.equal(*vae))

    def test_learns_in_bfloat16_and_channels_last(self):
        out = self.folder / "narrow"
        flags = ("--precision", "bf16", "--memory-format", "channels_last", "--steps", "60")
        self.assertEqual(train(self.export, "--data", self.data, "--out", out, *flags)[0], 0)
        losses = [e["denoiser.loss"] for e in log_of(out) if "denoiser.loss" in e]
        self.assertLess(losses[-1], losses[0] / 2)

    def test_a_time_limit_stops_and_saves(self):
        out = self.folder / "limited"
        code, _ = train(self.export, "--data", self.data, "--out", out, "--seconds", 1000, "--time-limit", 0.5)
        self.assertEqual(code, 0)
        self.assertEqual(log_of(out)[-1]["type"], "stopped")
        self.assertTrue((out / "state.safetensors").exists())

    def test_mistakes_are_one_clear_message(self):
        for arguments, message in (
            ((self.folder, "--data", self.data), "export.json"),
            ((self.export, "--data", self.folder / "nowhere"), "no file shard-"),
            ((self.export, "--data", self.data, "--stage", "unet"), "it has autoencoder, denoiser"),
            ((self.export, "--data", self.data, "--resume", self.folder), "neither state.safetensors nor"),
        ):
            code, errors = train(*arguments, "--out", self.folder / "mistake")
            self.assertEqual(code, 2)
            self.assertIn(message, errors)


@unittest.skipUnless(torch.distributed.is_available(), "PyTorch without torch.distributed")
class DistributedTest(unittest.TestCase):
    def test_two_processes_equal_one_with_twice_the_batch(self):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            weights = []
            for size, batch in ((1, 16), (2, 8)):
                export, data = write_toy(folder / f"toy-{size}", batch=batch)
                self._launch(size, export, data, folder / f"out-{size}")
                weights.append(read_safetensors(folder / f"out-{size}" / "vae.safetensors")[0])
            start = read_safetensors(folder / "toy-1" / "export" / "parameters.safetensors")[0]
            for name, one in weights[0].items():
                moved = float((one - start[f"vae.{name}"]).abs().max())
                self.assertLess(float((one - weights[1][name]).abs().max()), 1e-3 * moved, name)

    def _launch(self, size: int, export: Path, data: Path, out: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "trainer", "train", str(export), "--data", str(data), "--out", str(out), "--steps", "6"]
        processes = []
        for rank in range(size):
            world = {"RANK": rank, "WORLD_SIZE": size, "LOCAL_RANK": rank, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
            environment = {**os.environ, **{k: str(v) for k, v in world.items()}}
            arguments = [*command, "--stage", "autoencoder", "--device", "cpu"]
            processes.append(subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        for process in processes:
            _, errors = process.communicate(timeout=100)
            self.assertEqual(process.returncode, 0, errors.decode()[-2000:])
