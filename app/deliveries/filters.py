"""Which deliveries are meant: one validated value for lists, links, jobs and API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid
from app.core.ids import to_uuid
from app.core.periods import moment
from app.outbound.kinds import KINDS
from app.outbound.models import ErrorClass

MAX_IDS = 500
FIELDS = ("state", "kind", "target", "error", "since", "until", "id")


class State(StrEnum):
    """`open` waits by itself, `paused` for a person: for the API both are what a delivery's status may be."""

    OPEN = "open"
    PAUSED = "paused"
    DEAD = "dead"
    DONE = "done"
    CANCELLED = "cancelled"
    ALL = "all"


ALIASES = {"pending": State.OPEN}  # as the status of a delivery is spelled on the wire


@dataclass(frozen=True, slots=True)
class Filter:
    """All that is given must hold. `since` (included) and `until` (not) are about when it ended for dead and cancelled
    ones, else about when it was accepted. `ids`: only these; none of them when empty."""

    state: State = State.ALL
    kind: str | None = None
    target: UUID | None = None
    error: ErrorClass | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[UUID, ...] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the state is asked for."""
        return self == Filter(self.state)

    def to_url(self) -> dict[str, Any]:
        """Query arguments that read back as this filter."""
        given = self.to_json()
        ids = given.pop("ids", None)
        return given if ids is None else given | {"id": ids or [""]}

    def to_json(self) -> dict[str, Any]:
        """For a job's params and the audit; `from_json` reads it back."""
        found: dict[str, Any] = {"state": str(self.state)}
        for name in ("kind", "target", "error"):
            if (value := getattr(self, name)) is not None:
                found[name] = str(value)
        for name in ("since", "until"):
            if (at := getattr(self, name)) is not None:
                found[name] = at.astimezone(UTC).isoformat()
        return found if self.ids is None else found | {"ids": [str(id_) for id_ in self.ids]}


def from_json(stored: Mapping[str, Any]) -> Filter:
    """What `to_json` wrote. Raises Invalid."""
    given: dict[str, Any] = {name: stored.get(name) for name in (*FIELDS[:-1], "ids")}
    return of(**given)


def from_url(args: Mapping[str, str], ids: Sequence[str], zone: tzinfo, default: State = State.ALL) -> Filter:
    """From a query: a blank value is none, dates are whole days of `zone`. `ids` are the values of `id`: given and all
    blank, nothing is meant. Raises Invalid for what cannot be meant."""
    given: dict[str, Any] = {name: args.get(name, "").strip() or None for name in FIELDS[:-1]}
    given["state"] = given["state"] or default
    return of(**given, ids=[text for text in ids if text] if ids else None, zone=zone)


def of(
    *,
    state: str | None = None,
    kind: str | None = None,
    target: str | None = None,
    error: str | None = None,
    since: str | None = None,
    until: str | None = None,
    ids: Iterable[str] | None = None,
    zone: tzinfo = UTC,
) -> Filter:
    """Raises Invalid naming every field that is wrong; a well-formed id of nothing is not wrong, it finds nothing."""
    wrong: dict[str, Any] = {}

    def read(name: str, text: Any, reading: Any, message: Any) -> Any:
        found = None if text is None else reading(text)
        if text is not None and found is None:
            wrong[name] = message
        return found

    made = Filter(
        state=read("state", state or State.ALL, _state, _l("There is no such state.")),
        kind=read("kind", kind, lambda text: text if text in KINDS else None, _l("There is no such kind.")),
        target=read("target", target, to_uuid, _l("This is not the id of a target.")),
        error=read("error", error, _error, _l("There is no such class of errors.")),
        since=read("since", since, lambda text: moment(text, zone), _l("This is not a date or a time.")),
        until=read("until", until, lambda text: moment(text, zone, of_end=True), _l("This is not a date or a time.")),
        ids=read("ids", ids, _ids, _l("These are not ids of deliveries, or too many.")),
    )
    if wrong:
        raise Invalid(wrong)
    return made


def _state(text: str) -> State | None:
    return ALIASES.get(text) or (State(text) if text in tuple(State) else None)


def _error(text: str) -> ErrorClass | None:
    return ErrorClass(text) if text in tuple(ErrorClass) else None


def _ids(texts: Iterable[str]) -> tuple[UUID, ...] | None:
    found = [to_uuid(text) for text in texts]
    known = dict.fromkeys(id_ for id_ in found if id_ is not None)
    return None if None in found or len(known) > MAX_IDS else tuple(known)
