"""The event of e-mail images, as other systems may be told of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask_babel import lazy_gettext as _l
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.core.event_types import EventType, declare
from app.core.schema import Out

OPENED = "image.opened"
EXAMPLE: dict[str, Any] = {
    "idFatura": "FAT-2026-001",
    "file": "logo.png",
    "openedAt": "2026-11-22T12:00:00.123Z",
    "class": "human",
    "client": "Gmail",
    "device": "mobile",
}


class ImageOpened(Out):
    """Neither the address nor the user agent."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id_fatura: str = Field(description="The id in the image's address.")
    file: str = Field(description="The image.")
    opened_at: datetime = Field(description="When it was loaded.")
    open_class: Literal["human", "image_proxy"] = Field(alias="class", description="Who loaded it.")
    client: str | None = Field(description="The mail program or browser, as far as it tells.")
    device: str | None = Field(description="The sort of device, as far as it tells.")


def declare_events() -> None:
    what = _l("An e-mail was opened for the first time: the first load of an image with its id that counts")
    declare(EventType(OPENED, what, ImageOpened, EXAMPLE))
