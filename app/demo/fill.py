"""Writing the month into an empty database, in the parts and with the figures that the product itself would write."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.models import Account, ApiClient, User
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.bulk import BulkInsert
from app.core.db import begin_write, db, write
from app.core.ids import uuid7, uuid7_at
from app.core.runtime import runtime
from app.core.settings import Settings
from app.demo.cast import ACCOUNTS, TOKEN_DIED, DemoAccount, DemoPixel
from app.demo.month import DAYS, NO_ANSWER, OUTAGE_DAY, REFUSAL, REFUSED_TOKEN, Story, Try, stories
from app.destinations import registry
from app.outbound import targets
from app.outbound.models import Attempt, Delivery, Status, Target
from app.outbound.tally import OPEN, Shift, Stand, shift
from app.pixels import service as pixels
from app.pixels.models import Pixel
from app.tracking import matches
from app.tracking.models import TrackedEvent

EVENTS = 30_000
SEED = 2026
PART = 200  # events of one short transaction
NOTE = "demo.json"  # in the data folder: the clients' tokens, for the traffic that goes on


class Placed:
    """A company that is in the database: ids of its pixels and clients."""

    def __init__(self, account_id: UUID, pixel_ids: dict[str, UUID], client_ids: list[UUID]) -> None:
        self.account_id = account_id
        self.pixel_ids = pixel_ids
        self.client_ids = client_ids


def fill(app: Flask, events: int = EVENTS, seed: int = SEED) -> int:
    """Fills an empty, migrated database; returns how many events it wrote. Leaves a database with people alone (0)."""
    state, now, written = runtime(app), clock.now(), 0
    tokens: list[dict[str, Any]] = []
    with app.app_context():
        if db.session.scalar(select(User.id).limit(1)) is not None:
            return 0
        db.session.rollback()
        for number, cast in enumerate(ACCOUNTS):
            random = Random(f"{seed}-{number}")  # noqa: S311 - a story, no secret
            placed = _place(cast, number == 0, tokens, now)
            told = stories(random, cast.pixels, len(cast.clients), round(events * cast.share), now)
            for part in _parts(told, PART):
                with begin_write(state.engine) as connection:
                    _write(connection, state.settings, placed, part)
                written += len(part)
            _tell_endings(cast, placed, now)
        db.session.remove()
    _note(state.settings, tokens)
    return written


def _parts(items: Iterator[Story], size: int) -> Iterator[list[Story]]:
    while part := list(islice(items, size)):
        yield part


# -- people, pixels, clients ------------------------------------------------------------------------------------------


def _place(cast: DemoAccount, is_first: bool, tokens: list[dict[str, Any]], now: datetime) -> Placed:
    with write() as session:
        account = first_account(session) if is_first else _new_account(session, now)
        account.name = cast.name
        for name, email, role in cast.people:
            session.add(User(id=uuid7(), account_id=account.id, email=email, name=name, role=role, created_at=now))
        session.flush()
        actor = audit.system_actor(account.id)
        pixel_ids = {each.pixel_id: _pixel(actor, each) for each in cast.pixels}
        before = now - timedelta(days=DAYS + 1)
        session.execute(
            update(Pixel).where(Pixel.account_id == account.id).values(created_at=before, updated_at=before)
        )
        client_ids = []
        for name in cast.clients:
            client, token = clients.create(session, actor, clients.ClientValues(name=name))
            client.first_event_at, client.last_used_at = now - timedelta(days=DAYS), now
            client_ids.append(client.id)
            tokens.append({"token": token, "pixels": [[each.platform, each.pixel_id] for each in cast.pixels]})
        return Placed(account.id, pixel_ids, client_ids)


def _new_account(session: Session, now: datetime) -> Account:
    account = Account(id=uuid7(), name="", timezone="America/Sao_Paulo", created_at=now)
    session.add(account)
    session.flush()
    return account


def _pixel(actor: Any, cast: DemoPixel) -> UUID:
    values = {
        "platform": cast.platform,
        "pixelId": cast.pixel_id,
        "accessToken": f"demo-access-token-{cast.pixel_id}",
        "description": cast.description,
        "settings": cast.settings,
    }
    return pixels.create(actor, values).id


def _tell_endings(cast: DemoAccount, placed: Placed, now: datetime) -> None:
    """What the engine would have noted at the targets, and the accounts at their clients."""
    with begin_write(runtime().engine) as connection:
        for each in cast.pixels:
            target_id = placed.pixel_ids[each.pixel_id]
            error, ago = (NO_ANSWER, timedelta(days=OUTAGE_DAY))
            if each.story == TOKEN_DIED:
                targets.pause(connection, target_id, REFUSED_TOKEN, "auth")
                error, ago = REFUSED_TOKEN, timedelta(days=2)
            elif each.platform == "facebook":
                error, ago = REFUSAL, timedelta(hours=5)
            noted = {"last_error": error, "last_error_at": now - ago}
            connection.execute(update(Target).where(Target.id == target_id).values(**noted))
        connection.execute(
            update(ApiClient).where(ApiClient.account_id == placed.account_id).values(last_address="203.0.113.10")
        )


# -- events -----------------------------------------------------------------------------------------------------------

_EVENT_COLUMNS = [column.name for column in TrackedEvent.__table__.columns if column.name != "edited_at"]
_insert_events = BulkInsert(TrackedEvent, _EVENT_COLUMNS)
_DELIVERY_COLUMNS = [
    column.name for column in Delivery.__table__.columns if column.name not in ("lease_token", "waiter", "replayed_at")
]
_insert_deliveries = BulkInsert(Delivery, _DELIVERY_COLUMNS)
_insert_attempts = BulkInsert(Attempt, [column.name for column in Attempt.__table__.columns])


def _write(connection: Connection, settings: Settings, placed: Placed, part: Sequence[Story]) -> None:
    events, deliveries, attempts, shifts, signs = [], [], [], [], []
    for story in part:
        event = _event(placed, story)
        delivery = _delivery(settings, event, story)
        events.append(event)
        deliveries.append(delivery)
        attempts += [_attempt(event, number, each, story.bits) for number, each in enumerate(story.tries, start=1)]
        ended = Stand(delivery["status"], delivery["error"], delivery["done_at"])
        shifts.append(
            Shift(
                placed.account_id, event["target_id"], event["created_at"], None, ended if delivery["done_at"] else OPEN
            )
        )
        signs.append(
            matches.Accepted(placed.account_id, event["target_id"], story.pixel.platform, story.at, event["identity"])
        )
    _insert_events(connection, events)
    _insert_deliveries(connection, deliveries)
    _insert_attempts(connection, attempts)
    shift(connection, shifts)
    matches.count(connection, signs)


def _event(placed: Placed, story: Story) -> dict[str, Any]:
    id_ = uuid7_at(story.at, story.bits)
    identity = story.identity if story.status != Status.CANCELLED else {}
    return {
        "account_id": placed.account_id,
        "created_at": story.at,
        "id": id_,
        "client_id": placed.client_ids[story.client],
        "target_id": placed.pixel_ids[story.pixel.pixel_id],
        "platform": story.pixel.platform,
        "pixel_id": story.pixel.pixel_id,
        "event_name": story.name,
        "event_id": f"evt_{id_.hex}",
        "event_time": story.at,
        "click_id": story.click,
        "value": story.fields.get("value"),
        "currency": story.fields.get("currency"),
        "em_hash": (identity.get("em") or [None])[0],
        "ph_hash": (identity.get("ph") or [None])[0],
        "identity": identity,
        "fields": story.fields,
        "repeats": story.repeats,
        "repeated_at": story.at + timedelta(seconds=7) if story.repeats else None,
    }


def _delivery(settings: Settings, event: dict[str, Any], story: Story) -> dict[str, Any]:
    last = story.tries[-1] if story.tries else None
    ended = story.status != Status.PENDING
    done_at = story.at + timedelta(seconds=last.after_s, milliseconds=last.ms) if last else story.at
    return {
        "account_id": event["account_id"],
        "id": event["id"],
        "kind": "conversion",
        "target_id": event["target_id"],
        "ref_id": event["id"],
        "ref_at": story.at,
        "generation": 0,
        "status": story.status,
        "attempts": len(story.tries) if ended else 0,
        "next_at": done_at,
        "expires_at": story.at + registry.get(story.pixel.platform, settings).max_age,
        "http_status": last.status if last else None,
        "outcome": last.verdict if last else None,
        "error": story.error,
        "detail": story.detail or (last.detail if last else None) or None,
        "response": _answer(last),
        "created_at": story.at,
        "done_at": done_at if ended else None,
    }


def _answer(last: Try | None) -> str | None:
    if last is None:
        return None
    return json.dumps({"result": 1} if last.status == 200 else {"error": {"message": last.detail}})


def _attempt(event: dict[str, Any], number: int, each: Try, bits: int) -> dict[str, Any]:
    started_at = event["created_at"] + timedelta(seconds=each.after_s)
    id_ = uuid7_at(started_at, bits + number)
    return {
        "account_id": event["account_id"],
        "created_at": started_at.replace(microsecond=started_at.microsecond // 1000 * 1000),
        "id": id_,
        "delivery_id": event["id"],
        "n": number,
        "started_at": started_at,
        "duration_ms": each.ms,
        "http_status": each.status,
        "outcome": each.verdict,
        "detail": each.detail or None,
        "response": _answer(each),
    }


def _note(settings: Settings, tokens: list[dict[str, Any]]) -> None:
    descriptor = os.open(settings.data_dir / NOTE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"clients": tokens}, file)
