"""Images on the wire: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.core.pagination import PageQuery
from app.core.schema import Out, Schema
from app.opens.images.addresses import Addresses
from app.opens.images.models import Image
from app.opens.images.service import MAX_NAME, MAX_SEARCH


class ImageIn(Schema):
    """What comes beside `file`. `name` is what people call the image, by default the name of the file."""

    name: str | None = Field(None, max_length=MAX_NAME)


class ContentIn(Schema):
    """What comes beside `file`. `version` guards against a change made meanwhile."""

    version: int | None = None


class ImageChange(Schema):
    """What is given is replaced, the rest stays. `version` guards against a change made meanwhile."""

    name: str | None = Field(None, max_length=MAX_NAME)
    signed_only: bool | None = None
    version: int | None = None


class ImageFilter(PageQuery):
    q: str | None = Field(None, max_length=MAX_SEARCH)


class Removal(Schema):
    version: int | None = None


class ImageOut(Out):
    """`file` is its name in the address and stays; `url` the address, to which `id_fatura` is added; `tag` what mails
    carry, with [ID] in the place of the recipient's id. `bytes` is the size."""

    id: UUID
    file: str
    name: str
    content_type: str
    width: int
    height: int
    bytes: int
    signed_only: bool
    url: str
    tag: str
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, image: Image, addresses: Addresses) -> ImageOut:
        derived = {"bytes": image.size, "url": addresses.plain(image.file), "tag": addresses.tag(image.file)}
        columns = {name: getattr(image, name) for name in cls.model_fields if name not in derived}
        return cls(**columns, **derived)
