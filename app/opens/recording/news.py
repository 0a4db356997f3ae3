"""What is told of opens: the first one of an id that counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core import events
from app.core.wire import timestamp
from app.opens.catalogue import OPENED
from app.opens.recording.judge import Load
from app.opens.recording.strangers import KnownAgent

First = tuple[Load, KnownAgent]


def tell(connection: Connection, firsts: Iterable[First]) -> None:
    """Tells of the first opens of one commit, in its transaction; nothing is made up where nobody listens."""
    for account_id, own in _of_accounts(firsts).items():
        if events.is_heard(connection, OPENED, account_id):
            events.emit_all(connection, OPENED, account_id, [_told(*first) for first in own])


def _of_accounts(firsts: Iterable[First]) -> dict[UUID, list[First]]:
    found: dict[UUID, list[First]] = {}
    for load, agent in firsts:
        found.setdefault(load.account.id, []).append((load, agent))
    return found


def _told(load: Load, agent: KnownAgent) -> dict[str, Any]:
    """The payload; see app.opens.catalogue."""
    assert load.verdict is not None
    return {
        "idFatura": load.hit.ref.text,
        "file": load.hit.file,
        "openedAt": timestamp(load.at),
        "class": str(load.verdict.open_class),
        "client": agent.client,
        "device": agent.device,
    }
