"""Files: safetensors in pieces and quantised, PNG, ONNX, and what is said about bad ones."""
import struct
import tempfile
import unittest
import zlib
from pathlib import Path

import torch

from ..errors import TrainerError
from ..onnx_reader import read_onnx
from ..png import make_grid, write_png
from ..safetensors import exists, read_safetensors, write_safetensors
from .onnx_writer import GraphWriter


class FilesTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)

    def tearDown(self):
        self.temporary.cleanup()

    def test_safetensors_round_trip_of_every_type_and_odd_sizes(self):
        tensors = {
            "a": torch.randn(3, 5), "b": torch.arange(7, dtype=torch.uint8), "c": torch.randn(3).half(), "d": torch.tensor(2.5),
            "e": torch.tensor([True, False, True]), "f": torch.arange(4), "g": torch.empty(0, 3), "h": torch.randn(2, 2).bfloat16(),
        }
        write_safetensors(self.folder / "x.safetensors", tensors, {"note": "kept"})
        back, metadata = read_safetensors(self.folder / "x.safetensors")
        self.assertEqual(metadata, {"note": "kept"})
        self.assertEqual(back.keys(), tensors.keys())
        for name, tensor in tensors.items():
            self.assertTrue(back[name].dtype == tensor.dtype and torch.equal(back[name], tensor), name)

    def test_pieces_stay_below_the_limit_and_stale_ones_vanish(self):
        path = self.folder / "x.safetensors"
        tensors = {"a": torch.randn(1000), "b": torch.randn(500)}
        pieces = write_safetensors(path, tensors, max_piece_mb=0.002)
        self.assertGreater(len(pieces), 2)
        self.assertLessEqual(max(p.stat().st_size for p in pieces), 2000)
        self.assertTrue(exists(path) and not path.exists())
        self.assertTrue(torch.equal(read_safetensors(path)[0]["b"], tensors["b"]))
        write_safetensors(path, tensors)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["x.safetensors"])

    def test_int8_with_scales_comes_back_as_float(self):
        write_safetensors(self.folder / "q", {"w": torch.tensor([[1, -2], [3, 4]], dtype=torch.int8), "w.scale": torch.tensor([0.5, 2.0])})
        self.assertEqual(read_safetensors(self.folder / "q")[0]["w"].tolist(), [[0.5, -1.0], [6.0, 8.0]])
        self.assertEqual(list(read_safetensors(self.folder / "q")[0]), ["w"])

    def test_bad_safetensors_are_named(self):
        (self.folder / "bad").write_bytes(b"nonsense")
        with self.assertRaisesRegex(TrainerError, "not a safetensors file"):
            read_safetensors(self.folder / "bad")
        write_safetensors(self.folder / "cut", {"a": torch.randn(100)})
        (self.folder / "cut").write_bytes((self.folder / "cut").read_bytes()[:-50])
        with self.assertRaises(TrainerError):
            read_safetensors(self.folder / "cut")
        with self.assertRaisesRegex(TrainerError, "no such file"):
            read_safetensors(self.folder / "none")

    def test_png_holds_the_grid(self):
        pictures = torch.randint(0, 256, (3, 4, 5, 3), dtype=torch.uint8)
        sheet = make_grid(pictures, columns=2, gap=1)
        self.assertEqual(tuple(sheet.shape), (9, 11, 3))
        self.assertTrue(torch.equal(sheet[5:9, 0:5], pictures[2]))
        write_png(self.folder / "x.png", sheet)
        data = (self.folder / "x.png").read_bytes()
        self.assertEqual(struct.unpack(">II", data[16:24]), (11, 9))
        size = struct.unpack(">I", data[33:37])[0]
        rows = torch.tensor(list(zlib.decompress(data[41 : 41 + size])), dtype=torch.uint8).reshape(9, 34)
        self.assertEqual(set(rows[:, 0].tolist()), {2})
        self.assertTrue(torch.equal(torch.cumsum(rows[:, 1:].long(), 0).remainder(256), sheet.reshape(9, 33).long()))

    def test_onnx_parameters_are_those_without_data(self):
        g = GraphWriter("g")
        x = g.input("x", [2, 3])
        g.output("y", g.add("Gemm", x, g.parameter("w", [4, 3]), torch.zeros(4), transB=1), [2, 4])
        g.write(self.folder / "g.onnx")
        graph = read_onnx(self.folder / "g.onnx")
        self.assertEqual(graph.parameters, {"w": (4, 3)})
        self.assertEqual([t.tolist() for t in graph.constants.values()], [[0.0] * 4])
        self.assertEqual((graph.inputs[0].shape, graph.inputs[0].dtype, graph.opset), ((2, 3), torch.float32, 21))
        self.assertEqual(graph.nodes[0].attributes, {"transB": 1})

    def test_onnx_cut_short_is_named(self):
        g = GraphWriter("g")
        g.output("y", g.add("Relu", g.input("x", [2])), [2])
        (self.folder / "g.onnx").write_bytes(g.encode()[:-9])
        with self.assertRaisesRegex(TrainerError, "not an ONNX file"):
            read_onnx(self.folder / "g.onnx")
