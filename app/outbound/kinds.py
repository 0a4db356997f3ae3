"""What a feature contributes to the engine: how its deliveries are loaded, built and read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, cast
from uuid import UUID

from flask import current_app
from sqlalchemy import Connection

from app.core.exchange import Call, Mail, Outcome, Reply
from app.core.runtime import Runtime
from app.outbound.policy import Policy

if TYPE_CHECKING:
    from app.outbound.results import Result, Written

RESPONSE_LIMIT = 2048

# kind -> dotted path, loaded on first use, so that the engine imports no feature
KINDS = {
    "conversion": "app.tracking.conversions:Conversions",
    "mail": "app.outbound.mail.kind:Mails",
    "webhook": "app.webhooks.sending:Webhooks",
    "hub": "app.webhooks.hub.kind:HubCalls",
}
LISTED_BY_TARGET = frozenset({"webhook"})  # kinds whose attempts are listed and counted by target
EXTENSION = "kalitrack.kinds"  # where an app keeps the Kinds that its pages ask


class Leased(NamedTuple):
    """A delivery in our hands. `attempts` counts the try that is about to be made."""

    account_id: UUID
    id: UUID
    kind: str
    target_id: UUID
    ref_id: UUID
    ref_at: datetime
    attempts: int
    expires_at: datetime | None
    waiter: str | None
    token: str


class Adapter(Protocol):
    """The pure part: see `app.destinations.base.Destination`."""

    @property
    def max_batch(self) -> int: ...

    def batch_key(self, item: Any, target: Any) -> Hashable: ...

    def build(self, items: Sequence[Any], target: Any) -> Call | Mail: ...

    def read(self, reply: Reply, items: Sequence[Any]) -> Outcome | list[Outcome]: ...


@dataclass(frozen=True, slots=True)
class Party:
    """Who is called: the adapter, and the target's credentials as that adapter wants them. `secret` is what a platform
    may quote of them, as are `others`: they are taken out of every answer. `policy`: its own, where it has one."""

    adapter: Adapter
    key: Any
    secret: str = ""
    others: tuple[str, ...] = field(default=(), repr=False)
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A result that is committed, for what a kind does afterwards (the event log file)."""

    row: Leased
    item: Any
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery as people ask for it: the columns by which its kind finds what it is about."""

    account_id: UUID
    id: UUID
    kind: str
    target_id: UUID
    ref_id: UUID
    ref_at: datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """What a delivery is about, in words, and the page of it: an endpoint with its values, since the engine knows no
    web."""

    title: str
    endpoint: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


class Kind(ABC):
    """One sort of delivery."""

    key: ClassVar[str]
    policy: ClassVar[Policy]  # of targets that have none of their own
    response_limit: ClassVar[int] = RESPONSE_LIMIT  # characters that are kept of an answer

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def policy_of(self, connection: Connection, target_id: UUID) -> Policy:
        """By which one target is tried again, for people."""
        return self.policy

    @property
    @abstractmethod
    def timeout_s(self) -> float:
        """For a call as a whole, by wall clock."""

    @abstractmethod
    def parties(self, connection: Connection, target_ids: Sequence[UUID]) -> Mapping[UUID, Party]:
        """The targets that can be called; a missing one cancels its deliveries."""

    @abstractmethod
    def items(self, connection: Connection, rows: Sequence[Leased]) -> Mapping[UUID, Any]:
        """The domain rows behind deliveries, by ref_id; a missing one cancels its delivery."""

    def subjects(self, connection: Connection, account_id: UUID, rows: Sequence[Owed]) -> Mapping[UUID, Subject]:
        """What deliveries of one account are about, by ref_id; what is gone is absent."""
        return {}

    def rebuild(self, connection: Connection, owed: Owed) -> Call | None:
        """The call as it would go out now for this delivery alone, secrets included; None when the target or what was
        to be sent is gone, or nobody is to see it. Raises what the adapter's `build` raises."""
        party = self.parties(connection, [owed.target_id]).get(owed.target_id)
        row = Leased(**asdict(owed), attempts=0, expires_at=None, waiter=None, token="")
        item = self.items(connection, [row]).get(owed.ref_id)
        call = None if party is None or item is None else party.adapter.build([item], party.key)
        return call if isinstance(call, Call) else None

    def book(self, connection: Connection, tried: Sequence[Result], written: Sequence[Written], at: datetime) -> None:
        """Called in the transaction that settles: `tried` are the attempts that it logs, also those that came after
        their lease; `written` what deliveries became. Keep it quick: on SQLite every other writer waits."""
        return

    def settled(self, results: Sequence[Settled]) -> None:
        """Called after the commit of final and other results; must not raise."""
        return


class Kinds:
    """The kinds of one process, made on first use."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._made: dict[str, Kind] = {}

    def get(self, key: str) -> Kind:
        if key not in self._made:
            module, _, name = KINDS[key].partition(":")
            self._made[key] = cast(type[Kind], getattr(import_module(module), name))(self._runtime)
        return self._made[key]


def kinds() -> Kinds:
    """Those of the app that answers this request."""
    return cast(Kinds, current_app.extensions[EXTENSION])
