"""The opaque `after=` cursor: where a page of an ordered list ended, and the condition for what follows."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, TypeDecorator, UnaryExpression, and_, literal, or_, tuple_
from sqlalchemy.sql.operators import desc_op

from app.core.errors import Malformed
from app.core.jsonbody import parse

MAX_LENGTH = 2_048
MAX_DECIMAL_EXPONENT = 30
BAD = "The cursor in after= is not one that this list gave out"


def bare(term: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column of an ordering term."""
    return term.element if isinstance(term, UnaryExpression) else term


def is_descending(term: ColumnElement[Any]) -> bool:
    return isinstance(term, UnaryExpression) and term.modifier is desc_op


def encode(terms: Sequence[ColumnElement[Any]], values: Sequence[Any]) -> str:
    """The cursor behind the row with these values of the ordering columns. It is not signed: it holds nothing but what
    the caller just read, and every query it goes into is limited to the caller's account anyway."""
    text = json.dumps({"o": _order(terms), "v": [_to_text(value) for value in values]}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, terms: Sequence[ColumnElement[Any]]) -> list[Any]:
    """The values in a cursor, by the types of the columns. Raises Malformed unless it was made for this very order."""
    if len(cursor) > MAX_LENGTH:
        raise Malformed(BAD)
    try:
        found = parse(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, Malformed):
        raise Malformed(BAD) from None
    values = found.get("v")
    if found.get("o") != _order(terms) or not isinstance(values, list) or len(values) != len(terms):
        raise Malformed(BAD)
    return [_from_text(value, _kind(bare(term))) for value, term in zip(values, terms, strict=True)]


def follows(terms: Sequence[ColumnElement[Any]], values: Sequence[Any]) -> ColumnElement[bool]:
    """The rows after these values. One row comparison where all directions agree, since both databases walk an index
    for it and not for the long form."""
    columns = [bare(term) for term in terms]
    bound = [literal(value, column.type) for value, column in zip(values, columns, strict=True)]
    if len({is_descending(term) for term in terms}) == 1:
        left, right = tuple_(*columns), tuple_(*bound)
        return left < right if is_descending(terms[0]) else left > right
    steps = []
    for index, term in enumerate(terms):
        equal = [column == value for column, value in zip(columns[:index], bound[:index], strict=True)]
        beyond = columns[index] < bound[index] if is_descending(term) else columns[index] > bound[index]
        steps.append(and_(*equal, beyond))
    return or_(*steps)


def _kind(column: ColumnElement[Any]) -> type:
    """The Python type of a column; a decorated type (`core.db`) has that of what it decorates."""
    of = column.type
    return of.impl_instance.python_type if isinstance(of, TypeDecorator) else of.python_type


def _order(terms: Sequence[ColumnElement[Any]]) -> str:
    return ",".join(("-" if is_descending(term) else "") + _named(bare(term)) for term in terms)


def _named(column: ColumnElement[Any]) -> str:
    return str(getattr(column, "key", None) or column)


def _to_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def _from_text(value: Any, kind: type) -> Any:
    if kind in (int, str, bool) and type(value) is kind:
        return value
    try:
        if kind is float and isinstance(value, int | Decimal):
            return float(value)
        if isinstance(value, str) and kind in _READ:
            return _READ[kind](value)
    except (ValueError, OverflowError, InvalidOperation):
        pass
    raise Malformed(BAD)


def _time(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(text)
    return value.astimezone(UTC)


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value.adjusted()) > MAX_DECIMAL_EXPONENT:
        raise ValueError(text)
    return value


_READ: dict[type, Any] = {datetime: _time, date: date.fromisoformat, Decimal: _decimal, UUID: UUID}
