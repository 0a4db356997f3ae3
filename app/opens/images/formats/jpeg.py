"""JPEG (ITU T.81): segments that draw are kept as they are, so that no quality is lost; EXIF, GPS, XMP, comments, the
thumbnail and the second picture of a phone go."""

from __future__ import annotations

import re
import struct

from flask_babel import lazy_gettext as _l

from app.opens.images.formats import MAX_PROFILE, UPRIGHT, Cursor, Stripped, damaged, orientation, refused

SIGNATURE = b"\xff\xd8\xff"
START, END = b"\xff\xd8", b"\xff\xd9"
TABLES = (0xC4, 0xDB, 0xDD)  # Huffman, quantisation, restart interval
BASELINE_OR_PROGRESSIVE = (0xC0, 0xC1, 0xC2)
OTHER_FRAMES = (0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))  # no mail program draws them
SCAN, END_OF_IMAGE, APP0, APP1, APP2, APP14 = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE
EXIF, PROFILE = b"Exif\0\0", b"ICC_PROFILE\0"
MAX_SCANS = 64  # a progressive image has some ten; a thousand empty ones keep a reader busy for minutes
NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in a scan: neither a stuffed byte nor a restart


class _Kept:
    def __init__(self) -> None:
        self.parts = [START]
        self.profile: list[bytes] = []
        self.size: tuple[int, int] | None = None
        self.turn = UPRIGHT
        self.scans = 0


def strip(raw: bytes) -> Stripped:
    """Raises Invalid for a file that is damaged, for print (CMYK), or ends before its end marker."""
    file, kept = Cursor(raw, len(START)), _Kept()
    while (marker := _marker(file)) != END_OF_IMAGE:
        (length,) = struct.unpack(">H", file.take(2))
        body = file.take(max(0, length - 2))
        _take(kept, marker, body)
        if marker == SCAN:
            kept.parts.append(_entropy(file))
    if kept.size is None or not kept.scans:
        raise damaged()
    if sum(map(len, kept.profile)) <= MAX_PROFILE:
        kept.parts[1:1] = kept.profile
    width, height = kept.size
    return Stripped(width, height, 1, b"".join([*kept.parts, END]), kept.turn)


def _marker(file: Cursor) -> int:
    if file.take(1) != b"\xff":
        raise damaged()
    while (marker := file.take(1)[0]) == 0xFF:  # fill bytes
        pass
    return marker


def _take(kept: _Kept, marker: int, body: bytes) -> None:
    """Notes what a segment says, and keeps it if it draws."""
    if marker in BASELINE_OR_PROGRESSIVE:
        if kept.size is not None:  # a second one would change the measures
            raise damaged()
        kept.size = _size(body)
    elif marker in OTHER_FRAMES:
        raise refused(_l("This kind of JPEG is not drawn by mail programs. Save it as an ordinary JPEG."))
    elif marker == SCAN:
        kept.scans += 1
        if kept.scans > MAX_SCANS:
            raise damaged()
    elif marker == APP0 and body.startswith(b"JFIF\0") and len(body) >= 14:
        body = body[:12] + b"\0\0"  # without its thumbnail
    elif marker == APP1 and body.startswith(EXIF):
        kept.turn = orientation(body[len(EXIF) :])
        return
    elif marker == APP2 and body.startswith(PROFILE):
        kept.profile.append(_written(marker, body))
        return
    elif marker == APP14 and body.startswith(b"Adobe") and len(body) >= 12:
        body = body[:12]
    elif marker not in TABLES:
        return
    kept.parts.append(_written(marker, body))


def _size(body: bytes) -> tuple[int, int]:
    if len(body) < 6:
        raise damaged()
    height, width, colours = struct.unpack(">HHB", body[1:6])
    if colours == 4:
        raise refused(
            _l("This JPEG has the colours of print (CMYK). Save it as RGB: many mail programs cannot draw it.")
        )
    return width, height


def _entropy(file: Cursor) -> bytes:
    """The coded pixels, up to the next marker."""
    found = NEXT_MARKER.search(file.raw, file.at)
    if found is None:
        raise damaged()
    return file.take(found.start() - file.at)


def _written(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body
