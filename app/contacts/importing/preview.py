"""What a check found, for the eyes of who decides: counts, reasons, and the first rows that would not be taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts.fields.models import CustomField
from app.contacts.importing.models import ContactImport
from app.contacts.importing.plan import Answer, Plan, plan_from
from app.contacts.importing.reasons import WORDS
from app.contacts.importing.words import ANSWERS, CHANNELS, MODES, target_words
from app.contacts.models import Category
from app.core.i18n import date_text


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that would not be taken. `line` is a spreadsheet's, the header being line 1; `column` the one to blame."""

    line: int
    column: str
    value: str
    reason: Any


@dataclass(frozen=True, slots=True)
class Found:
    """How many rows would do what; `reasons` in words, the most frequent first; the first rows that are wrong."""

    new: int
    updated: int
    skipped: int
    invalid: int
    too_many_rows: bool
    reasons: list[tuple[Any, int]]
    refused: list[Refused]
    settings: list[tuple[str, str]]

    @property
    def taken(self) -> int:
        return self.new + self.updated


def found(session: Session, row: ContactImport, fields: Iterable[CustomField]) -> Found:
    """Of an import that was checked."""
    said = row.preview or {}
    return Found(
        new=said.get("new", 0),
        updated=said.get("updated", 0),
        skipped=said.get("skipped", 0),
        invalid=said.get("invalid", 0),
        too_many_rows=bool(said.get("tooManyRows")),
        reasons=_reasons(said.get("reasons", {})),
        refused=[_refused(row, one) for one in said.get("problems", [])],
        settings=_settings(session, row, fields),
    )


def _reasons(counted: dict[str, int]) -> list[tuple[Any, int]]:
    return [(WORDS.get(key, key), number) for key, number in sorted(counted.items(), key=lambda one: -one[1])]


def _refused(row: ContactImport, one: dict[str, Any]) -> Refused:
    place = one.get("column")
    column = row.columns[place] if place is not None and place < len(row.columns) else ""
    return Refused(int(one["row"]) + 1, column, str(one.get("value") or ""), WORDS.get(one["reason"], one["reason"]))


def _settings(session: Session, row: ContactImport, fields: Iterable[CustomField]) -> list[tuple[str, str]]:
    """What was chosen for the file, in words."""
    plan = plan_from(row.mapping or {}, row.options or {})
    words = target_words(fields)
    meanings = (f"{row.columns[place]} → {words.get(target, target)}" for place, target in sorted(plan.columns.items()))
    left_out = [name for place, name in enumerate(row.columns) if place not in plan.columns]
    names = select(Category.name).where(Category.account_id == row.account_id, Category.id.in_(plan.categories))
    rows = [
        (_("Columns"), ", ".join(meanings)),
        (_("Columns left out"), ", ".join(left_out)),
        (_("When somebody is there already"), _mode(plan)),
        (_("Tags for all"), ", ".join(plan.tags)),
        (_("Categories for all"), ", ".join(session.scalars(names.order_by(Category.folded_name)))),
        (_("Consent"), _consent(plan)),
    ]
    return [(term, text) for term, text in rows if text]


def _mode(plan: Plan) -> str:
    if plan.only_empty:
        return f"{MODES[plan.mode]} ({_('only what it lacks')})"
    return str(MODES[plan.mode])


def _consent(plan: Plan) -> str:
    consent = plan.consent
    if consent.answer != Answer.GRANTED or consent.on is None:
        return str(ANSWERS[consent.answer])
    channels = ", ".join(str(CHANNELS[channel]) for channel in consent.channels)
    day = date_text(consent.on)
    return str(_("They agreed (%(channels)s): %(where)s, %(when)s", channels=channels, where=consent.detail, when=day))
