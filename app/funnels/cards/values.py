"""What a card may hold: every field checked and cleaned, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contacts.fields.values import Wrong
from app.core.errors import Invalid, Text
from app.core.folding import is_blank
from app.core.ids import to_uuid
from app.core.schema import CONTROLS

MAX_VALUE = Decimal("9999999999.99")
MAX_NOTES = 10_000
MAX_REASON = 120
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
COLUMNS = {"value": "value", "notes": "notes", "ownerId": "owner_id", "expectedClose": "expected_close"}
WIRE_NAMES = {column: name for name, column in COLUMNS.items()}


def check(session: Session, account_id: UUID, given: Mapping[str, Any]) -> dict[str, Any]:
    """What of `value` (a Decimal, number or decimal-point text, reais), `notes`, `ownerId` and `expectedClose` (a date
    or ISO text) is given, as columns of Card. Raises Invalid by these names."""
    clean: dict[str, Any] = {}
    wrong: dict[str, list[Text]] = {}
    for name, read in _READERS.items():
        if name in given:
            try:
                clean[COLUMNS[name]] = read(given[name])
            except Wrong as error:
                wrong[name] = [error.text]
    owner = clean.get("owner_id")
    if owner is not None and not is_of_account(session, account_id, owner):
        wrong["ownerId"] = [_l("There is no such person.")]
    if wrong:
        raise Invalid(wrong)
    return clean


def is_of_account(session: Session, account_id: UUID, user_id: UUID) -> bool:
    return session.scalar(select(User.id).where(User.id == user_id, User.account_id == account_id)) is not None


def reason_from(value: Any) -> str | None:
    """Why a deal was won or lost; None for nothing. Raises Invalid."""
    text = " ".join(str(value or "").split())
    if len(text) > MAX_REASON:
        raise Invalid({"reason": [_l("At most %(max)d characters.", max=MAX_REASON)]})
    if CONTROLS.search(text):
        raise Invalid({"reason": [_l("Control characters are not allowed.")]})
    return None if is_blank(text) else text


def _money(value: Any) -> Decimal:
    try:
        amount = Decimal(0) if value in (None, "") else Decimal(str(value))
    except InvalidOperation:
        raise Wrong(_l("An amount, such as 1234.50.")) from None
    if not amount.is_finite() or not 0 <= amount <= MAX_VALUE:
        raise Wrong(_l("An amount from 0 to 9,999,999,999.99."))
    if amount != round(amount, 2):
        raise Wrong(_l("An amount has at most two decimals."))
    return amount.quantize(Decimal("0.01"))


def _notes(value: Any) -> str:
    text = str(value or "").replace("\r\n", "\n").strip()
    if len(text) > MAX_NOTES:
        raise Wrong(_l("At most %(max)d characters.", max=MAX_NOTES))
    if CONTROLS.search(text.replace("\n", " ").replace("\t", " ")):
        raise Wrong(_l("Control characters are not allowed."))
    return text


def _owner(value: Any) -> UUID | None:
    if value in (None, ""):
        return None
    found = value if isinstance(value, UUID) else to_uuid(value)
    if found is None:
        raise Wrong(_l("There is no such person."))
    return found


def _day(value: Any) -> date | None:
    if value in (None, ""):
        return None
    try:
        day = value if isinstance(value, date) and not isinstance(value, datetime) else date.fromisoformat(str(value))
    except ValueError:
        raise Wrong(_l("A date, such as 2026-11-22.")) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Wrong(_l("A date of this century or the next."))
    return day


_READERS: dict[str, Callable[[Any], Any]] = {
    "value": _money,
    "notes": _notes,
    "ownerId": _owner,
    "expectedClose": _day,
}
