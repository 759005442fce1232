"""Reads and writes safetensors files, whole or cut into pieces (`x.safetensors.part-00`, ...)."""
from __future__ import annotations

import ctypes
import json
import os
import struct
from pathlib import Path

import torch

from .errors import TrainerError

_DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def exists(path: str | Path) -> bool:
    """True when the file or its first piece is there."""
    return Path(path).exists() or Path(f"{path}.part-00").exists()


def read_safetensors(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """(tensors by name, metadata). int8 tensors with a `.scale` beside them come back as float32."""
    data = _read_bytes(Path(path))
    try:
        size = struct.unpack_from("<Q", data)[0]
        header = json.loads(bytes(data[8 : 8 + size]))
        metadata = header.pop("__metadata__", {})
        tensors = {name: _tensor(data, 8 + size, entry) for name, entry in header.items()}
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainerError(f"read {path}: not a safetensors file ({error})") from None
    return _dequantise(tensors), metadata


def _read_bytes(path: Path) -> bytearray:
    pieces = [path] if path.exists() else sorted(path.parent.glob(path.name + ".part-*"))
    if not pieces:
        raise TrainerError(f"read {path}: no such file", "pieces are named like the file, with .part-00, .part-01, ... behind")
    data = bytearray(sum(piece.stat().st_size for piece in pieces))
    view, at = memoryview(data), 0
    for piece in pieces:
        with open(piece, "rb") as file:
            at += file.readinto(view[at:])
    return data


def _tensor(data: bytearray, base: int, entry: dict) -> torch.Tensor:
    start, end = entry["data_offsets"]
    dtype, shape = _DTYPES[entry["dtype"]], tuple(entry["shape"])
    if start == end:
        return torch.empty(shape, dtype=dtype)
    if base + end > len(data):
        raise ValueError("the file is cut short")
    width = torch.empty((), dtype=dtype).element_size()
    if (base + start) % width:  # a file of another writer may leave tensors unaligned
        return torch.frombuffer(bytearray(data[base + start : base + end]), dtype=dtype).reshape(shape)
    return torch.frombuffer(data, dtype=dtype, count=(end - start) // width, offset=base + start).reshape(shape)


def _dequantise(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    out = {}
    for name, tensor in tensors.items():
        scale = tensors.get(f"{name}.scale")
        if tensor.dtype == torch.int8 and scale is not None:
            out[name] = tensor.float() * scale.reshape(-1, *[1] * (tensor.ndim - 1))
        elif not (name.endswith(".scale") and tensors.get(name[:-6], tensor).dtype == torch.int8):
            out[name] = tensor
    return out


def write_safetensors(
    path: str | Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None, max_piece_mb: float | None = None
) -> list[Path]:
    """Writes the file atomically, in pieces below `max_piece_mb` (10^6 bytes) when it is larger; returns what was written."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    chunks, at = [], 0
    # wide elements first: the format allows no gaps, and so every tensor stays aligned
    for name in sorted(tensors, key=lambda n: (-tensors[n].element_size(), n)):
        tensor = tensors[name].detach().cpu().contiguous()
        chunk = tensor_bytes(tensor)
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(chunk)]}
        chunks.append(chunk)
        at += len(chunk)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return _write_pieces(Path(path), b"".join([struct.pack("<Q", len(text)), text, *chunks]), max_piece_mb)


def tensor_bytes(tensor: torch.Tensor) -> bytes:
    """The memory of a contiguous CPU tensor (without numpy, which PyTorch may lack)."""
    return ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size()) if tensor.numel() else b""


def _write_pieces(path: Path, data: bytes, max_piece_mb: float | None) -> list[Path]:
    limit = int(max_piece_mb * 1e6) if max_piece_mb else len(data)
    if len(data) <= limit:
        targets = {path: data}
    else:
        count = -(-len(data) // limit)
        targets = {Path(f"{path}.part-{i:02d}"): data[i * limit : (i + 1) * limit] for i in range(count)}
    for target, content in targets.items():
        write_atomic(target, content)
    for stale in [path, *path.parent.glob(path.name + ".part-*")]:
        if stale not in targets and stale.exists():
            stale.unlink()
    return list(targets)


def write_atomic(path: str | Path, data: bytes) -> None:
    """Writes through a temporary file in the same folder, so that a reader never sees half a file."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TrainerError(f"write {path}: {error.strerror}", "give another folder with --out") from None
