"""`python -m tests.hosts.storage`: bytes of an open and of an event on disk, indexes included, on both databases."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import func, select, text

from app import create_app
from app.accounts import first_start
from app.core import clock, migrate
from app.core.runtime import runtime
from app.core.settings import Settings
from app.outbound.drain import Drain
from app.outbound.models import OPEN_STATUSES, Delivery
from app.simulator import RemoteSimulator, spawn
from tests.chaos.load import BATCH, event
from tests.chaos.product import EMAIL, META_PIXEL, PASSWORD, TOKEN
from tests.opens.opens_fixtures import APPLE, GMAIL, IPHONE, OUTLOOK, asked, record, upload
from tests.servers import postgres_server

ROWS = 100_000
IDS = 60_000  # of opens: some are opened again
BATCH_SIZE = 500
AGENTS = (OUTLOOK, GMAIL, APPLE, IPHONE)
SIZES = {
    "sqlite": "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY 1",
    "postgresql": "SELECT coalesce(i.inhparent, c.oid)::regclass::text, sum(pg_total_relation_size(c.oid)) "
    "FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid "
    "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1",
}  # fmt: skip


def sizes(app: Flask) -> Counter[str]:
    """Bytes of each table with its indexes; those of partitions under the table's name."""
    engine = runtime(app).engine
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("CHECKPOINT"))
        return Counter({name: int(size) for name, size in connection.execute(text(SIZES[engine.dialect.name]))})


def log_position(app: Flask) -> int:
    """Bytes of write-ahead log since the beginning: what a standby and an archive get. 0 on SQLite."""
    engine = runtime(app).engine
    if engine.dialect.name != "postgresql":
        return 0
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")) or 0)


def open_images(app: Flask) -> None:
    upload(app)
    chance = random.Random(1)
    record(app, (asked(f"FAT{chance.randrange(IDS):06d}", agent=chance.choice(AGENTS)) for _ in range(ROWS)))


def deliver_events(app: Flask, simulator: RemoteSimulator) -> None:
    client = app.test_client()
    values = {"email": EMAIL, "password": PASSWORD}
    token = client.post("/api/auth/login", json=values).get_json()["accessToken"]
    pixel = {"platform": "facebook", "pixelId": META_PIXEL, "accessToken": "t"}
    assert client.post("/api/pixels", json=pixel, headers={"Authorization": f"Bearer {token}"}).status_code == 201
    drain = Drain(runtime(app), "storage")
    thread = threading.Thread(target=drain.run, args=(3600.0,))
    thread.start()
    for start in range(0, ROWS, BATCH_SIZE):
        events = [
            event("facebook", f"order-{number:08d}") | {"value": 129.9, "currency": "BRL", "order_id": f"A-{number}",
                "client_ip_address": "203.0.113.7", "client_user_agent": OUTLOOK}
            for number in range(start, start + BATCH_SIZE)
        ]  # fmt: skip
        answer = client.post(BATCH, json={"events": events}, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.get_json()["accepted"] == BATCH_SIZE, answer.get_json()
    while still_open(app):
        time.sleep(0.2)
    drain.stop()
    thread.join()
    drain.close()


def still_open(app: Flask) -> int:
    with runtime(app).engine.connect() as connection:
        return connection.scalar(select(func.count()).where(Delivery.status.in_(OPEN_STATUSES))) or 0


def measure(url: str, folder: Path) -> None:
    with spawn() as simulator:
        settings: dict[str, Any] = {
            "data_dir": folder, "database_url": url, "redis_url": "redis://127.0.0.1:9/0", "secret_key": "s" * 40,
            "encryption_keys": Fernet.generate_key().decode(), "pii_hash_key": "p" * 40, "admin_email": EMAIL,
            "admin_password": PASSWORD, "tracking_token": TOKEN, "web_threads": 16,
            **{name.lower(): value for name, value in simulator.environment.items()},
        }  # fmt: skip
        app = create_app(Settings.load({}, **settings))
        migrate.upgrade(app)
        first_start.prepare(app)
        for what, fill in (("open", open_images), ("event", lambda app: deliver_events(app, simulator))):
            before, logged, started = sizes(app), log_position(app), clock.monotonic()
            fill(app)
            logged = (log_position(app) - logged) // ROWS
            grown = sizes(app) - before
            tables = ", ".join(f"{name} {size / ROWS:.0f}" for name, size in grown.most_common() if size >= ROWS)
            engine = runtime(app).engine.dialect.name
            took = clock.monotonic() - started
            print(
                f"{engine}: {grown.total() / ROWS:.0f} bytes an {what} ({tables}), {logged} of WAL; {took:.0f} s",
                flush=True,
            )
        runtime(app).engine.dispose()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="kt-storage-") as name:
        folder = Path(name)
        measure(f"sqlite:///{folder / 'kalitrack.db'}", folder)
        with postgres_server() as url:
            measure(url, folder)


if __name__ == "__main__":
    main()
