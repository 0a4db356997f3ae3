"""What a person is about to do to many deliveries: how many it meets, and which of them stay as they are and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, case, func, select, text

from app.core.errors import Invalid
from app.deliveries.filters import Filter, State, from_json
from app.deliveries.selection import Narrowing, branches
from app.outbound.models import Delivery, ErrorClass, Target, TargetState


class Verb(StrEnum):
    REPLAY = "replay"
    CANCEL = "cancel"


MEETS = {
    Verb.REPLAY: (State.DEAD, State.CANCELLED),
    Verb.CANCEL: (State.OPEN, State.PAUSED, State.DEAD),
}
REFUSALS = {
    Verb.REPLAY: _l("Only dead letters and cancelled deliveries can be sent again: choose one of these states."),
    Verb.CANCEL: _l("Only waiting, paused and dead deliveries can be cancelled: choose one of these states."),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A verb on a filter. `include_old`: also what its platform no longer takes."""

    verb: Verb
    filter: Filter
    include_old: bool = False

    def narrowed(self, before: datetime | None = None) -> Narrowing:
        return Narrowing(self.filter, MEETS[self.verb], before)

    def to_params(self, confirmed_at: datetime) -> dict[str, Any]:
        """For a job; `of_params` reads them back."""
        return {
            "verb": str(self.verb),
            "filter": self.filter.to_json(),
            "includeOld": self.include_old,
            "confirmedAt": confirmed_at.isoformat(),
        }


def of_params(params: dict[str, Any]) -> tuple[Asked, datetime]:
    """What `to_params` wrote: what was asked, and when."""
    asked = Asked(Verb(params["verb"]), from_json(params["filter"]), params["includeOld"] is True)
    return asked, datetime.fromisoformat(params["confirmedAt"])


@dataclass(frozen=True, slots=True)
class Plan:
    """`count` meets the filter in a state that the verb takes. Of these stay as they are: `too_old` unless asked for,
    `deleted` (no target any more), `consent` (refused). `paused` ones are due, and wait for their target."""

    asked: Asked
    count: int = 0
    too_old: int = 0
    deleted: int = 0
    consent: int = 0
    paused: int = 0

    @property
    def ready(self) -> int:
        """How many will be replayed or cancelled."""
        return self.count - self.deleted - self.consent - (0 if self.asked.include_old else self.too_old)


def check(asked: Asked) -> None:
    """Raises Invalid when the verb does not go with the filter's state; ids alone may be in any."""
    state = asked.filter.state
    if state not in MEETS[asked.verb] and not (state is State.ALL and asked.filter.ids is not None):
        raise Invalid({"state": REFUSALS[asked.verb]})


def plan(connection: Connection, account_id: UUID, asked: Asked, now: datetime) -> Plan:
    """Counts from the rows, so that the number is exact. Raises Invalid as `check`."""
    check(asked)
    fate = _fate(account_id, asked.verb, now)
    found: Counter[str] = Counter()
    for clauses in branches(connection, account_id, asked.narrowed()):
        met = select(fate, func.count()).select_from(Delivery).where(*clauses).group_by(text("fate"))
        for name, number in connection.execute(met):
            found[name] += number
    return Plan(asked, found.total(), **{name: found[name] for name in ("too_old", "deleted", "consent", "paused")})


def _fate(account_id: UUID, verb: Verb, now: datetime) -> Any:
    """What becomes of one, as a word that GROUP BY takes."""
    paused = Delivery.target_id.in_(_targets(account_id, TargetState.PAUSED))
    if verb is Verb.CANCEL:
        return case((paused, "paused"), else_="ready").label("fate")
    deleted = Delivery.target_id.in_(_targets(account_id, TargetState.DELETED))
    refused = Delivery.error == ErrorClass.CONSENT
    return case(
        (deleted, "deleted"),
        (refused, "consent"),
        (Delivery.expires_at <= now, "too_old"),
        (paused, "paused"),
        else_="ready",
    ).label("fate")


def _targets(account_id: UUID, state: TargetState) -> Any:
    return select(Target.id).where(Target.account_id == account_id, Target.state == state)
