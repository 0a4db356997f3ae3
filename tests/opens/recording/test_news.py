"""image.opened: told once of an id, at its first open that counts, however that came to be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select

from app.core import clock, events
from app.core.wire import timestamp
from app.opens import REPLAYER
from app.opens.catalogue import OPENED, ImageOpened
from app.opens.models import OpenedId
from app.opens.recording.replay import pack
from app.opens.recording.spool import Spool
from tests.opens.opens_fixtures import APPLE, CRAWLER, account_of, asked, record

Heard = list[dict[str, Any]]


@pytest.fixture
def wanted() -> list[bool]:
    return [True]


@pytest.fixture
def heard(wanted: list[bool]) -> Iterator[Heard]:
    """What is told, in the transaction that writes the id's row."""
    found: Heard = []

    def hear(connection: Connection, _name: str, account_id: UUID, told: dict[str, Any]) -> None:
        ImageOpened.model_validate(told, extra="forbid")
        mine = OpenedId.account_id == account_id, OpenedId.ref == told["idFatura"]
        assert connection.scalar(select(func.count()).where(*mine)) == 1
        found.append(told)

    events.subscribe(OPENED, hear, wants=lambda *_: wanted[0])
    yield found
    events.unsubscribe(OPENED, hear)


def test_the_first_open_that_counts_is_told_once(app: Flask, heard: Heard, wanted: list[bool]) -> None:
    account_of(app)
    at = clock.now() - timedelta(hours=2)

    def after(seconds: float) -> datetime:
        return at + timedelta(seconds=seconds)

    record(app, [asked("A", at=after(0), agent=APPLE), asked("A", at=after(1), agent=CRAWLER)])
    assert heard == []
    record(
        app, [asked("A", at=after(30)), asked("A", at=after(31)), asked("B é", at=after(31)), asked("A", at=after(60))]
    )
    record(app, [asked("A", at=after(90))])
    assert [(told["idFatura"], told["openedAt"]) for told in heard] == [
        ("A", timestamp(after(30))), ("B é", timestamp(after(31))),
    ]  # fmt: skip
    assert (heard[0].keys(), heard[0]["class"], heard[0]["file"]) == (
        {"idFatura", "file", "openedAt", "class", "client", "device"}, "human", "logo.png",
    )  # fmt: skip
    wanted[0] = False
    record(app, [asked("C", at=after(120))])
    assert len(heard) == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_replayed_open_is_told_and_a_duplicate_is_not(app: Flask, heard: Heard) -> None:
    account_of(app)
    spool, hit = Spool(app.extensions["kalitrack"].settings.data_dir), asked("F1")
    replay: Callable[[], int] = app.extensions[REPLAYER].replay
    for _ in range(2):
        spool.append(pack(hit, None))
        while replay():
            pass
    assert [told["idFatura"] for told in heard] == ["F1"]
