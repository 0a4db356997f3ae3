"""Image files of every kind, good and hostile, made here."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

CAMERA, PLACE, PHP = b"SECRETCAM", b"SECRETPLACE", b"<?php system($_GET['c']); ?>"
TYPES = {"PNG": "image/png", "GIF": "image/gif", "JPEG": "image/jpeg", "WEBP": "image/webp"}
ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def made(kind: str = "PNG", size: tuple[int, int] = (20, 10), color: Any = "red", **options: Any) -> bytes:
    written = BytesIO()
    Image.new(options.pop("mode", "RGB"), size, color).save(written, kind, **options)
    return written.getvalue()


def animated(kind: str, frames: int = 3, size: tuple[int, int] = (16, 16), **options: Any) -> bytes:
    """Each frame differs, or the writer would join them."""
    written = BytesIO()
    first, *rest = (
        Image.new("RGB", size, ((number * 7) % 256, (number * 31) % 256, number)) for number in range(frames)
    )
    first.save(written, kind, save_all=True, append_images=rest, duration=70, loop=0, **options)
    return written.getvalue()


def exif(turn: int = 1) -> Image.Exif:
    """A camera, a place, and how it was held."""
    found = Image.Exif()
    found[ORIENTATION], found[MAKE] = turn, CAMERA.decode()
    found[GPS] = {1: "S", 2: (23.0, 33.0, 1.0), 29: PLACE.decode()}
    return found


def held(kind: str, turn: int) -> bytes:
    """20 × 10, left half red, right half blue, to be turned."""
    picture = Image.new("RGB", (20, 10), "red")
    picture.paste("blue", (10, 0, 20, 10))
    written = BytesIO()
    lossless = {"lossless": True} if kind == "WEBP" else {}
    picture.save(written, kind, exif=exif(turn), **lossless)
    return written.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I4s", len(body), name) + body + zlib.crc32(name + body).to_bytes(4)


def png_with(*chunks: bytes, raw: bytes | None = None) -> bytes:
    """Chunks behind the header."""
    file = raw or made("PNG")
    return file[:33] + b"".join(chunks) + file[33:]


def png_bomb(width: int, height: int) -> bytes:
    """Gigabytes of nothing in a few hundred bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 100_000)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def gif_with(extension: bytes) -> bytes:
    """An extension behind the colours."""
    file = made("GIF")
    start = 13 + (3 << (file[10] & 7) + 1 if file[10] & 0x80 else 0)
    return file[:start] + extension + file[start:]


def blocks(text: bytes) -> bytes:
    """As sub-blocks of a GIF."""
    return b"".join(bytes([len(text[at : at + 255])]) + text[at : at + 255] for at in range(0, len(text), 255)) + b"\0"


def jpeg_with(*segments: tuple[int, bytes], raw: bytes | None = None) -> bytes:
    """Segments behind the start."""
    file = raw or made("JPEG")
    added = (bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body for marker, body in segments)
    return file[:2] + b"".join(added) + file[2:]


def webp_with(name: bytes, body: bytes) -> bytes:
    """A chunk at the end of an extended WebP."""
    file = made("WEBP", exif=exif())
    padded = name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
    return file[:4] + struct.pack("<I", len(file) - 8 + len(padded)) + file[8:] + padded
