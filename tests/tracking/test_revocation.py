"""Changes made in another process: a refusal holds at once, a permission within a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.models import Account
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.lookups import MISS_S
from app.outbound.models import Delivery
from app.pixels import service as pixels
from tests.tracking_fixtures import ASYNC, KWAI_PIXEL, KWAI_REGISTRATION, META_PURCHASE, Sender, within_a_second

UNAUTHORIZED = (401, {"error": "Unauthorized"})
INACTIVE = (400, {"error": "This pixel is inactive"})
UNKNOWN = (400, {"error": "Unknown pixel_id"})


@pytest.fixture
def there(other_app: Flask, make_sender: Callable[..., Sender], make_pixel: Callable[..., UUID]) -> Sender:
    """A client app that talks to another process, which knows it, its token and the pixel already."""
    make_pixel("facebook")
    known = make_sender()
    there = Sender(other_app, known.token, known.id)
    assert there.post(META_PURCHASE, **ASYNC).status_code == 202
    assert there.post({**META_PURCHASE, "value": 51}, **ASYNC).status_code == 202
    return there


def change(app: Flask, verb: Callable[[Actor], object]) -> None:
    with app.app_context(), write() as session:
        verb(audit.system_actor(first_account(session).id))


def pixel(app: Flask) -> UUID:
    with app.app_context():
        account_id = db.session.scalars(select(Account.id)).first()
        assert account_id is not None
        found = pixels.find(account_id, [("facebook", META_PURCHASE["pixel_id"])])
        return next(iter(found.values())).id


def post(sender: Sender, **changes: object) -> tuple[int, object]:
    answer = sender.post({**META_PURCHASE, **changes}, **ASYNC)
    return answer.status_code, answer.get_json()


def test_a_revoked_token_is_refused_at_once(app: Flask, there: Sender, rows: Callable[[], dict[str, int]]) -> None:
    before = rows()
    change(app, lambda actor: clients.revoke(db.session(), actor, there.id))
    assert [post(there, event_id=number) for number in range(3)] == [UNAUTHORIZED] * 3
    assert rows() == before


def test_a_rotated_token_without_overlap_is_refused_at_once(app: Flask, there: Sender) -> None:
    change(app, lambda actor: clients.rotate(db.session(), actor, there.id, overlap_h=0))
    assert post(there, event_id=1) == UNAUTHORIZED


def test_a_scope_that_was_taken_away_is_missed_at_once(app: Flask, there: Sender) -> None:
    change(app, lambda actor: clients.update(db.session(), actor, there.id, {"scopes": ["stats:read"]}))
    assert post(there, event_id=1) == (403, {"error": "This token lacks the scope events:write"})


def test_a_pixel_that_was_taken_from_the_client_is_refused_at_once(
    app: Flask, there: Sender, make_pixel: Callable[..., UUID]
) -> None:
    other = str(make_pixel("kwai"))
    change(app, lambda actor: clients.update(db.session(), actor, there.id, {"pixel_ids": [other]}))
    assert post(there, event_id=1) == (403, {"error": "This client may not use this pixel"})


def test_an_inactive_pixel_is_refused_at_once_and_works_again_within_a_second(
    app: Flask, there: Sender, rows: Callable[[], dict[str, int]]
) -> None:
    before = rows()
    change(app, lambda actor: pixels.update(actor, pixel(app), {"active": False}))
    assert [post(there, event_id=number) for number in range(2)] == [INACTIVE] * 2
    assert rows() == before
    change(app, lambda actor: pixels.update(actor, pixel(app), {"active": True}))
    assert within_a_second(lambda: post(there, event_id=3)[0] == 202)


def test_a_deleted_pixel_is_refused_at_once_and_its_successor_gets_no_event_of_it(
    app: Flask, there: Sender, make_pixel: Callable[..., UUID]
) -> None:
    change(app, lambda actor: pixels.delete(actor, pixel(app)))
    assert post(there, event_id=1) == UNKNOWN
    new = make_pixel("facebook")
    assert within_a_second(lambda: post(there, event_id=2)[0] == 202)
    with app.app_context():
        owed = db.session.scalars(select(Delivery.target_id).order_by(Delivery.created_at)).all()
        assert owed[-1] == new


def test_a_pixel_made_anew_between_two_events_takes_the_next_one(
    app: Flask, there: Sender, make_pixel: Callable[..., UUID]
) -> None:
    change(app, lambda actor: pixels.delete(actor, pixel(app)))
    new = make_pixel("facebook")
    assert within_a_second(lambda: post(there, event_id=1)[0] == 202)
    with app.app_context():
        owed = db.session.scalars(select(Delivery.target_id).order_by(Delivery.created_at)).all()
        assert owed[-1] == new


def test_a_new_pixel_works_within_a_second_of_its_refusal(there: Sender, make_pixel: Callable[..., UUID]) -> None:
    kwai = there.post(KWAI_REGISTRATION)
    assert (kwai.status_code, kwai.get_json()) == UNKNOWN
    make_pixel("kwai", KWAI_PIXEL)
    assert within_a_second(lambda: there.post(KWAI_REGISTRATION, **ASYNC).status_code == 202)


def test_a_new_token_works_within_a_second_of_its_refusal(app: Flask, there: Sender) -> None:
    tokens: list[str] = []

    def rotate(actor: Actor) -> None:
        tokens.append(clients.rotate(db.session(), actor, there.id)[1])

    change(app, rotate)
    assert post(Sender(there.app, tokens[0], there.id), event_id=1)[0] == 202
    assert post(there, event_id=2)[0] == 202  # the old one overlaps


def test_a_new_event_name_works_within_a_second_of_its_refusal(app: Flask, there: Sender) -> None:
    assert post(there, event_name="Matricula")[0] == 400
    change(app, lambda actor: pixels.update(actor, pixel(app), {"settings": {"customEvents": ["Matricula"]}}))
    assert within_a_second(lambda: post(there, event_name="Matricula")[0] == 202)


def test_word_of_a_change_reaches_every_process_before_the_second_is_over(app: Flask, there: Sender) -> None:
    change(app, lambda actor: pixels.update(actor, pixel(app), {"active": False}))
    assert post(there, event_id="refused") == INACTIVE
    started = clock.monotonic()
    change(app, lambda actor: pixels.update(actor, pixel(app), {"active": True}))
    while post(there, event_id="taken")[0] != 202:
        assert clock.monotonic() - started < 10
        time.sleep(0.01)
    assert clock.monotonic() - started < MISS_S / 2  # by itself it would be noticed after MISS_S
