"""WebP (RFC 9649): the chunks that draw are kept, EXIF, XMP and unknown ones go."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from app.opens.images.formats import MAX_PROFILE, UPRIGHT, Cursor, Stripped, damaged, orientation

MAX_PARTS = 20_000
HAS_PROFILE, HAS_ALPHA, IS_ANIMATED = 0x20, 0x10, 0x02
DRAWS = frozenset({b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"})
OF_A_FRAME = frozenset({b"ALPH", b"VP8 ", b"VP8L"})
FRAME_HEADER = 16


def is_webp(raw: bytes) -> bool:
    return raw[:4] == b"RIFF" and raw[8:12] == b"WEBP"


def strip(raw: bytes) -> Stripped:
    """Raises Invalid for a file that is damaged, or shorter than it says."""
    file = Cursor(raw, 4)
    (length,) = struct.unpack("<I", file.take(4))
    whole = file.take(length)[4:]  # what follows belongs to no image
    kept: list[tuple[bytes, bytes]] = []
    turn, frames = UPRIGHT, 0
    for name, body in _chunks(whole):
        if name == b"EXIF":
            turn = orientation(body.removeprefix(b"Exif\0\0"))
        elif name == b"ANMF":
            frames += 1
            kept.append((name, _frame(body)))
        elif name in DRAWS and (name != b"ICCP" or len(body) <= MAX_PROFILE):
            kept.append((name, body))
    width, height = _size(kept)
    frames = max(1, frames)
    return Stripped(width, height, frames, _written(_flagged(kept)), turn)


def _chunks(whole: bytes) -> Iterator[tuple[bytes, bytes]]:
    file = Cursor(whole)
    for _number in range(MAX_PARTS):
        if file.at >= len(whole):
            return
        name, length = struct.unpack("<4sI", file.take(8))
        yield name, file.take(length)
        if length & 1 and file.at < len(whole):
            file.take(1)
    raise damaged()


def _frame(body: bytes) -> bytes:
    if len(body) < FRAME_HEADER:
        raise damaged()
    parts = [_chunk(name, part) for name, part in _chunks(body[FRAME_HEADER:]) if name in OF_A_FRAME]
    return body[:FRAME_HEADER] + b"".join(parts)


def _size(kept: list[tuple[bytes, bytes]]) -> tuple[int, int]:
    """Of the canvas, or of the image when there is no more than it."""
    name, body = kept[0] if kept else (b"", b"")
    if name == b"VP8X" and len(body) >= 10:
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if name == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise damaged()


def _flagged(kept: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The header no longer promises what is gone."""
    name, body = kept[0]
    if name != b"VP8X":
        return kept
    flags = body[0] & (HAS_ALPHA | IS_ANIMATED)
    if any(part == b"ICCP" for part, _body in kept):
        flags |= HAS_PROFILE
    return [(name, bytes([flags, 0, 0, 0]) + body[4:10]), *kept[1:]]


def _written(kept: list[tuple[bytes, bytes]]) -> bytes:
    parts = b"".join(_chunk(name, body) for name, body in kept)
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WEBP" + parts


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
