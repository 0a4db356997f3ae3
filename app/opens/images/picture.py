"""An uploaded image, judged and cleaned: told by its bytes, bounded, without metadata, drawn once to see that it is
whole. Nothing of the file's name or of the type it was sent with counts."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from flask_babel import lazy_gettext as _l
from PIL import Image

from app.core.errors import Text, Unavailable
from app.opens.images.formats import UPRIGHT, Stripped, damaged, gif, jpeg, png, refused, webp

MAX_BYTES = 5 * 1024 * 1024
MAX_SIDE = 4096
MAX_FRAMES = 200
MAX_DRAWN = 100_000_000  # pixels of all frames: some seconds of one core, once
PATIENCE_S = 10
QUALITIES = (92, 80)  # of what had to be turned; the lower one where the file grew too large
FAST = 2  # of WebP's six ways, each slower and a little smaller
_BROKEN = (  # what Pillow raises for bytes that it did not expect
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_drawing = threading.BoundedSemaphore(1)  # one picture needs up to 200 MB while it is drawn


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as it is stored and served."""

    content_type: str
    width: int
    height: int
    frames: int
    content: bytes

    @property
    def extensions(self) -> tuple[str, ...]:
        """Those that fit its type, the usual one first."""
        return EXTENSIONS[self.content_type]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str  # Pillow's
    content_type: str
    is_it: Callable[[bytes], bool]
    strip: Callable[[bytes], Stripped]


EXTENSIONS = {
    "image/png": ("png",),
    "image/gif": ("gif",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/webp": ("webp",),
}
_KINDS = (
    _Kind("PNG", "image/png", lambda raw: raw.startswith(png.SIGNATURE), png.strip),
    _Kind("GIF", "image/gif", lambda raw: raw.startswith(gif.SIGNATURES), gif.strip),
    _Kind("JPEG", "image/jpeg", lambda raw: raw.startswith(jpeg.SIGNATURE), jpeg.strip),
    _Kind("WEBP", "image/webp", webp.is_webp, webp.strip),
)
_NO_IMAGES: tuple[tuple[Text, Callable[[bytes], bool]], ...] = (
    (
        _l("SVG is not taken: most mail programs do not draw it, and it can carry scripts. Export it as PNG."),
        lambda raw: b"<svg" in raw[:4096].lower(),
    ),
    (
        _l("This is a picture of a phone (HEIC or AVIF), which mail programs do not draw. Export it as JPEG."),
        lambda raw: raw[4:8] == b"ftyp",
    ),
)
_ONLY_FOUR = _l("This is not an image that mail programs draw. PNG, GIF, JPEG and WebP are taken.")


def read_picture(raw: bytes) -> Picture:
    """What may be stored of an upload. Metadata (EXIF, GPS, comments, XMP) and whatever follows the image are gone, an
    EXIF orientation is applied, animations and colour profiles stay. Files are not coded anew but where they must be
    turned, so that nothing is lost; all that is kept was understood, and drawn once.

    Raises Invalid for the field `file`; Unavailable when too many wait for their turn."""
    if not raw:
        raise refused(_l("The file is empty."))
    if len(raw) > MAX_BYTES:
        raise refused(_l("The file is larger than 5 MB."))
    kind = _kind_of(raw)
    stripped = kind.strip(raw)
    _check_measures(stripped)
    if not _drawing.acquire(timeout=PATIENCE_S):
        raise Unavailable()
    try:
        if stripped.turn != UPRIGHT and stripped.frames == 1:
            stripped = _turned(kind, stripped)
        if _drawn_size(kind, stripped.content) != (stripped.width, stripped.height):
            raise damaged()
    finally:
        _drawing.release()
    return Picture(kind.content_type, stripped.width, stripped.height, stripped.frames, stripped.content)


def _kind_of(raw: bytes) -> _Kind:
    for kind in _KINDS:
        if kind.is_it(raw):
            return kind
    raise refused(next((words for words, is_it in _NO_IMAGES if is_it(raw)), _ONLY_FOUR))


def _check_measures(stripped: Stripped) -> None:
    if not stripped.width or not stripped.height:
        raise damaged()
    if max(stripped.width, stripped.height) > MAX_SIDE:
        raise refused(
            _l(
                "The image has %(width)s × %(height)s pixels; at most %(most)s × %(most)s are taken.",
                width=stripped.width,
                height=stripped.height,
                most=MAX_SIDE,
            )
        )
    if stripped.frames > MAX_FRAMES:
        raise refused(_l("The animation has more than %(most)s frames.", most=MAX_FRAMES))
    if stripped.frames > 1 and stripped.width * stripped.height * stripped.frames > MAX_DRAWN:
        raise refused(_l("The animation is too heavy: its frames have more than 100 million pixels together."))


def _turned(kind: _Kind, stripped: Stripped) -> Stripped:
    """The image as its camera meant it, coded anew."""
    for quality in QUALITIES:
        written = BytesIO()
        try:
            with Image.open(BytesIO(stripped.content), formats=[kind.name]) as picture:
                turned = picture.transpose(_TURNS[stripped.turn])
                kept = {
                    "method": FAST,
                    "icc_profile": picture.info.get("icc_profile"),
                    "lossless": b"VP8L" in stripped.content,
                }
                turned.save(written, kind.name, quality=quality, **kept)
        except _BROKEN:
            raise damaged() from None
        if len(written.getvalue()) <= MAX_BYTES:
            return kind.strip(written.getvalue())
    raise refused(_l("Turned the right way up, the image is larger than 5 MB. Save it smaller."))


def _drawn_size(kind: _Kind, content: bytes) -> tuple[int, int]:
    """Draws every frame. Raises Invalid for what cannot be drawn to its end."""
    try:
        with Image.open(BytesIO(content), formats=[kind.name]) as picture:
            for number in range(min(getattr(picture, "n_frames", 1), MAX_FRAMES + 1)):
                picture.seek(number)
                picture.load()
            return picture.size
    except _BROKEN:
        raise damaged() from None
