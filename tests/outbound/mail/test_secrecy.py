"""A letter's link opens a door: once it was sent it stands nowhere, and before that only sealed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import select, text

from app.core import clock, logs, smtp
from app.core.db import Base
from app.core.ids import uuid7
from app.core.mail_server import sender
from app.core.periods import DAY
from app.core.runtime import runtime
from app.outbound import figures
from app.outbound.mail.letters import Letter, Letters
from app.outbound.mail.letters import Post as PostOffice
from app.reports.start import first_steps
from tests.outbound.ledger import Ledger
from tests.outbound.mail.conftest import TO, TOKEN, Post, a_letter
from tests.people import Browser, bearer
from tests.postbox import Postbox

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def logged(app: Flask) -> Iterator[Callable[[], str]]:
    """`logged()`: all that the product's own log file says."""
    settings = runtime(app).settings
    before = logging.getLogger().handlers[:]
    logs.configure(settings, "mail-test")
    yield lambda: "".join(file.read_text("utf-8") for file in settings.logs_dir.glob("app-*.log"))
    for handler in logging.getLogger().handlers[:]:
        if handler not in before:
            logging.getLogger().removeHandler(handler)
            handler.close()


def dumped(app: Flask) -> str:
    """Every row of every table but people's own (whose address is theirs to have)."""
    with runtime(app).engine.connect() as connection:
        tables = [table for name, table in Base.metadata.tables.items() if name != "users"]
        return "\n".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)))


def kept_in_valkey(app: Flask) -> str:
    with redis.Redis.from_url(str(runtime(app).settings.redis_url)) as client:
        return "\n".join(str(client.dump(key)) + str(key) for key in client.scan_iter("*"))


def test_a_planted_link_stands_nowhere_after_it_was_sent(
    app: Flask, admin: Browser, post: Post, drain: Callable[..., None], postbox: Postbox, ledger: Ledger,
    logged: Callable[[], str],
) -> None:  # fmt: skip
    postbox.answers["rcpt"].append(f"451 4.7.1 <{TO}> wait for https://kalitrack.example/reset/{TOKEN}")
    postbox.answers["data"] += [f"250 took {TOKEN}", f"554 spam: {TOKEN}"]
    sent = post()
    drain()
    waiting_page = admin.get(f"/deliveries/{sent}").get_data(as_text=True)
    before = dumped(app) + kept_in_valkey(app)
    ledger.hurry(sent)
    drain()
    refused = post()
    drain()

    headers = bearer(app, admin.person)
    shown = [waiting_page, before]
    for path in ("/deliveries", f"/deliveries/{sent}", f"/deliveries/{refused}", "/deliveries/dead", "/attention"):
        shown.append(admin.get(path).get_data(as_text=True))
    for path in (f"/api/deliveries/{sent}", f"/api/deliveries/{refused}", "/api/deliveries"):
        shown.append(app.test_client().get(path, headers=headers).get_data(as_text=True))
    shown += [dumped(app), kept_in_valkey(app), logged()]
    assert len(postbox.taken) == 1
    for number, each in enumerate(shown):
        assert not [secret for secret in (TOKEN, TO, "maria.silva") if secret in each], number
    assert "E-mail: redefinição de senha para m***@example.com" in shown[3]


def test_what_a_server_quotes_of_a_letter_tells_no_part_of_its_link(app: Flask) -> None:
    with app.app_context():
        words = asdict(a_letter()) | {"to": TO}
    made = Letters().build(
        [Letter(uuid7(), clock.now(), words)], PostOffice(None, sender(None, "k.example"), "k.example")
    )
    assert made.message.count(TOKEN.encode()) < made.message.count(b"/reset/")  # lines are broken, inside a link too
    lines = [part for line in made.message.splitlines() for part in (line, line.rpartition(b"/")[2])]
    told = " ".join(smtp._safe(part, made).decode() for part in lines)
    assert not [start for start in range(len(TOKEN) - 6) if TOKEN[start : start + 6] in told]


def test_a_delivery_page_shows_no_letter_and_no_http(
    app: Flask, admin: Browser, post: Post, drain: Callable[..., None], postbox: Postbox
) -> None:
    postbox.answers["rcpt"].append("451 later")
    id_ = post()
    drain()
    page = admin.get(f"/deliveries/{id_}").get_data(as_text=True)
    assert "E-mails não são mostrados a ninguém" in page
    assert "O servidor de e-mail pede para tentar mais tarde: 451 later" in page
    assert not [word for word in ("HTTP 4", "HTTP 2", "curl", "Como comando") if word in page]
    detail: dict[str, Any] = (
        app.test_client().get(f"/api/deliveries/{id_}", headers=bearer(app, admin.person)).get_json()
    )
    assert (detail["httpStatus"], detail["kind"], detail["error"]) == (None, "mail", "server")


def test_letters_are_no_events_in_the_figures(app: Flask, post: Post, drain: Callable[..., None], message: Any) -> None:
    account_id = message(post()).account_id
    drain()
    with runtime(app).engine.connect() as connection:
        row = connection.execute(text("SELECT sum(accepted), sum(done) FROM delivery_hour")).one()
        assert tuple(row) == (1, 1)
        now = clock.now()
        assert figures.total(connection, account_id, now - DAY, now + DAY).accepted == 0
        assert figures.by_hour(connection, account_id, now - DAY, now + DAY) == {}
        assert first_steps(connection, account_id, "https://kalitrack.example") is not None


def test_it_reads_the_files_of_the_log(app: Flask, logged: Callable[[], str]) -> None:
    logging.getLogger("app").warning("a line for %s", TO)
    assert "a line for" in logged()
    assert TO not in logged()
