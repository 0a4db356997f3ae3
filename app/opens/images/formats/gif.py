"""GIF: frames, their timing and the number of repeats are kept; comments, texts and what programs add go."""

from __future__ import annotations

import struct

from app.opens.images.formats import Cursor, Stripped, damaged

SIGNATURES = (b"GIF87a", b"GIF89a")
EXTENSION, FRAME, TRAILER = 0x21, 0x2C, 0x3B
GRAPHIC_CONTROL, APPLICATION = 0xF9, 0xFF
LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def strip(raw: bytes) -> Stripped:
    """Raises Invalid for a file that is damaged, has no frame, or ends before its trailer."""
    file = Cursor(raw)
    header = file.take(13)
    width, height = struct.unpack("<HH", header[6:10])
    kept, frames = [header, file.take(_table_length(header[10]))], 0
    while (kind := file.take(1)[0]) != TRAILER:
        if kind == EXTENSION:
            kept.append(_extension(file))
        elif kind == FRAME:
            kept.append(_frame(file, width, height))
            frames += 1
        else:
            raise damaged()
    if not frames:
        raise damaged()
    kept.append(bytes([TRAILER]))
    return Stripped(width, height, frames, b"".join(kept))


def _table_length(flags: int) -> int:
    return 3 << (flags & 0x07) + 1 if flags & 0x80 else 0


def _blocks(file: Cursor) -> bytes:
    """The sub-blocks up to the empty one, as they are."""
    start = file.at
    while length := file.take(1)[0]:
        file.take(length)
    return file.raw[start : file.at]


def _extension(file: Cursor) -> bytes:
    """What is kept of it, written anew: nothing can hide behind the few bytes that mean something."""
    label = file.take(1)[0]
    body = _blocks(file)
    if label == GRAPHIC_CONTROL and body[:1] == b"\x04" and len(body) == 6:
        return bytes([EXTENSION, label]) + body
    if label == APPLICATION and body[1:12] in LOOPS and body[12:14] == b"\x03\x01":
        return bytes([EXTENSION, label]) + body[:16] + b"\x00"
    return b""


def _frame(file: Cursor, width: int, height: int) -> bytes:
    start = file.at
    left, top, own_width, own_height, flags = struct.unpack("<HHHHB", file.take(9))
    if not own_width or not own_height or left + own_width > width or top + own_height > height:
        raise damaged()
    file.take(_table_length(flags) + 1)  # its colours, and the size of the first code
    _blocks(file)
    return bytes([FRAME]) + file.raw[start : file.at]
