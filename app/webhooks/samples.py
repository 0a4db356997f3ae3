"""What a receiver writes to check a signature, in the languages that people copy it from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "templates" / "webhooks" / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """`label` as people call it, `language` a short word for ids, `text` the whole program: a function and, as a
    command, `verify SECRET HEADERS_FILE BODY_FILE`, which ends with 0 for a genuine delivery."""

    label: str
    language: str
    text: str
    file: str


def _read(label: str, language: str, suffix: str) -> Sample:
    file = f"verify.{suffix}"
    return Sample(label, language, (FOLDER / file).read_text("utf-8").rstrip(), file)


SAMPLES = (
    _read("Python", "python", "py"),
    _read("PHP", "php", "php"),
    _read("JavaScript (Node)", "javascript", "js"),
    _read("Shell (openssl)", "shell", "sh"),
)


def tabs() -> list[dict[str, str]]:
    """The programs that verify a delivery, as the tabs take them."""
    return [{"key": sample.language, "label": sample.label, "text": sample.text} for sample in SAMPLES]
