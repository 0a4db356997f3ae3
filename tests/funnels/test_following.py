"""Cards follow their contacts: gone and back with them, merged, and emptied when the person is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select

from app.contacts import retention as contact_retention
from app.contacts import service as contacts
from app.contacts.bulk import steps
from app.contacts.merging import service as merging
from app.contacts.models import Contact, TimelineEntry
from app.core import clock
from app.core.db import begin_write, db, write
from app.core.errors import NotFound
from app.core.privacy import Begin, How, Subject, holders
from app.core.runtime import runtime
from app.funnels import retention
from app.funnels.cards import moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, CardChange, Funnel

Make = Callable[..., Any]
Stages = Callable[[Funnel], dict[str, UUID]]


def read(id: UUID) -> Card:
    db.session.rollback()
    return db.session.get_one(Card, id, populate_existing=True)


def begin(app: Flask) -> Begin:
    return lambda: begin_write(runtime(app).engine)


def test_cards_leave_and_come_back_with_their_contact(
    app: Flask, doer: Doer, make_funnel: Make, make_card: Make
) -> None:
    funnel = make_funnel()
    id_ = make_card(funnel, value="50")
    person = service.get(doer.actor.account_id, id_).contact_id
    with write():
        contacts.delete(doer.actor, person)
    assert (read(id_).removed_why, read(id_).revision) == ("contact", 2)
    with write():
        contacts.restore(doer.actor, person)
    assert (read(id_).removed_at, read(id_).revision) == (None, 3)
    serial = db.session.scalar(select(Contact.serial).where(Contact.id == person))
    now = clock.now()
    with begin(app)() as connection:  # as a bulk action does it
        steps.delete(connection, doer.actor, [serial], now)
    assert read(id_).removed_why == "contact"
    with begin(app)() as connection:
        steps.restore(connection, doer.actor, [serial], now, now)
    assert read(id_).removed_at is None
    deltas = select(func.sum(CardChange.open_delta)).where(CardChange.card_id == id_)
    assert db.session.scalar(deltas) == Decimal(50)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_card_that_was_taken_off_stays_away_while_its_contact_is_deleted(
    doer: Doer, make_funnel: Make, make_card: Make
) -> None:
    id_ = make_card(make_funnel())
    person = service.get(doer.actor.account_id, id_).contact_id
    with write():
        service.remove(doer, id_)
        contacts.delete(doer.actor, person)
    with write(), pytest.raises(NotFound):
        service.restore(doer, id_)
    with write():
        contacts.restore(doer.actor, person)
    assert read(id_).removed_why == "person"
    with write():
        service.restore(doer, id_)
    assert read(id_).removed_at is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_two_who_delete_contacts_with_cards_in_the_same_funnels_do_not_deadlock(
    app: Flask, doer: Doer, make_funnel: Make, make_card: Make
) -> None:
    first, second = make_funnel(), make_funnel("Outro")
    cards = [make_card(funnel) for funnel in (second, first, first, second)]
    joined = select(Contact.serial, Card.id).join(Card, Card.contact_id == Contact.id)
    serials = {row.id: row.serial for row in db.session.execute(joined)}
    db.session.rollback()

    def delete(connection: Connection, id_: UUID) -> None:
        steps.delete(connection, doer.actor, [serials[id_]], clock.now())

    def other() -> None:
        with begin(app)() as connection:
            delete(connection, cards[2])
            delete(connection, cards[3])

    with ThreadPoolExecutor(1) as pool:
        with begin(app)() as connection:
            delete(connection, cards[0])
            waits = pool.submit(other)
            with pytest.raises(TimeoutError):
                waits.result(0.1)
            delete(connection, cards[1])
        waits.result(5)
    assert {read(id_).removed_why for id_ in cards} == {"contact"}


def test_a_merge_moves_cards_and_joins_two_open_ones(
    doer: Doer, make_funnel: Make, make_card: Make, stages: Stages
) -> None:
    funnel, other_funnel = make_funnel(), make_funnel("Outro")
    kept_card = make_card(funnel, notes="liga de manhã")
    other_card = make_card(funnel, notes="quer 3", value="30")
    kept, other = (service.get(doer.actor.account_id, id_).contact_id for id_ in (kept_card, other_card))
    with write():
        elsewhere = service.create(doer, other_funnel.id, {"contactId": other}).id
    with write():
        merging.merge(doer.actor, kept, other)
    stays, goes, moved = read(kept_card), read(other_card), read(elsewhere)
    assert (stays.notes, stays.value, stays.contact_id) == ("liga de manhã\n\nquer 3", Decimal(30), kept)
    assert (goes.removed_why, goes.contact_id) == ("merged", kept)
    assert (moved.contact_id, moved.removed_at) == (kept, None)


@pytest.mark.parametrize("how", How)
def test_who_is_forgotten_leaves_figures_that_name_nobody(
    app: Flask, doer: Doer, make_funnel: Make, make_card: Make, stages: Stages, how: How
) -> None:
    funnel = make_funnel()
    id_ = make_card(funnel, "Ana Souza", notes="Ana mora na Rua 1", value="80")
    account_id = doer.actor.account_id
    subject = Subject((), (), (service.get(account_id, id_).contact_id,), ())
    with write():
        moving.move(doer, id_, Place(stages(funnel)["lost"]), reason="Ana vai casar")
    held = [one for one in holders() if one.key in ("contacts", "funnels")]
    assert {one.table: one.count for one in held[-1].find(db.session(), account_id, subject)} == {
        "card": 1, "card_change": 2
    }  # fmt: skip
    exported = list(held[-1].export(db.session(), account_id, subject))
    assert [table for table, _ in exported] == ["card", "card_change", "card_change"]
    assert exported[0][1]["notes"] == "Ana mora na Rua 1"
    db.session.rollback()
    for holder in held:
        holder.erase(begin(app), account_id, subject, how)
        holder.erase(begin(app), account_id, subject, how)
    card = read(id_)
    assert (card.notes, card.reason, card.removed_why, card.value) == ("", None, "erased", Decimal(80))
    assert card.contact_id == (None if how == How.DELETE else subject.contact_ids[0])
    assert set(db.session.scalars(select(CardChange.reason).where(CardChange.card_id == id_))) == {None}
    if how == How.DELETE:
        left = select(func.count()).where(TimelineEntry.contact_id == subject.contact_ids[0])
        assert db.session.scalar(left) == 0


def test_contacts_gone_for_good_leave_their_cards_without_a_name(
    app: Flask, doer: Doer, make_funnel: Make, make_card: Make
) -> None:
    id_ = make_card(make_funnel(), notes="Ana")
    person = service.get(doer.actor.account_id, id_).contact_id
    with write():
        contacts.delete(doer.actor, person)
    assert contact_retention.remove(runtime(app).engine, clock.now() + timedelta(days=31)) == 1
    assert (read(id_).contact_id, read(id_).notes, read(id_).removed_why) == (None, "", "erased")
    assert db.session.scalar(select(func.count()).where(TimelineEntry.contact_id == person)) == 0


def test_a_deleted_funnel_goes_for_good_after_a_month(
    app: Flask, doer: Doer, make_funnel: Make, make_card: Make
) -> None:
    kept, gone = make_funnel(), make_funnel("Velho")
    make_card(kept), make_card(gone)
    with write() as session:
        session.get_one(Funnel, gone.id).deleted_at = clock.now()
    engine = runtime(app).engine
    assert (retention.remove(engine, clock.now()), retention.expired(engine, clock.now()).rows) == (0, 0)
    later = clock.now() + timedelta(days=31)
    assert (retention.expired(engine, later).rows, retention.remove(engine, later)) == (1, 1)
    assert db.session.scalars(select(Funnel.id)).all() == [kept.id]
    assert db.session.scalars(select(Card.funnel_id)).all() == [kept.id]
