"""The four formats that mail programs draw, each walked part by part: only what draws is kept."""

from __future__ import annotations

import struct
from typing import NamedTuple

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid, Text

UPRIGHT = 1  # of the eight orientations that EXIF knows
ORIENTATION = 0x0112
MAX_TAGS = 500  # of a hostile EXIF block; a camera writes some thirty
MAX_PIECES = 200_000  # a GIF of 5 MB has some forty thousand; millions of empty ones would cost seconds
MAX_PROFILE = 64 * 1024  # bytes of a colour profile: screens' have a few thousand, printers' some hundred thousand


class Stripped(NamedTuple):
    """What is left of a file: `content` ends with the image. `turn` is the orientation that the EXIF block asked for,
    which is gone."""

    width: int
    height: int
    frames: int
    content: bytes
    turn: int = UPRIGHT


def refused(message: Text) -> Invalid:
    """Of the field `file`, by page and API alike."""
    return Invalid({"file": [message]})


def damaged() -> Invalid:
    return refused(_l("The image is damaged or not complete. Save it again and upload the new file."))


class Cursor:
    """Reads bytes in their order. Raises Invalid where the file ends early, or has too many pieces."""

    def __init__(self, raw: bytes, at: int = 0) -> None:
        self.raw = raw
        self.at = at
        self._pieces = 0

    def take(self, length: int) -> bytes:
        end = self.at + length
        self._pieces += 1
        if end > len(self.raw) or self._pieces > MAX_PIECES:
            raise damaged()
        taken = self.raw[self.at : end]
        self.at = end
        return taken


def orientation(tiff: bytes) -> int:
    """What an EXIF block (from its TIFF header on) says of how the image lies; UPRIGHT when nothing readable."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(count, MAX_TAGS)):
            tag, _kind, _values, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if tag == ORIENTATION:
                return value if 1 <= value <= 8 else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT
