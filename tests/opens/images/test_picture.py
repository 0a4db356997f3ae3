"""What becomes of an uploaded file: told by its bytes, cleaned, bounded, refused in words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO

import pytest
from PIL import Image

from app.core.errors import Invalid
from app.opens.images.picture import MAX_BYTES, read_picture
from tests.opens.images.samples import (
    CAMERA,
    PHP,
    PLACE,
    SVG,
    TYPES,
    animated,
    blocks,
    chunk,
    exif,
    gif_with,
    held,
    jpeg_with,
    made,
    png_bomb,
    png_with,
    webp_with,
)

KINDS = list(TYPES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_type_is_told_by_the_bytes_and_what_is_clean_stays_as_it_is(kind: str) -> None:
    raw = made(kind)
    picture = read_picture(raw)
    assert (picture.content_type, picture.width, picture.height, picture.frames) == (TYPES[kind], 20, 10, 1)
    assert picture.content == raw


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_every_colour_mode_of_a_png_is_taken(mode: str) -> None:
    assert read_picture(made("PNG", mode=mode, color=1 if mode in "1LP" else "red")).width == 20


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_stays_one(kind: str) -> None:
    picture = read_picture(animated(kind))
    with Image.open(BytesIO(picture.content)) as shown:
        assert (picture.frames, shown.n_frames, shown.info["loop"]) == (3, 3, 0)
        shown.seek(1)
        shown.load()
        assert shown.info["duration"] == 70


@pytest.mark.parametrize(
    "raw",
    [
        made("JPEG", exif=exif(), comment=CAMERA),
        jpeg_with((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PLACE), (0xED, CAMERA), (0xFE, PHP), (0xEF, PHP)),
        jpeg_with((0xE0, b"JFIF\0\1\2\0\0\1\0\1\2\2" + PHP)),
        jpeg_with((0xE2, b"MPF\0" + PHP)),
        made("PNG", exif=exif()),
        png_with(chunk(b"tEXt", b"Comment\0" + PHP), chunk(b"iTXt", CAMERA), chunk(b"tIME", b"\7\7\1\1\1\1\1")),
        png_with(chunk(b"prVt", PHP)),
        gif_with(b"\x21\xfe" + blocks(PHP)),
        gif_with(b"\x21\xff\x0bXMP DataXMP" + blocks(PLACE * 40)),
        gif_with(b"\x21\x01" + blocks(PHP)),
        gif_with(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0" + blocks(PHP)),
        made("WEBP", exif=exif(), xmp=PLACE),
        webp_with(b"XMP ", PLACE),
        webp_with(b"hide", PHP),
    ],
)
def test_metadata_is_gone(raw: bytes) -> None:
    assert any(secret in raw for secret in (CAMERA, PLACE, PHP))
    content = read_picture(raw).content
    assert not any(secret in content for secret in (CAMERA, PLACE, PHP))
    with Image.open(BytesIO(content)) as shown:
        assert not shown.getexif()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tail", [PHP, b"PK\x03\x04" + b"x" * 5000, b"\0", SVG])
def test_what_follows_the_image_is_gone(kind: str, tail: bytes) -> None:
    assert read_picture(made(kind) + tail).content == made(kind)


def test_a_colour_profile_stays_unless_it_is_huge() -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        assert b"ICC" in read_picture(made(kind, icc_profile=b"profile" * 100)).content.upper()
        huge = read_picture(made(kind, icc_profile=random.Random(1).randbytes(200_000)))
        assert b"ICC" not in huge.content.upper()[:100]
        assert len(huge.content) < 5_000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("turn", "size", "red_at"),
    [
        (1, (20, 10), (2, 5)),
        (2, (20, 10), (17, 5)),
        (3, (20, 10), (17, 5)),
        (4, (20, 10), (2, 5)),
        (5, (10, 20), (5, 2)),
        (6, (10, 20), (5, 2)),
        (7, (10, 20), (5, 17)),
        (8, (10, 20), (5, 17)),
        (99, (20, 10), (2, 5)),
    ],
)
def test_a_photo_lies_as_its_camera_was_held(
    kind: str, turn: int, size: tuple[int, int], red_at: tuple[int, int]
) -> None:
    picture = read_picture(held(kind, turn))
    with Image.open(BytesIO(picture.content)) as shown:
        red, _green, blue = shown.convert("RGB").getpixel(red_at)  # type: ignore[misc]
        assert (picture.width, picture.height) == shown.size == size
        assert red > 200 > 100 > blue
        assert not shown.getexif()


NO_IMAGES = {
    "empty": b"",
    "svg": SVG,
    "svg in spaces": b"\n  <!-- x --><svg/>",
    "html": b"<html><script>alert(1)</script></html>",
    "php": PHP,
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04",
    "bmp": b"BM" + b"\0" * 60,
    "tiff": b"II*\0" + b"\0" * 60,
    "heic": b"\0\0\0\x18ftypheic" + b"\0" * 60,
    "script that begins as a GIF": b"GIF89a/*" + b"*/=1;alert(1)//" * 20,
    "html behind a GIF's header": made("GIF")[:13] + b"<script>alert(1)</script>",
    "zip in a png's clothes": b"\x89PNG\r\n\x1a\nPK\x03\x04" + b"\0" * 60,
    "svg as webp": b"RIFF\x40\0\0\0WEBP" + SVG,
    "riff of sound": b"RIFF\x40\0\0\0WAVE" + b"\0" * 60,
    "no pixels": png_bomb(0, 10),
    "second header": png_with(chunk(b"IHDR", made("PNG", size=(9, 9))[16:29])),
    "unknown critical chunk": png_with(chunk(b"CgBI", b"\0\0\0\0")),
    "wrong checksum": made("PNG")[:20] + b"\xff" + made("PNG")[21:],
    "no frame": made("GIF")[:13] + b";",
    "frame outside": b"GIF89a\x05\0\x05\0\0\0\0,\0\0\0\0\x09\0\x09\0\0\x02\x02\x44\x01\0;",
    "print colours": made("JPEG", mode="CMYK", color=0),
    "second frame header": jpeg_with((0xC0, b"\x08\xff\xff\xff\xff\x01\x01\x11\0")),
    "lossless jpeg": jpeg_with((0xC3, b"\x08\0\x08\0\x08\x01\x01\x11\0")),
    "arithmetic jpeg": jpeg_with((0xC9, b"\x08\0\x08\0\x08\x01\x01\x11\0")),
    "jpeg of nothing": b"\xff\xd8\xff\xd9",
    "thousand scans": made("JPEG")[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * 1000 + b"\xff\xd9",
    "too wide": made("PNG", size=(4097, 1)),
    "bomb": png_bomb(60_000, 60_000),
    "gif bomb": b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0;",
    "jpeg bomb": made("JPEG").replace(b"\x08\0\x0a\0\x14\x03", b"\x08\xff\xff\xff\xff\x03"),
    "webp bomb": b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\x3f\0" * 2 + b"VP8L\0\0\0\0",
    "too many frames": animated("GIF", frames=201, size=(2, 2)),
    "a byte too many": made("PNG") + b"\0" * (MAX_BYTES + 1 - len(made("PNG"))),
}
TOO_HEAVY = partial(animated, "PNG", frames=30, size=(1900, 1900))  # two seconds: not for all who only read this file


@pytest.mark.parametrize("made", [*NO_IMAGES.values(), TOO_HEAVY], ids=[*NO_IMAGES, "too heavy together"])
def test_what_is_no_image_of_ours_is_refused_at_once_and_in_words(made: bytes | Callable[[], bytes]) -> None:
    raw = made if isinstance(made, bytes) else made()
    started = time.monotonic()
    with pytest.raises(Invalid) as refusal:
        read_picture(raw)
    assert list(refusal.value.fields) == ["file"]
    assert str(refusal.value.fields["file"][0]).endswith(".")
    assert time.monotonic() - started < 5


def test_words_tell_what_to_do() -> None:
    for name, word in (("svg", "SVG"), ("heic", "JPEG"), ("print colours", "RGB"), ("bomb", "4096"), ("pdf", "PNG")):
        with pytest.raises(Invalid, match=word):
            read_picture(NO_IMAGES[name])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_ends_early_is_refused_wherever_it_ends(kind: str) -> None:
    whole = animated(kind) if kind != "JPEG" else made(kind)
    for length in range(0, len(whole), 3):
        with pytest.raises(Invalid):
            read_picture(whole[:length])


@pytest.mark.parametrize("kind", KINDS)
def test_broken_bytes_give_a_picture_or_a_refusal_and_nothing_else(kind: str) -> None:
    chance = random.Random(kind)
    for raw in (animated(kind) if kind != "JPEG" else made(kind, exif=exif(6), progressive=True), held("JPEG", 6)):
        for _round in range(400):
            broken = bytearray(raw)
            for _flip in range(chance.randint(1, 6)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            with suppress(Invalid):
                assert read_picture(bytes(broken)).width <= 4096


def test_a_clean_picture_is_not_changed_by_a_second_reading() -> None:
    for raw in (held("JPEG", 6), animated("PNG"), animated("GIF"), animated("WEBP"), webp_with(b"XMP ", PLACE)):
        once = read_picture(raw)
        assert read_picture(once.content) == once
