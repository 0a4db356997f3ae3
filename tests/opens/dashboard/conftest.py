"""One account with a month of made-up opens, looked at by many tests: no test here changes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from sqlalchemy import insert

from app import create_app
from app.core import clock
from app.core.db import begin_write
from app.core.ids import uuid7
from app.core.rollup import Rollup, hour_of
from app.core.runtime import runtime
from app.core.settings import Settings
from app.opens.mailings.models import MailedId, Mailing, MailingDelay
from app.opens.models import OpenMissHour
from app.tracking import ROOM
from tests.conftest import CHEAP_HASHES, SECRETS
from tests.opens.history import made, random_rows, store
from tests.opens.opens_fixtures import account_of
from tests.people import Browser, new_account, new_user, sign_in

DAYS, COUNT = 36, 700
OPENED_AFTER = (40, 30, 20, 10, 0, 5, 0, 0, 0, 1)  # ids of the mailing, by DELAY_BOUNDS_H
LISTED, WAITING = 424, 12


@dataclass(frozen=True, slots=True)
class Month:
    """`rows` are all opens of the account, oldest first, as `history.made` makes them."""

    app: Flask
    account_id: UUID
    rows: list[dict[str, Any]]
    viewer: Browser
    stranger: Browser


@pytest.fixture(scope="module")
def month(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_sqlite: Path,
    valkey_server_url: str,
    compiled_translations: Callable[[Path], None],
    compiled_templates: BytecodeCache,
) -> Iterator[Month]:
    folder = tmp_path_factory.mktemp("month")
    shutil.copy(migrated_sqlite, folder / "kalitrack.db")
    compiled_translations(folder)
    app = create_app(Settings.load({}, data_dir=folder, redis_url=valkey_server_url, **SECRETS))
    app.jinja_env.bytecode_cache = compiled_templates
    app.config["PASSWORD_COST"] = CHEAP_HASHES
    account_id, now = account_of(app), clock.now()
    rows = random_rows(account_id, now - timedelta(days=DAYS), now, COUNT)
    rows += [made(account_id, now - timedelta(seconds=second), f"HOJE{second}") for second in range(1, 4)]
    stored = store(runtime(app).engine, rows)
    _mail(app, account_id)
    stranger = sign_in(app, new_user(app, "admin", new_account(app), email="stranger@example.org"))
    yield Month(app, account_id, stored, sign_in(app, new_user(app, "viewer")), stranger)
    app.extensions[ROOM].stop()
    runtime(app).engine.dispose()


def _mail(app: Flask, account_id: UUID) -> None:
    """A mailing of yesterday, of which some ids were opened and some are not; and what went wrong with the tags."""
    now, mailing_id = clock.now(), uuid7()
    mailing = {
        "id": mailing_id, "account_id": account_id, "name": "Novembro", "starts_at": hour_of(now - timedelta(days=1)),
        "ends_at": hour_of(now), "listed": LISTED, "created_at": now, "updated_at": now, "version": 1,
    }  # fmt: skip
    waits = {"account_id": account_id, "mailing_id": mailing_id, "sent_at": now - timedelta(days=9), "opened_at": None}
    misses = {("unknown_file", "velho.png"): (12,), ("unrendered", "logo.png"): (37,), ("unrecorded", ""): (2,)}
    with begin_write(runtime(app).engine) as connection:
        connection.execute(insert(Mailing).values(**mailing))
        connection.execute(insert(MailedId), [waits | {"ref": f"W{number}"} for number in range(WAITING)])
        delays = {(account_id, mailing_id, bucket): (ids,) for bucket, ids in enumerate(OPENED_AFTER)}
        Rollup(MailingDelay)(connection, delays)
        Rollup(OpenMissHour)(connection, {(account_id, hour_of(now), *key): hits for key, hits in misses.items()})
