"""What pages and exports of opens say: the words for classes, devices and filters."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.opens.log.filters import Kind
from app.opens.models import COUNTED, Open, OpenClass
from app.opens.rules.words import CLASSES

KIND_WORDS: dict[str, Any] = {
    Kind.PEOPLE: _l("All people"),
    Kind.HUMAN: CLASSES[OpenClass.HUMAN][0],
    Kind.IMAGE_PROXY: CLASSES[OpenClass.IMAGE_PROXY][0],
    Kind.AUTOMATIC: _l("All machines"),
    Kind.PREFETCH: CLASSES[OpenClass.PREFETCH][0],
    Kind.BOT: CLASSES[OpenClass.BOT][0],
    Kind.ALL: _l("People and machines"),
}
COUNTED_WORDS: dict[str, Any] = {"1": _l("Counted"), "0": _l("Not counted")}
FILTER_WORDS = {
    "ref": _l("ID"),
    "from": _l("From"),
    "to": _l("Until"),
    "class": _l("Who"),
    "image": _l("Image"),
    "file": _l("File"),
    "client": _l("Mail program"),
    "device": _l("Device"),
    "counted": _l("Counts"),
    "first": _l("First open"),
}


def is_counted(found: Open) -> bool:
    """Whether it adds to the views."""
    return found.is_view and found.open_class in COUNTED


def why_not_counted(found: Open) -> str | None:
    """In words, for one whose class alone would let it count."""
    if found.open_class in COUNTED and not found.is_view:
        return str(_("A further image of the same opening"))
    return None
