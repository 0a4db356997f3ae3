"""The fields of an event as nearly everybody sends them, read without the model. What is odd in any way is left to the
model (`schema.EventBody`), which alone says what is wrong and mends what can be mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin

from annotated_types import MaxLen

from app.tracking import schema
from app.tracking.schema import EventBody

Reader = Callable[[Any], Any]
MOST_IDS = 10  # in a list; longer ones are the model's


class Odd(Exception):
    """Nothing to be read quickly."""


def fields(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values that the model would make of known fields; None when it has to look at them itself."""
    try:
        return {name: READERS[name](value) for name, value in given.items()}
    except (Odd, ValueError):
        return None


def of_model(event: EventBody) -> dict[str, Any]:
    """The same of an event that went through the model."""
    return {name: value for name, value in event.__dict__.items() if value is not None}


def _text(longest: int) -> Reader:
    def read(value: Any) -> str:
        if type(value) is not str or len(value) > longest or value[0].isspace() or value[-1].isspace():
            raise Odd
        return value

    return read


def _key(longest: int) -> Reader:
    text = _text(longest)

    def read(value: Any) -> str:
        return str(value) if type(value) is int and longest > len("-9007199254740992") else text(value)

    return read


def _ids(value: Any) -> list[str]:
    if type(value) is not list or not value or len(value) > MOST_IDS or not all(map(bool, value)):
        raise Odd
    return list(map(_KEY, value))


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Odd
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 1_000_000:
        raise Odd
    return value


def _one_of(words: tuple[Any, ...]) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not str or value not in words:
            raise Odd
        return value

    return read


def _odd(_value: Any) -> Any:
    raise Odd


_KEY = _key(255)
_PLAIN: dict[Any, Reader] = {  # by what a field is declared as
    schema.Amount: schema.to_amount,
    schema.Moment: schema.to_moment,
    schema.Currency: schema.to_currency,
    schema.Count: _count,
    schema.Flag: _flag,
}


def _reader(name: str) -> Reader:
    """From the model's own declaration, so that a limit stands in one place."""
    declared = EventBody.model_fields[name]
    longest = next((each.max_length for each in declared.metadata if isinstance(each, MaxLen)), None)
    kind = next(each for each in get_args(declared.annotation) if each is not type(None))
    if kind in _PLAIN:
        return _PLAIN[kind]
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind))
    if longest is not None and kind in (schema.Text, schema.Key):
        return _text(longest) if kind == schema.Text else _key(longest)
    return _ids if name in ("content_ids", "external_id") else _odd


READERS: dict[str, Reader] = {name: _reader(name) for name in EventBody.model_fields}
