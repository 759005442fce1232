"""Writes RGB pictures as PNG and joins pictures to grids."""
from __future__ import annotations

import struct
import zlib
from pathlib import Path

import torch

from .safetensors import tensor_bytes, write_atomic


def make_grid(pictures: torch.Tensor, columns: int, gap: int = 2) -> torch.Tensor:
    """[N, H, W, 3] uint8 -> one [H', W', 3] picture, row by row, with a white gap."""
    count, height, width, _ = pictures.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    sheet = torch.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, dtype=torch.uint8)
    for index, picture in enumerate(pictures.cpu()):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def write_png(path: str | Path, picture: torch.Tensor) -> None:
    """[H, W, 3] uint8 -> an RGB PNG file, filter "up"."""
    height, width, channels = picture.shape
    assert channels == 3 and picture.dtype == torch.uint8
    rows = picture.cpu().reshape(height, width * 3)
    above = torch.cat([torch.zeros_like(rows[:1]), rows[:-1]])
    filtered = torch.cat([torch.full((height, 1), 2, dtype=torch.uint8), rows - above], 1).contiguous()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(tensor_bytes(filtered), 6)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in chunks)
    write_atomic(path, b"\x89PNG\r\n\x1a\n" + body)
