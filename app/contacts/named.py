"""What categories, tags and custom fields share: each has a name that no other of the account has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.models import Account
from app.contacts.fields.models import CustomField
from app.contacts.fields.values import Wrong
from app.contacts.models import Category, Tag
from app.contacts.values import plain_text
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, Text
from app.core.folding import fold
from app.core.pagination import Column

Named = TypeVar("Named", Category, Tag, CustomField)
REQUIRED = _l("This field is required.")
MAX_SEARCH = 100


class Taken(Conflict):
    """Another one has this name."""


def get(kind: type[Named], account_id: UUID, id: UUID | None, *, lock: bool = False) -> Named:
    """The row, for a change with a lock on it. Raises NotFound, also for another account's."""
    wanted = select(kind).where(kind.account_id == account_id, kind.id == id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(wanted) if id is not None else None
    if found is None:
        raise NotFound
    return found


def refuse_stale(row: Category | Tag | CustomField, version: int | None) -> None:
    """Raises Conflict with the row when `version` is given and not the stored one."""
    if version is not None and version != row.version:
        raise Conflict(current=row)


def name_from(value: Any, most: int, field: str = "name") -> str:
    """A name on one line, of 1 to `most` characters. Raises Invalid for `field`, the name on the wire."""
    try:
        name = plain_text(value, most)
    except Wrong as error:
        raise Invalid({field: [error.text]}) from None
    if not name:
        raise Invalid({field: [REQUIRED]})
    return name


def holding(folded: Column, text: str) -> ColumnElement[bool] | None:
    """Names in which what somebody typed occurs, accents and case aside; None for nothing typed."""
    typed = " ".join(fold(text.replace("\0", "")[:MAX_SEARCH]).split())
    return folded.contains(typed, autoescape=True) if typed else None


def refuse_more(kind: type[Named], account_id: UUID, most: int, message: Text) -> None:
    """Raises Conflict when the account has `most` of them. Its row is locked, so that two at once do not pass."""
    db.session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    counted = select(func.count()).select_from(kind).where(kind.account_id == account_id)
    if (db.session.scalar(counted) or 0) >= most:
        raise Conflict(message)


@contextmanager
def only_one(found: ColumnElement[bool], kind: type[Named], message: Text) -> Iterator[None]:
    """Around setting a name. Raises Taken with the row that is `found` by it, when there is one."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError:
        raise Taken(message, current=db.session.scalar(select(kind).where(found))) from None
