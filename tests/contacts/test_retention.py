"""Deleted contacts are removed for good after a while, with all that hung on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select, text

from app.contacts import retention, service, timeline
from app.contacts.consent import service as consents
from app.contacts.consent.models import ConsentEvent, Suppression
from app.contacts.consent.service import Given
from app.contacts.consent.states import Channel, Consent, ConsentSource
from app.contacts.models import Contact, ContactTag, TimelineEntry
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.runtime import runtime
from app.work.retention import clean_up, preview


def rows(model: type[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_thirty_days_after_its_deletion_nothing_of_a_contact_is_left_but_its_no(
    app: Flask, actor: Actor, make_contact: Callable[..., UUID], travel: Callable[[timedelta], None]
) -> None:
    gone, back = (make_contact(name="Ana", phoneNumber=f"1198765432{n}", tags=["vip"]) for n in range(2))
    with write() as session:
        contact = service.get(actor.account_id, gone, lock=True)
        consents.record(session, actor, contact, Given(Channel.WHATSAPP, Consent.DENIED, ConsentSource.MESSAGE))
        for _ in range(retention.ROWS):
            timeline.note(session.connection(), actor.account_id, gone, "contact.updated", {})
        for id in (gone, back):
            service.delete(actor, id)
    assert retention.remove(runtime(app).engine, clock.now() + timedelta(days=29)) == 0
    with write():
        service.restore(actor, back)
    travel(timedelta(days=31))
    due = {old.table: old.rows for old in preview(app)}
    assert due["contact"] == 1
    assert clean_up(app)["contact"] == 1
    db.session.rollback()
    if db.engine.dialect.name == "sqlite":  # the next who saves a contact does not wait for the texts of those who went
        assert db.session.scalar(text("SELECT count(*) FROM contact_unindexed")) == 0
    assert [rows(model) for model in (Contact, ContactTag, ConsentEvent, TimelineEntry, Suppression)] == [1, 1, 0, 1, 1]
