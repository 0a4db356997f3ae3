"""The verbs on mailings, shared by pages and API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, Select, delete, select

from app.accounts import audit
from app.core import clock, config_version
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, Text
from app.core.ids import uuid7
from app.core.pagination import Column, order_by
from app.core.rollup import hour_of
from app.core.schema import CONTROLS
from app.opens.images.models import Image
from app.opens.mailings.models import Mailing
from app.opens.mailings.opened import has_lists

MAX_NAME = 120
MAX_SENT = 1_000_000_000
LONGEST = timedelta(days=400)
YEARS = range(2000, 2100)
MAX_SEARCH = 100
FIELDS = ("name", "starts_at", "ends_at", "sent", "image_id")
SORTS: dict[str, Column] = {
    "startsAt": Mailing.starts_at,
    "endsAt": Mailing.ends_at,
    "name": Mailing.name,
    "createdAt": Mailing.created_at,
}


def search(account_id: UUID, *, text: str = "", sort: str | None = None) -> Select[Mailing]:
    """The account's mailings as a query for a page of it. Raises Invalid for an unknown order."""
    found = select(Mailing).where(Mailing.account_id == account_id)
    if wanted := text.strip()[:MAX_SEARCH].replace("\x00", ""):
        found = found.where(Mailing.name.icontains(wanted, autoescape=True))
    return found.order_by(*order_by(sort, SORTS, "-startsAt", Mailing.id))


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Mailing:
    """The mailing, for a change with its row locked. Raises NotFound, also for another account's."""
    wanted = select(Mailing).where(Mailing.account_id == account_id, Mailing.id == id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    mailing = db.session.scalar(wanted) if id is not None else None
    if mailing is None:
        raise NotFound
    return mailing


def create(actor: Actor, values: dict[str, Any]) -> Mailing:
    """A new mailing. `values`: `name`, `starts_at`, `ends_at` (whole hours, aware), `sent` and `image_id` (or None).
    Raises Invalid by these names."""
    clean = _checked(actor.account_id, {name: values.get(name) for name in FIELDS})
    session = db.session()
    connection = session.connection()
    if not has_lists(connection, actor.account_id):
        config_version.bump(connection)
    now = clock.now()
    mailing = Mailing(
        **clean,
        id=uuid7(),
        account_id=actor.account_id,
        listed=0,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
        version=1,
    )
    session.add(mailing)
    session.flush()
    record(actor, "mailing.created", mailing, audit.changed({}, audit.values_of(mailing, FIELDS)))
    return mailing


def update(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> Mailing:
    """Changes what `values` gives. Ids that are listed keep the time they were sent at. Raises NotFound, Invalid, or
    Conflict with the current mailing when `version` is not the stored one."""
    mailing = get(actor.account_id, id, lock=True)
    refuse_stale(mailing, version)
    before = audit.values_of(mailing, FIELDS)
    present = {name: getattr(mailing, name) for name in FIELDS}
    for name, value in _checked(actor.account_id, present | values, known_image=mailing.image_id).items():
        setattr(mailing, name, value)
    changes = audit.changed(before, audit.values_of(mailing, FIELDS))
    if changes:
        mailing.updated_at = clock.now()
        mailing.version += 1
        record(actor, "mailing.updated", mailing, changes)
    return mailing


def refuse_stale(mailing: Mailing, version: int | None) -> None:
    if version is not None and version != mailing.version:
        raise Conflict(current=mailing)


def remove(connection: Connection, actor: Actor, account_id: UUID, id: UUID) -> bool:
    """Deletes a mailing of which nothing is listed any more (`listing.take_off`); whether it was there."""
    mine = (Mailing.account_id == account_id) & (Mailing.id == id)
    name = connection.scalar(delete(Mailing).where(mine).returning(Mailing.name))
    if name is None:
        return False
    audit.record(connection, actor, "mailing.deleted", subject_id=id, subject=name)
    if not has_lists(connection, account_id):
        config_version.bump(connection)
    return True


def record(actor: Actor, action: str, mailing: Mailing, changes: audit.Changes | None) -> None:
    audit.record(db.session(), actor, action, subject_id=mailing.id, subject=mailing.name, changes=changes)


def _checked(account_id: UUID, values: dict[str, Any], known_image: UUID | None = None) -> dict[str, Any]:
    values = values | {"name": " ".join((values["name"] or "").split())}
    wrong: dict[str, list[Text]] = {
        name: [text]
        for name, text in (
            ("name", _wrong_name(values["name"])),
            ("starts_at", _wrong_time(values["starts_at"])),
            ("ends_at", _wrong_time(values["ends_at"])),
            ("sent", _wrong_sent(values["sent"])),
            ("image_id", _wrong_image(account_id, values["image_id"], known_image)),
        )
        if text is not None
    }
    if not {"starts_at", "ends_at"} & wrong.keys() and (text := _wrong_period(values["starts_at"], values["ends_at"])):
        wrong["ends_at"] = [text]
    if wrong:
        raise Invalid(wrong)
    return values


def _wrong_name(name: str) -> Text | None:
    if not name:
        return _l("A mailing needs a name.")
    if len(name) > MAX_NAME:
        return _l("At most 120 characters.")
    return _l("Control characters are not allowed.") if CONTROLS.search(name) else None


def _wrong_time(moment: datetime | None) -> Text | None:
    if moment is None or moment.year not in YEARS:
        return _l("A date and an hour, such as 2026-11-21 14:00.")
    return None if hour_of(moment) == moment else _l("Whole hours only: figures are kept by the hour.")


def _wrong_period(starts_at: datetime, ends_at: datetime) -> Text | None:
    if ends_at <= starts_at:
        return _l("It ends before it begins.")
    return _l("At most 400 days.") if ends_at - starts_at > LONGEST else None


def _wrong_sent(sent: int | None) -> Text | None:
    if sent is None or 1 <= sent <= MAX_SENT:
        return None
    return _l("A whole number from 1, or nothing when it is not known.")


def _wrong_image(account_id: UUID, image_id: UUID | None, known: UUID | None) -> Text | None:
    """One that was deleted meanwhile may stay: opens went through it."""
    if image_id is None or image_id == known:
        return None
    found = db.session.scalar(select(Image.id).where(Image.account_id == account_id, Image.id == image_id))
    return None if found else _l("There is no such image.")
