"""The options of a choice, and how many contacts use those that go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.fields.stored import text_of
from app.contacts.fields.values import Wrong
from app.contacts.models import Contact
from app.contacts.values import plain_text
from app.core.db import TooSlow, time_limited
from app.core.errors import Invalid
from app.core.folding import folded_name

MAX_OPTIONS = 100
MAX_OPTION = 100
COUNTING_S = 1.0


def options_from(kind: str, given: Sequence[Any] | None) -> list[str]:
    """The options as they are kept: each once, in the order given. Only a choice has any. Raises Invalid
    (`options`)."""
    found: dict[str, str] = {}
    for one in given or ():
        try:
            option = plain_text(one, MAX_OPTION)
        except Wrong as error:
            raise Invalid({"options": [error.text]}) from None
        if option:
            found.setdefault(folded_name(option), option)
    if len(found) > MAX_OPTIONS:
        raise Invalid({"options": [_l("At most %(max)d options.", max=MAX_OPTIONS)]})
    if kind == FieldKind.CHOICE and not found:
        raise Invalid({"options": [_l("A choice needs at least one option.")]})
    if kind != FieldKind.CHOICE and found:
        raise Invalid({"options": [_l("Only a choice has options.")]})
    return list(found.values())


def removed(field: CustomField, options: Collection[str]) -> list[str]:
    """Those of the field's options that are not among these."""
    return [option for option in field.options if option not in options]


def users_of(session: Session, field: CustomField, options: Collection[str]) -> dict[str, int] | None:
    """How many contacts have each of the options, those that none has left out. None when it takes too long to
    count."""
    value = text_of(session.connection(), field.key).label("value")
    having = select(value).where(Contact.account_id == field.account_id, Contact.deleted_at.is_(None))
    found = having.where(value.in_(options)).subquery()
    try:
        with time_limited(session, COUNTING_S):
            rows = session.execute(select(found.c.value, func.count()).group_by(found.c.value)).all()
    except TooSlow:
        return None
    return {str(option): number for option, number in rows}
