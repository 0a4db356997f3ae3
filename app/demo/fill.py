"""Writing the month into an empty database, in the parts and with the figures that the product itself would write."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.models import Account, ApiClient, User
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.db import begin_write, db, write
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.core.settings import Settings
from app.demo.cast import ACCOUNTS, TOKEN_DIED, DemoAccount, DemoPixel
from app.demo.contacts import CONTACTS, fill_contacts
from app.demo.events import Placed, write_events
from app.demo.funnels import CARDS, fill_funnels
from app.demo.month import DAYS, NO_ANSWER, OUTAGE_DAY, REFUSAL, REFUSED_TOKEN, Story, stories
from app.demo.opens import fill_opens
from app.demo.webhooks import make_webhooks, settle_history
from app.outbound import targets
from app.outbound.models import Target
from app.pixels import service as pixels
from app.pixels.models import Pixel

EVENTS = 30_000
SEED = 2026
PART = 200  # events of one short transaction
MAILS = 0.63  # for each event; some 2.5 opens each
NOTE = "demo.json"  # in the data folder: the clients' tokens and addresses of images, for the traffic that goes on


class Written(NamedTuple):
    events: int
    opens: int


def fill(app: Flask, events: int = EVENTS, seed: int = SEED) -> Written:
    """Fills an empty, migrated database with some `events` and one and a half times as many opens; returns how many it
    wrote. Leaves a database with people alone (none)."""
    now, written = clock.now(), Written(0, 0)
    tokens: list[dict[str, Any]] = []
    images: list[str] = []
    with app.app_context():
        if db.session.scalar(select(User.id).limit(1)) is not None:
            return written
        db.session.rollback()
        for number, cast in enumerate(ACCOUNTS):
            placed = _place(cast, number == 0, tokens, now)
            share = round(events * cast.share)
            told = _fill_events(Random(f"{seed}-{number}"), cast, placed, share, now)  # noqa: S311 - a story, no secret
            mails, readers = round(share * MAILS), Random(f"{seed}-{number}-mails")  # noqa: S311
            opens, paths = fill_opens(readers, cast, placed.account_id, number == 0, mails, now)
            images += paths
            make_webhooks(placed.account_id, runtime().settings.meta_graph_url, now - timedelta(days=DAYS))
            people = Random(f"{seed}-{number}-contacts")  # noqa: S311
            fill_contacts(people, placed.account_id, now, round(CONTACTS * cast.share))
            fill_funnels(people, placed.account_id, now, round(CARDS * cast.share))
            settle_history(people, placed.account_id, now)
            written = Written(written.events + told, written.opens + opens)
        db.session.remove()
    _note(runtime(app).settings, {"clients": tokens, "images": images})
    return written


def _fill_events(random: Random, cast: DemoAccount, placed: Placed, count: int, now: datetime) -> int:
    state, written = runtime(), 0
    for part in _parts(stories(random, cast.pixels, len(cast.clients), count, now), PART):
        with begin_write(state.engine) as connection:
            write_events(connection, state.settings, placed, part)
        written += len(part)
    _tell_endings(cast, placed, now)
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


def _note(settings: Settings, noted: dict[str, Any]) -> None:
    descriptor = os.open(settings.data_dir / NOTE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(noted, file)
