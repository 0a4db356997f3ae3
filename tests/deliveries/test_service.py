"""Deliveries found by every filter, counted, paged, and grouped by what killed them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from app.accounts.sign_in import first_account
from app.core import clock
from app.core.db import db
from app.core.errors import Invalid, Malformed, NotFound
from app.core.ids import created_at, uuid7
from app.deliveries import service
from app.deliveries.filters import Filter, State
from app.outbound.kinds import EXTENSION, Kinds
from app.outbound.models import ErrorClass
from tests.deliveries.conftest import Owe
from tests.people import Person

HOUR = timedelta(hours=1)


def own(app: Flask) -> tuple[UUID, Kinds]:
    return first_account(db.session()).id, app.extensions[EXTENSION]


def found(app: Flask, asked: Filter) -> list[UUID]:
    account_id, kinds = own(app)
    return [line.delivery.id for line in service.search(account_id, asked, kinds, limit=200).rows]


@pytest.fixture
def all_sorts(
    make_pixel: Callable[..., UUID], owe: Owe, dead: Owe, pause: Callable[[UUID], None]
) -> dict[str, list[UUID]]:
    """Deliveries in every state: of a Kwai pixel that sends and a Meta pixel that is paused."""
    kwai, meta = make_pixel("kwai"), make_pixel("facebook")
    pause(meta)
    now = clock.now()
    return {
        "pixels": [kwai, meta],
        "done": owe(kwai, 2, status="done"),
        "open": owe(kwai, 2, error="timeout"),
        "leased": owe(kwai, status="leased"),
        "paused": owe(meta),
        "refused": dead(kwai, 2, done_at=now - 5 * HOUR),
        "late": dead(kwai, error="expired"),
        "meta": dead(meta, error="refused"),
        "cancelled": owe(meta, status="cancelled", error="by_hand"),
    }


def test_every_filter_finds_its_deliveries_and_counts_them(app: Flask, all_sorts: dict[str, list[UUID]]) -> None:
    kwai, meta = all_sorts["pixels"]
    recent = clock.now() - HOUR
    middle = created_at(all_sorts["late"][0])
    everything = ["done", "open", "leased", "paused", "refused", "late", "meta", "cancelled"]
    table: list[tuple[Filter, list[str]]] = [
        (Filter(), everything),
        (Filter(kind="conversion"), everything),
        (Filter(State.DONE), ["done"]),
        (Filter(State.DONE, error=ErrorClass.TIMEOUT), []),
        (Filter(State.OPEN), ["open", "leased"]),
        (Filter(State.OPEN, error=ErrorClass.TIMEOUT), ["open"]),
        (Filter(State.OPEN, target=meta), []),
        (Filter(State.PAUSED), ["paused"]),
        (Filter(State.PAUSED, target=kwai), []),
        (Filter(State.DEAD), ["refused", "late", "meta"]),
        (Filter(State.DEAD, target=kwai), ["refused", "late"]),
        (Filter(State.DEAD, error=ErrorClass.REFUSED), ["refused", "meta"]),
        (Filter(State.DEAD, since=recent), ["late", "meta"]),
        (Filter(State.DEAD, until=recent), ["refused"]),
        (Filter(State.CANCELLED), ["cancelled"]),
        (Filter(State.CANCELLED, since=recent, error=ErrorClass.BY_HAND), ["cancelled"]),
        (Filter(target=meta), ["paused", "meta", "cancelled"]),
        (Filter(error=ErrorClass.REFUSED), ["refused", "meta"]),
        (Filter(since=middle + timedelta(milliseconds=1)), ["meta", "cancelled"]),
        (Filter(until=middle), everything[:5]),
        (Filter(since=recent, error=ErrorClass.REFUSED), ["refused", "meta"]),
        (Filter(ids=tuple(all_sorts["done"] + all_sorts["late"])), ["done", "late"]),
        (Filter(State.DEAD, ids=tuple(all_sorts["done"] + all_sorts["late"])), ["late"]),
        (Filter(ids=()), []),
        (Filter(ids=(uuid7(),)), []),
        (Filter(target=uuid7()), []),
    ]
    with app.app_context():
        for asked, names in table:
            wanted = sorted((id_ for name in names for id_ in all_sorts[name]), reverse=True)
            assert found(app, asked) == wanted, asked
            assert service.count(own(app)[0], asked).number == len(wanted), asked


def test_another_account_sees_nothing(app: Flask, all_sorts: dict[str, list[UUID]], other_account: Person) -> None:
    kinds = app.extensions[EXTENSION]
    kwai, late = all_sorts["pixels"][0], all_sorts["late"]
    asked = [
        Filter(),
        Filter(State.DEAD),
        Filter(target=kwai),
        Filter(State.DEAD, target=kwai),
        Filter(ids=tuple(late)),
    ]
    with app.app_context():
        for each in asked:
            assert service.search(other_account.account_id, each, kinds).rows == []
            assert service.count(other_account.account_id, each).number == 0
        with pytest.raises(NotFound):
            service.get(other_account.account_id, late[0], kinds)
        assert service.groups(other_account.account_id) == []


def test_pages_follow_one_another_by_key(app: Flask, make_pixel: Callable[..., UUID], dead: Owe) -> None:
    ids = dead(make_pixel(), 7)
    with app.app_context():
        account_id, kinds = own(app)
        seen: list[UUID] = []
        after: str | None = None
        for _page in range(3):
            page = service.search(account_id, Filter(error=ErrorClass.REFUSED), kinds, after=after, limit=3)
            seen += [line.delivery.id for line in page.rows]
            after = page.next
        assert (seen, after, page.total) == (sorted(ids, reverse=True), None, 7)
        third = service.search(account_id, Filter(), kinds, page=3, limit=3)
        assert [line.delivery.id for line in third.rows] == [min(ids)]
        with pytest.raises(Malformed):
            service.search(account_id, Filter(), kinds, after="bm9uZQ")
        with pytest.raises(Invalid):
            service.search(account_id, Filter(), kinds, page=51, limit=200)


def test_dead_letters_are_grouped_by_cause(app: Flask, all_sorts: dict[str, list[UUID]]) -> None:
    with app.app_context():
        groups = service.groups(own(app)[0])
        most = groups[0]
        assert (most.target.id, most.error, most.number) == (all_sorts["pixels"][0], "refused", 2)
        assert {(group.error, group.number, group.reason) for group in groups[1:]} == {
            ("expired", 1, "Invalid parameter"),
            ("refused", 1, "Invalid parameter"),
        }


def test_a_line_says_what_it_is_about_and_where_it_stands(app: Flask, all_sorts: dict[str, list[UUID]]) -> None:
    with app.app_context():
        account_id, kinds = own(app)
        lines = {line.delivery.id: line for line in service.search(account_id, Filter(), kinds).rows}
        paused = lines[all_sorts["paused"][0]]
        assert (paused.state, paused.target.label) == (State.PAUSED, "Meta 123456789012345")
        assert paused.subject is not None
        assert (paused.subject.title, paused.subject.endpoint) == ("EVENT_PURCHASE", "events.show")
        assert lines[all_sorts["leased"][0]].state is State.OPEN
