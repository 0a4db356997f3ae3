"""The verbs on images, shared by pages and API."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import audit
from app.core import clock, config_version
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import uuid7
from app.core.pagination import Column, order_by
from app.core.runtime import runtime
from app.core.vault import VaultError
from app.opens.images import names
from app.opens.images.models import Image, ImageContent
from app.opens.images.picture import Picture
from app.opens.rules import settings

MAX_IMAGES = 1_000
MAX_BYTES = 500 * 1024 * 1024  # of an account's images together
MAX_NAME = 120
MAX_SEARCH = 100
TRIES = 5  # two people may want the same name at once
MEASURES = ("content_type", "width", "height", "size")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
SORTS: dict[str, Column] = {
    "createdAt": Image.created_at,
    "updatedAt": Image.updated_at,
    "name": Image.name,
    "file": Image.file,
    "bytes": Image.size,
}
FULL = _l("The account is full: it may have 1,000 images and 500 MB. Delete images that no mail carries any more.")


def search(account_id: UUID, *, text: str = "", sort: str | None = None) -> Select[Image]:
    """The account's images as a query for a page of it. Raises Invalid for an unknown order."""
    found = select(Image).where(Image.account_id == account_id)
    if wanted := text.strip()[:MAX_SEARCH].replace("\x00", ""):
        found = found.where(or_(*(each.icontains(wanted, autoescape=True) for each in (Image.name, Image.file))))
    return found.order_by(*order_by(sort, SORTS, "-createdAt", Image.id))


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Image:
    """The image, for a change with its row locked. Raises NotFound, also for another account's."""
    wanted = select(Image).where(Image.account_id == account_id, Image.id == id)
    image = db.session.scalar(wanted.with_for_update() if lock else wanted) if id is not None else None
    if image is None:
        raise NotFound
    return image


def content(image: Image) -> bytes:
    return db.session.execute(select(ImageContent.content).where(ImageContent.image_id == image.id)).scalar_one()


def create(actor: Actor, picture: Picture, *, given: str, name: str | None = None, wanted: str | None = None) -> Image:
    """A new image. Its file gets the name that it was `given`, made to fit an address and the true type, and a number
    when somebody has that; `wanted` is a name that mails ask for already, taken as it is. `name` is what people call
    it. Raises Invalid for the field `file` (the account is full) or `wanted` (taken, or no name)."""
    _check_room(actor.account_id, picture)
    now, session = clock.now(), db.session()
    image = Image(
        id=uuid7(),
        account_id=actor.account_id,
        name=titled(name or "") or titled(names.stem_of(given)) or names.DEFAULT,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
        signed_only=False,
        version=1,
        **_measures(picture),
    )
    _add(image, wanted=_wanted(actor, wanted) if wanted else None, slug=names.slug(given, picture.extensions))
    session.add(ImageContent(image_id=image.id, content=picture.content))
    settings.make(session.connection(), runtime().vault, actor.account_id)
    _changed(actor, "image.created", image, {"file": [None, image.file], "name": [None, image.name]})
    return image


def replace(actor: Actor, id: UUID | None, picture: Picture, *, version: int | None = None) -> Image:
    """Another content under the same address; it may be of another type, and is served as what it is. Raises NotFound,
    Invalid (the account is full) or Conflict with the current image."""
    image = _current(actor, id, version)
    _check_room(actor.account_id, picture, image)
    before = audit.values_of(image, MEASURES)
    for field, value in _measures(picture).items():
        setattr(image, field, value)
    session = db.session()
    session.execute(
        update(ImageContent).where(ImageContent.image_id == image.id).values(content=picture.content),
        execution_options={"synchronize_session": False},
    )
    _touch(image)
    _changed(actor, "image.replaced", image, audit.changed(before, audit.values_of(image, MEASURES)))
    return image


def change(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> Image:
    """Sets what is given of `name` and `signedOnly`. Raises NotFound, Invalid, or Conflict with the current image."""
    image = _current(actor, id, version)
    before = audit.values_of(image, ("name", "signed_only"))
    if values.get("name") is not None:
        image.name = _checked_name(values["name"])
    if values.get("signedOnly") is not None:
        image.signed_only = values["signedOnly"]
    changes = audit.changed(before, audit.values_of(image, ("name", "signed_only")))
    if changes:
        _touch(image)
        _changed(actor, "image.updated", image, changes)
    return image


def delete(actor: Actor, id: UUID | None, *, version: int | None = None) -> None:
    """Removes the image; its opens stay, and mails that carry it show a transparent dot. Raises NotFound, Conflict."""
    image = _current(actor, id, version)
    _changed(actor, "image.deleted", image, None)
    session = db.session()
    session.delete(image)
    session.flush()


def signing_key(actor: Actor, image: Image) -> str:
    """The account's newest signing key in hex, for somebody who signs links of this image; who saw it is noted."""
    session = db.session()
    keys = settings.make(session.connection(), runtime().vault, actor.account_id)
    audit.record(session, actor, "opens.key_shown", subject_id=image.id, subject=image.file)
    if not keys.signing:
        raise VaultError("the signing key cannot be read")
    return keys.signing[0].hex()


def titled(text: str) -> str:
    """What people may call an image: one line without control characters."""
    return " ".join(CONTROLS.sub(" ", text).split())[:MAX_NAME]


def _checked_name(name: str) -> str:
    clean = titled(name[: MAX_NAME + 1])
    if not clean or len(name.strip()) > MAX_NAME:
        raise Invalid({"name": [_l("A name of at most %(most)s characters.", most=MAX_NAME)]})
    return clean


def _measures(picture: Picture) -> dict[str, Any]:
    values = (picture.content_type, picture.width, picture.height, len(picture.content))
    return dict(zip(MEASURES, values, strict=True))


def _check_room(account_id: UUID, picture: Picture, instead: Image | None = None) -> None:
    counted = select(func.count(), func.coalesce(func.sum(Image.size), 0)).where(Image.account_id == account_id)
    images, size = db.session.execute(counted).one()
    replaced = instead.size if instead else 0
    if (instead is None and images >= MAX_IMAGES) or size - replaced + len(picture.content) > MAX_BYTES:
        raise Invalid({"file": [FULL]})


def _wanted(actor: Actor, wanted: str) -> str:
    name = wanted.strip().lower()
    if not names.is_file(name):
        raise Invalid(
            {"wanted": [_l("Letters without accents, digits, dots and dashes, and .png, .gif, .jpg or .webp.")]}
        )
    if _taken(actor.account_id, [name]):
        raise Invalid({"wanted": [_l("There is an image with this name already.")]})
    return name


def _taken(account_id: UUID, files: list[str]) -> set[str]:
    found = select(Image.file).where(Image.account_id == account_id, Image.file.in_(files))
    return set(db.session.scalars(found))


def _add(image: Image, *, wanted: str | None, slug: str) -> None:
    """Adds the row under the first free name."""
    session = db.session()
    stem = slug.rpartition(".")[0]
    for _try in range(TRIES):
        near = select(Image.file).where(
            Image.account_id == image.account_id, Image.file.startswith(stem[:50], autoescape=True)
        )
        image.file = wanted or names.free(slug, set(session.scalars(near)))
        try:
            with session.begin_nested():
                session.add(image)
        except IntegrityError:  # somebody took it meanwhile
            continue
        return
    raise Conflict(_l("There is an image with this name already."))


def _current(actor: Actor, id: UUID | None, version: int | None) -> Image:
    image = get(actor.account_id, id, lock=True)
    if version is not None and version != image.version:
        raise Conflict(current=image)
    return image


def _touch(image: Image) -> None:
    image.updated_at = clock.now()
    image.version += 1


def _changed(actor: Actor, action: str, image: Image, changes: audit.Changes | None) -> None:
    """Noted, and told to every process that keeps images in memory."""
    session = db.session()
    audit.record(session, actor, action, subject_id=image.id, subject=image.file, changes=changes)
    config_version.bump(session.connection())
