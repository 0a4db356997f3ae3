"""PNG and APNG (W3C, PNG third edition): chunks that draw are kept, text, time and EXIF go."""

from __future__ import annotations

import struct
from zlib import crc32

from app.opens.images.formats import MAX_PROFILE, UPRIGHT, Cursor, Stripped, damaged, orientation

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
DRAWS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP"}) | ANIMATION


def strip(raw: bytes) -> Stripped:
    """Raises Invalid for a file that is damaged, or ends before its IEND."""
    file = Cursor(raw, len(SIGNATURE))
    kept, frames, announced, turn = [SIGNATURE], 0, 0, UPRIGHT
    name, header = _chunk(file)
    if name != b"IHDR" or len(header) != 13:
        raise damaged()
    kept.append(_written(name, header))
    while name != b"IEND":
        name, body = _chunk(file)
        if name == b"eXIf":
            turn = orientation(body)
        elif name == b"acTL":
            announced = _announced(body)
        elif name == b"fcTL":
            frames += 1
        if _is_kept(name, body, announced > 0):
            kept.append(_written(name, body))
    width, height = struct.unpack(">II", header[:8])
    shown = max(1, frames, announced) if announced else 1
    return Stripped(width, height, shown, b"".join(kept), turn)


def _chunk(file: Cursor) -> tuple[bytes, bytes]:
    length, name = struct.unpack(">I4s", file.take(8))
    body = file.take(length)
    if crc32(body, crc32(name)) != int.from_bytes(file.take(4)):
        raise damaged()
    return name, body


def _announced(body: bytes) -> int:
    if len(body) != 8:
        raise damaged()
    return int.from_bytes(body[:4])


def _is_kept(name: bytes, body: bytes, is_animated: bool) -> bool:
    if name == b"IHDR":  # a second one would change the measures
        raise damaged()
    if name not in DRAWS:
        if name[0] & 0x20 == 0:  # critical: without it the image cannot be drawn, and nobody knows it
            raise damaged()
        return False
    return (is_animated or name not in ANIMATION) and (name != b"iCCP" or len(body) <= MAX_PROFILE)


def _written(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), name) + body + crc32(body, crc32(name)).to_bytes(4)
