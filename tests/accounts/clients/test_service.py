"""The life of an API client: its token, what it may do, its changes and its end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, select

from app.accounts.clients import lookup, service
from app.accounts.clients.granting.asking import Asked
from app.accounts.clients.granting.service import CLIENT_CREDENTIALS, Caller, issue
from app.accounts.clients.pixel_choices import PixelChoice
from app.accounts.clients.token import checksum, is_well_formed, new_token, token_hash
from app.accounts.models import ApiClient, AuditEntry
from app.core import clock, config_version
from app.core.access import Actor
from app.core.db import begin_write, db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.core.runtime import runtime
from tests.people import Person

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
Make = Callable[..., tuple[UUID, str]]
Read = Callable[[UUID], ApiClient]


def accepted(app: Flask, token: str) -> bool:
    with app.app_context():
        return lookup.find_by_token(db.session(), token, clock.now()) is not None


def version(app: Flask) -> int:
    with runtime(app).engine.connect() as connection:
        return config_version.current(connection)


def test_a_token_can_be_recognised_and_checked_without_the_database() -> None:
    token = new_token()
    assert re.fullmatch(r"kt_live_[0-9A-Za-z]{49}", token)
    assert is_well_formed(token)
    swapped = token[:10] + ("a" if token[10] != "a" else "b") + token[11:]
    assert not any(
        map(is_well_formed, (swapped, token[:-1], token + "x", token.upper(), "track123456", "kt_live_", ""))
    )
    assert checksum("a") != checksum("b")
    assert len({new_token() for _ in range(100)}) == 100


def test_only_the_hash_and_the_last_four_of_a_token_are_stored(app: Flask, make_client: Make, read: Read) -> None:
    id_, token = make_client()
    client = read(id_)
    assert (client.token_hash, client.token_last4) == (token_hash(token), token[-4:])
    columns = [str(getattr(client, column.name)) for column in ApiClient.__table__.columns]
    assert not any(token in value for value in columns)
    with app.app_context():
        changes = db.session.scalars(select(AuditEntry.changes)).all()
    assert token not in str(changes)
    assert token_hash(token) not in str(changes)


@sqlite
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"answer_mode": "never"}, "answerMode"),
        ({"per_minute": 0}, "perMinute"),
        ({"per_hour": -1}, "perHour"),
        ({"per_day": 10**9}, "perDay"),
        ({"pixel_ids": []}, "pixelIds"),
        ({"pixel_ids": ["not ours"]}, "pixelIds"),
    ],
)
def test_wrong_values_are_named(make_client: Make, pixel: PixelChoice, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        make_client(**values)
    assert set(refusal.value.fields) == {field}


def test_a_pixel_of_another_account_cannot_be_allowed(
    app: Flask, make_client: Make, pixel: PixelChoice, other_account: Person
) -> None:
    make_client(pixel_ids=[pixel.id])
    with pytest.raises(Invalid):
        make_client(Actor(other_account.account_id, other_account.id, "x"), pixel_ids=[pixel.id])


def test_a_rotation_keeps_the_old_token_for_the_overlap(
    app: Flask, actor: Actor, make_client: Make, read: Read, travel: Callable[[timedelta], None]
) -> None:
    id_, old = make_client()
    with app.app_context(), write() as session:
        _client, new = service.rotate(session, actor, id_, overlap_h=2)

    assert accepted(app, old)
    assert accepted(app, new)
    assert read(id_).previous_last4 == old[-4:]
    travel(timedelta(hours=2, seconds=1))
    assert not accepted(app, old)
    assert accepted(app, new)


def test_a_rotation_without_overlap_ends_the_old_token_at_once(app: Flask, actor: Actor, make_client: Make) -> None:
    id_, old = make_client()
    with app.app_context(), write() as session:
        _client, new = service.rotate(session, actor, id_, overlap_h=0)
    assert (accepted(app, old), accepted(app, new)) == (False, True)


def test_a_second_rotation_ends_the_first_token(app: Flask, actor: Actor, make_client: Make) -> None:
    id_, first = make_client()
    tokens = [first]
    for _ in range(2):
        with app.app_context(), write() as session:
            tokens.append(service.rotate(session, actor, id_)[1])
    assert [accepted(app, token) for token in tokens] == [False, True, True]


@sqlite
def test_tokens_of_an_hour_end_with_the_token_that_a_rotation_ends(app: Flask, actor: Actor, make_client: Make) -> None:
    id_, first = make_client()
    asked = Asked(str(id_), first, CLIENT_CREDENTIALS, None)
    with app.app_context(), write() as session:
        issued = issue(session, asked, Caller(None, None, None), clock.now()).token
    stands = []
    for _ in range(2):
        with app.app_context(), write() as session:
            service.rotate(session, actor, id_)
        stands.append(accepted(app, issued))
    assert stands == [True, False]


@sqlite
@pytest.mark.parametrize("hours", [-1, 169])
def test_an_overlap_has_bounds(app: Flask, actor: Actor, make_client: Make, hours: int) -> None:
    id_, _token = make_client()
    with app.app_context(), pytest.raises(Invalid), write() as session:
        service.rotate(session, actor, id_, hours)


def test_a_revoked_client_is_dead_for_good(app: Flask, actor: Actor, make_client: Make) -> None:
    id_, old = make_client()
    with app.app_context():
        with write() as session:
            _client, new = service.rotate(session, actor, id_)
        with write() as session:
            service.revoke(session, actor, id_)
        with write() as session:
            service.revoke(session, actor, id_)
        assert not accepted(app, old)
        assert not accepted(app, new)
        for verb in (lambda s: service.rotate(s, actor, id_), lambda s: service.update(s, actor, id_, {"name": "x"})):
            with pytest.raises(Conflict), write() as session:
                verb(session)


def test_a_stale_version_changes_nothing_and_carries_the_present_one(
    app: Flask, actor: Actor, make_client: Make, read: Read
) -> None:
    id_, _token = make_client()
    with app.app_context():
        with write() as session:
            service.update(session, actor, id_, {"name": "Loja 2"}, version=1)
        with pytest.raises(Conflict) as refusal, write() as session:
            service.update(session, actor, id_, {"name": "Loja 3"}, version=1)
        assert refusal.value.current.version == 2
    assert read(id_).name == "Loja 2"


def test_the_first_writer_wins_when_nothing_changed_in_between(app: Flask, actor: Actor, make_client: Make) -> None:
    id_, _token = make_client(name="Loja")
    before = version(app)
    with app.app_context(), write() as session:
        assert service.update(session, actor, id_, {"name": "Loja"}).version == 1
    assert version(app) == before


def test_every_change_moves_the_configuration_version_and_tells_after_the_commit(
    app: Flask, actor: Actor, make_client: Make
) -> None:
    told: list[int] = []

    def listener() -> None:
        told.append(version(app))

    config_version.on_bump.append(listener)
    try:
        start = version(app)
        id_, _token = make_client()
        verbs = (
            lambda s: service.update(s, actor, id_, {"per_minute": 5}),
            lambda s: service.rotate(s, actor, id_),
            lambda s: service.revoke(s, actor, id_),
        )
        for verb in verbs:
            with app.app_context(), write() as session:
                verb(session)
    finally:
        config_version.on_bump.remove(listener)
    assert told == [start + 1, start + 2, start + 3, start + 4]


def test_a_change_that_is_rolled_back_moves_nothing(app: Flask) -> None:
    told: list[int] = []
    config_version.on_bump.append(lambda: told.append(1))
    start = version(app)

    def fail(connection: Connection) -> None:
        config_version.bump(connection)
        raise RuntimeError("stop")

    try:
        with pytest.raises(RuntimeError), begin_write(runtime(app).engine) as connection:
            fail(connection)
    finally:
        config_version.on_bump.pop()
    assert (version(app), told) == (start, [])


def test_a_client_of_another_account_is_absent(
    app: Flask, make_client: Make, actor: Actor, other_account: Person
) -> None:
    id_, _token = make_client()
    stranger = Actor(other_account.account_id, other_account.id, other_account.email)
    with app.app_context():
        assert db.session.scalars(service.search(other_account.account_id)).all() == []
        for verb in (service.revoke, service.rotate):
            with pytest.raises(NotFound), write() as session:
                verb(session, stranger, id_)
        with pytest.raises(NotFound), write() as session:
            service.update(session, stranger, id_, {"name": "mine"})


def test_search_finds_names_token_ends_and_states(app: Flask, actor: Actor, make_client: Make) -> None:
    shop, token = make_client(name="Loja 100% azul")
    other, _token = make_client(name="Blog")
    with app.app_context():
        with write() as session:
            service.revoke(session, actor, other)

        def found(**filters: Any) -> set[UUID]:
            return {client.id for client in db.session.scalars(service.search(actor.account_id, **filters))}

        assert found() == {shop, other}
        assert found(text="LOJA") == found(text="100%") == found(text=token[-4:]) == found(state="active") == {shop}
        assert found(state="revoked") == {other}
        assert found(text="%") == {shop}


def test_changes_are_audited_with_before_and_after(app: Flask, actor: Actor, make_client: Make) -> None:
    id_, _token = make_client()
    with app.app_context():
        with write() as session:
            service.update(session, actor, id_, {"name": "Loja 2", "per_minute": 60})
        rows = db.session.execute(
            select(AuditEntry.action, AuditEntry.changes, AuditEntry.actor, AuditEntry.ip_address).order_by(
                AuditEntry.id
            )
        ).all()
    assert [row.action for row in rows] == ["client.created", "client.updated"]
    assert rows[1].changes == {"name": ["Loja", "Loja 2"], "per_minute": [None, 60]}
    assert (rows[1].actor, rows[1].ip_address) == ("ana@example.com", "203.0.113.9")
