"""A person found, exported, anonymised, deleted: and then looked for everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.contacts.consent.models import Suppression
from app.contacts.models import Contact
from app.contacts.privacy import service
from app.core import privacy
from app.core.access import Actor
from app.core.db import begin_write, write
from app.core.models import Job
from app.core.privacy import How
from app.core.runtime import runtime
from app.core.settings import Settings
from app.outbound.models import Delivery, DeliveryHour, Status
from app.tracking.models import TrackedEvent
from tests.contacts.privacy import remains
from tests.contacts.privacy.conftest import EMAIL, NAME, PHONE, REF, Planted
from tests.jobs import run_jobs
from tests.people import Browser, Person, sign_in
from tests.tracking_fixtures import META_PURCHASE

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CLICK = str(META_PURCHASE["fbclid"])
NEEDLES = [*remains.needles_of(EMAIL, PHONE, NAME), "pedido-77", "vermelho ltda", CLICK]
EXPORTED = {
    "contact", "consent_event", "import_change", "contact_import", "tracked_event", "email_open", "shared_with",
}  # fmt: skip


@pytest.fixture
def desk(app: Flask, actor: Actor) -> Browser:
    assert actor.user_id is not None
    return sign_in(app, Person(actor.user_id, actor.account_id, actor.name, "admin"))


def opened(desk: Browser, kind: str = "deletion", **form: str) -> str:
    answer = desk.submit("/privacy/new", {"kind": kind, "phone": "11 98765-1234", "refs": REF, **form})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def erased(app: Flask, desk: Browser, verb: str) -> None:
    address = opened(desk)
    assert desk.submit(f"{address}/{verb}", {"confirm_name": "somebody"}).status_code == 422
    assert desk.submit(f"{address}/{verb}", {"confirm_name": PHONE}).status_code == 303
    run_jobs(app)
    shown = desk.get(address).text
    assert PHONE not in shown
    assert "•••1234" in shown


def named(app: Flask, settings: Settings) -> dict[str, Any]:
    """Where the person still is: tables, files, keys of Valkey."""
    engine = runtime(app).engine
    if settings.is_sqlite:
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    tables = {table: n for table, (_all, n) in remains.in_database(engine, NEEDLES).items() if n}
    files = remains.in_files(settings.data_dir, NEEDLES)
    return {
        **tables,
        **dict.fromkeys(files, 1),
        **dict.fromkeys(remains.in_valkey(str(settings.redis_url), NEEDLES), 1),
    }


def figures(app: Flask) -> list[int]:
    with Session(runtime(app).engine) as session:
        sums = [func.sum(getattr(DeliveryHour, name)) for name in ("accepted", "done")]
        return [
            *session.execute(select(*sums)).one(),
            session.scalar(select(func.count()).select_from(TrackedEvent)) or 0,
        ]


def test_a_deleted_person_is_nowhere_but_in_the_list_of_the_suppressed(
    app: Flask, settings: Settings, desk: Browser, plant: Callable[[], Planted], make_contact: Callable[..., Any]
) -> None:
    planted = plant()
    assert named(app, settings).keys() >= {"contact", "import_part", "job_part", "tracked_event", "import_change"}
    before = figures(app)
    erased(app, desk, "delete")
    assert named(app, settings) == {}
    assert figures(app) == before
    with Session(runtime(app).engine) as session:
        assert session.scalars(select(Suppression.reason)).all() == ["erased", "erased"]
        assert session.scalars(select(Contact.id)).all() == [planted.other]
        waiting = session.scalars(select(Delivery).where(Delivery.status.in_(["pending", "leased", "dead"]))).all()
        assert waiting == []
        stopped = session.scalars(select(Delivery).where(Delivery.status == Status.CANCELLED)).all()
        assert [one.error for one in stopped] == ["consent", "consent"]
    answer = desk.submit("/privacy/forgotten", {"email": EMAIL})
    assert "privacy-return-name" in answer.text
    assert desk.submit("/privacy/forgotten/lift", {"email": EMAIL, "confirm_name": EMAIL}).status_code == 303
    assert make_contact(email=EMAIL)


@SQLITE
def test_an_anonymised_person_leaves_the_counts(
    app: Flask, settings: Settings, desk: Browser, plant: Callable[[], Planted]
) -> None:
    planted = plant()
    erased(app, desk, "anonymise")
    assert named(app, settings) == {}
    with Session(runtime(app).engine) as session:
        kept = session.scalars(select(Contact).where(Contact.id == planted.contact)).one()
        assert (kept.name, kept.phone, kept.custom, kept.anonymised_at is not None) == ("", None, {}, True)
        events = session.scalars(select(TrackedEvent)).all()
        assert [(len(event.identity), event.value) for event in events] == [(0, Decimal(50))] * 3
        assert session.scalar(select(func.count()).select_from(Suppression)) == 0


@SQLITE
def test_a_worker_that_takes_over_finds_the_rest_and_counts_nothing_twice(
    app: Flask, settings: Settings, desk: Browser, plant: Callable[[], Planted]
) -> None:
    plant()
    address = opened(desk, phone="", email=EMAIL)
    desk.submit(f"{address}/delete", {"confirm_name": EMAIL})
    first, contacts = privacy.holders()[-1], privacy.holders()[0]
    with app.app_context():
        with Session(runtime(app).engine) as session:
            job = session.scalars(select(Job).where(Job.kind == "erase_person")).one()
            subject = service.opened(service.get(session, job.account_id, UUID(job.params["request"])))
        assert subject is not None
        contacts.erase(lambda: begin_write(runtime(app).engine), job.account_id, subject, How.DELETE)
        with write() as store:  # what a killed one had done: opens and contacts, no events
            store.get_one(Job, job.id).cursor = {"finished": [first.key], "counts": {"email_open": 1}}
    run_jobs(app)
    assert named(app, settings) == {}
    with Session(runtime(app).engine) as session:
        counts = session.scalars(select(Job.result).where(Job.kind == "erase_person")).one()["counts"]
        assert (counts["email_open"], counts["tracked_event"], counts.get("contact")) == (1, 3, None)


def test_everything_held_is_shown_and_exported(app: Flask, desk: Browser, plant: Callable[[], Planted]) -> None:
    plant()
    address = opened(desk, "access", phone="", email=f" {EMAIL.upper()} ")
    shown = desk.get(address).text
    assert PHONE in shown
    assert "Eventos de conversão" in shown
    assert "Bruno" not in shown
    answer = desk.submit(f"{address}/export", {"format": "json"})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    tables: dict[str, list[Any]] = {}
    for part in json.loads(answer.data)["tables"]:
        tables.setdefault(part["table"], []).extend(part["rows"])
    assert {
        "contact",
        "consent_event",
        "import_change",
        "contact_import",
        "tracked_event",
        "email_open",
        "shared_with",
    } <= (tables.keys())
    contact = tables["contact"][0]
    assert (contact["name"], contact["phone"], contact["email"], contact["tags"]) == (NAME, PHONE, EMAIL, ["vip"])
    assert [event["event_id"] for event in tables["tracked_event"]] == ["one", "two", "three"]
    rows = desk.submit(f"{address}/export", {"format": "csv"}).data.decode("utf-8-sig").splitlines()
    assert any(re.fullmatch(rf"contact;1;phone;'\{PHONE}", row) for row in rows)
    assert desk.submit(f"{address}/answer").status_code == 303
    assert desk.submit(f"{address}/export").status_code == 409


@SQLITE
def test_no_way_of_asking_puts_the_person_in_an_address_or_a_log(
    app: Flask, desk: Browser, plant: Callable[[], Planted], caplog: pytest.LogCaptureFixture
) -> None:
    plant()
    caplog.clear()
    address = opened(desk, email=EMAIL)
    desk.get(f"{address}/delete")
    assert re.fullmatch(r"/privacy/[0-9a-f-]{36}", address)
    assert not any(needle in caplog.text.lower() for needle in NEEDLES)
