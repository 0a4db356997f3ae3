"""The name of an image in its address, made from the name of the uploaded file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

FILE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\.(?:png|gif|jpe?g|webp)")  # facts/security.md 47
KNOWN = ("png", "gif", "jpg", "jpeg", "webp")
MAX_STEM = 64
MAX_GIVEN = 1000  # characters that are looked at
DEFAULT = "image"


def slug(given: str, extensions: tuple[str, ...]) -> str:
    """`Promoção de Verão.PNG` → `promocao-de-verao.png`. The extension is one of `extensions`, those of the true type:
    the given one if it is among them. Whatever is given, the result matches FILE."""
    stem, extension = _parted(given)
    cut = _plain(stem)[:MAX_STEM].rstrip("._-")
    return f"{cut}.{extension if extension in extensions else extensions[0]}"


def stem_of(given: str) -> str:
    """The name of a file as its owner wrote it, without folders and extension."""
    return _parted(given)[0]


def _parted(given: str) -> tuple[str, str]:
    """Stem and extension (lower-case); what follows the last dot of "banner v1.5" belongs to the stem."""
    name = re.split(r"[/\\]", given[:MAX_GIVEN])[-1]
    stem, _dot, extension = name.rpartition(".")
    known = extension.strip().lower()
    return (stem, known) if known in KNOWN and _dot else (name, "")


def _plain(stem: str) -> str:
    folded = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    joined = re.sub(r"[^a-z0-9._-]+", "-", folded)
    return re.sub(r"-{2,}", "-", re.sub(r"\.{2,}", ".", joined)).strip("._-") or DEFAULT


def is_file(name: str) -> bool:
    """Whether an image could have this name in its address."""
    return FILE.fullmatch(name) is not None


def free(wanted: str, taken: Container[str]) -> str:
    """`logo.png`, `logo-2.png`, `logo-3.png`: the first that nobody has."""
    stem, _dot, extension = wanted.rpartition(".")
    number, name = 1, wanted
    while name in taken:
        number += 1
        suffix = f"-{number}"
        name = f"{stem[: MAX_STEM - len(suffix)]}{suffix}.{extension}"
    return name
