"""The protobuf wire format: enough to read and write ONNX files without the onnx package."""
from __future__ import annotations

import struct
from typing import Iterator, Union

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FieldValue = Union[int, memoryview]


def read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """The unsigned varint at `at` and the position behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data: memoryview) -> Iterator[tuple[int, int, FieldValue]]:
    """(field number, wire type, value) of one message; length-delimited values and fixed ones are views."""
    at, end = 0, len(data)
    while at < end:
        key, at = read_varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = read_varint(data, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            size, at = read_varint(data, at)
        elif wire in (FIXED32, FIXED64):
            size = 4 if wire == FIXED32 else 8
        else:
            raise ValueError(f"protobuf wire type {wire} at byte {at}")
        if at + size > end:
            raise ValueError(f"protobuf field {number} runs past the end of its message")
        yield number, wire, data[at : at + size]
        at += size


def signed(value: int) -> int:
    """A varint read as int64."""
    return value - (1 << 64) if value >= 1 << 63 else value


def repeated_ints(wire: int, value: FieldValue) -> list[int]:
    """The int64 values of one occurrence of a repeated field, packed or not."""
    if wire == VARINT:
        return [signed(value)]
    out, at = [], 0
    while at < len(value):
        item, at = read_varint(value, at)
        out.append(signed(item))
    return out


def repeated_floats(value: memoryview) -> list[float]:
    """The float values of one occurrence of a repeated field, packed or not."""
    return list(struct.unpack(f"<{len(value) // 4}f", value))


def write_varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_int(number: int, value: int) -> bytes:
    return write_varint(number << 3 | VARINT) + write_varint(value)


def write_float(number: int, value: float) -> bytes:
    return write_varint(number << 3 | FIXED32) + struct.pack("<f", value)


def write_bytes(number: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return write_varint(number << 3 | BYTES) + write_varint(len(data)) + data
