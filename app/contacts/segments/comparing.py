"""One column compared with a value: texts, numbers, days and moments."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_

from app.contacts.segments.catalog import Known
from app.contacts.segments.checking import span
from app.contacts.segments.rule import Op

Condition = ColumnElement[bool]


def text(one: ColumnElement[Any], op: Op, wanted: str) -> Condition:
    """Both folded."""
    match op:
        case Op.CONTAINS:
            return one.contains(wanted, autoescape=True)
        case Op.STARTS:
            return one.startswith(wanted, autoescape=True)
        case _:
            return one == wanted


def number(one: ColumnElement[Any], op: Op, value: Any) -> Condition:
    found: Condition
    match op:
        case Op.LESS:
            found = one < value
        case Op.MORE:
            found = one > value
        case Op.BETWEEN:
            found = one.between(*value)
        case _:
            found = one == value
    return found


def day(one: ColumnElement[Any], op: Op, value: Any, today: date) -> Condition:
    """Days of the calendar, which compare as their texts do."""
    found: Condition
    match op:
        case Op.WITHIN_DAYS:
            found = one.between((today - timedelta(days=value)).isoformat(), today.isoformat())
        case Op.OVER_DAYS:
            found = one < (today - timedelta(days=value)).isoformat()
        case Op.BEFORE:
            found = one < value
        case Op.AFTER:
            found = one > value
        case _:
            found = one == value
    return found


def moment(one: ColumnElement[Any], op: Op, value: Any, now: datetime, known: Known) -> Condition:
    """A time, with days on the clock of the account."""
    if op is Op.WITHIN_DAYS:
        return one >= now - timedelta(days=value)
    if op is Op.OVER_DAYS:
        return one < now - timedelta(days=value)
    first, last = span(value, known)
    match op:
        case Op.BEFORE:
            return one < first
        case Op.AFTER:
            return one >= last
        case _:
            return and_(one >= first, one < last)
