"""What the figures of opens say of classes and images. Programs and devices: `rules/words.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.opens.models import NO_IMAGE, OpenClass
from app.opens.rules import words

MEANINGS: dict[str, Any] = {
    OpenClass.HUMAN: _l("A mail program or browser showed the image to somebody."),
    OpenClass.IMAGE_PROXY: _l(
        "Gmail, Yahoo and others fetch the image when the person opens the message, from a device unknown."
    ),
    OpenClass.PREFETCH: _l(
        "Loaded before anybody opened it, as Apple Mail does for each message: "
        "it does not tell whether anybody read it."
    ),
    OpenClass.BOT: _l("Crawlers, security scanners and programs."),
}
CLASSES: dict[str, tuple[Any, str, Any]] = {  # word, tone, what it means
    name: (words.CLASSES[name][0], words.CLASSES[name][1], MEANINGS[name]) for name in OpenClass
}


def image_name(id_: UUID, names: Mapping[UUID, str]) -> str:
    if id_ == NO_IMAGE:
        return str(_("Built-in 1×1"))
    return names.get(id_) or str(_("Deleted image"))
