"""A rule as SQL finds just those whom plain Python says, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.contacts import grouping
from app.contacts.fields.models import CustomField
from app.contacts.models import Category, Contact, ContactCategory, ContactTag
from app.contacts.segments import checking, conditions
from app.contacts.segments.catalog import known
from app.contacts.segments.fragments import Fragments
from app.contacts.segments.rule import Group, Leaf, Node, Not, Op, parse, to_json
from app.contacts.values import derive
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from tests.contacts.segments.evaluate import Somebody, fits

NAMES = ["Ana", "JOSÉ da Silva", "Zoë 100% _", "straße", "", "ana paula", "ÇAĞLA", "Σοφία"]
COMPANIES = [None, "Açaí & Cia", "ACME", "acme", "Doce / Mel"]
PHONES = [None, "+5511987654321", "+551187654399", "+5521998877665", "+12025550123"]
EMAILS = [None, "ana@example.com", "jose.silva@exemplo.com.br"]
FRAGMENTS = ["ana", "Á", "acai", "%", "_", "/", "SS", "silva", "e", "a", "ça", "exem", "acme", "son", "σοφια"]
PARTS = ["11", "1198", "5511", "8765", "98765", "99", "1202", "0"]
DAYS = ["2026-11-20", "2026-11-21", "2026-01-01", "2026-11-21T12:00:00+00:00"]
NUMBERS = [-3, 0, 0.5, 7, 1_000]
KINDS = {"note": "text", "points": "number", "ends": "date", "vip": "yes_no", "size": "choice"}


def test_the_rules_find_whom_plain_python_says(app: Flask, actor: Actor) -> None:
    people, groups = make_people(actor, 30)
    there: dict[str, Any] = {}

    @settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(nodes(groups))
    def check(node: Node) -> None:
        there.setdefault("known", known(db.session(), actor.account_id, all_leaves(groups)))
        node = checking.check(parse(to_json(node)), there["known"])
        now = clock.now()
        found = conditions.compiled(node, there["known"], Fragments(db.session(), actor.account_id), now)
        rows = set(db.session.scalars(select(Contact.id).where(found)))
        assert rows == {id_ for id_, one in people.items() if fits(one, node, now)}, to_json(node)

    check()


def all_leaves(groups: dict[str, list[str]]) -> list[Leaf]:
    return [Leaf(name, Op.HAS, id_) for name, ids in groups.items() for id_ in ids]


def nodes(groups: dict[str, list[str]]) -> st.SearchStrategy[Node]:
    def leaf(fields: list[str], ops: list[Op], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Leaf]:
        return st.builds(Leaf, st.sampled_from(fields), st.sampled_from(ops), values)

    texts = ["name", "company", "email", "custom:note"]
    moments, ends = ["createdAt", "lastInboundAt"], ["custom:ends"]
    leaves = [
        leaf(texts, [Op.CONTAINS, Op.STARTS, Op.IS, Op.IS_NOT], st.sampled_from([*FRAGMENTS, "Acme", "ANA PAULA"])),
        leaf(["phone"], [Op.CONTAINS, Op.STARTS], st.sampled_from(PARTS)),
        leaf(["phone"], [Op.IS, Op.IS_NOT], st.sampled_from(["(11) 8765-4321", "+12025550123"])),
        leaf([*texts, "phone", *(f"custom:{key}" for key in KINDS)], [Op.IS_EMPTY, Op.IS_SET], st.none()),
        leaf(moments, [Op.BEFORE, Op.AFTER], st.sampled_from(DAYS)),
        leaf([*moments, *ends], [Op.WITHIN_DAYS, Op.OVER_DAYS], st.sampled_from([1, 30, 400])),
        leaf([*moments, *ends], [Op.BEFORE, Op.AFTER, Op.ON], st.sampled_from(DAYS[:3])),
        leaf(["lastInboundAt"], [Op.NEVER], st.none()),
        leaf(["custom:points"], [Op.IS, Op.IS_NOT, Op.LESS, Op.MORE], st.sampled_from(NUMBERS)),
        leaf(["custom:points"], [Op.BETWEEN], st.just((0, 7)) | st.just((-5, 0.5))),
        leaf(["custom:vip"], [Op.IS], st.booleans()),
        leaf(["custom:size"], [Op.IS, Op.IS_NOT], st.sampled_from(["P", "G"])),
        leaf(["whatsappConsent"], [Op.IS, Op.IS_NOT], st.sampled_from(["granted", "denied", "unknown"])),
        leaf(["locale"], [Op.IS, Op.IS_NOT], st.sampled_from(["pt_BR", "en"])),
        *(leaf([name], [Op.HAS, Op.HAS_NOT], st.sampled_from(ids)) for name, ids in groups.items()),
    ]

    def group(part: st.SearchStrategy[Node]) -> st.SearchStrategy[Group]:
        return st.builds(Group, st.booleans(), st.lists(part, min_size=1, max_size=3).map(tuple))

    one = st.one_of(leaves)
    inner = one | st.builds(Not, one) | group(one)
    return st.one_of(leaves) | group(inner) | st.builds(Not, group(inner | st.builds(Not, group(one))))


def make_people(actor: Actor, number: int) -> tuple[dict[UUID, Somebody], dict[str, list[str]]]:
    """Contacts with all that rules look at, in every mixture; and the ids of tags and categories."""
    random, now = Random(7), clock.now()
    with write() as session:
        for key, kind in KINDS.items():
            session.add(custom_field(actor, key, kind))
        category = Category(
            id=uuid7(), account_id=actor.account_id, name="VIP", folded_name="vip", color="#ff0000", created_at=now,
            updated_at=now,
        )  # fmt: skip
        session.add(category)
        session.flush()
        tags = grouping.tag_ids(session.connection(), actor.account_id, ["quente", "frio"])
        groups = {"tag": [str(one) for one in tags], "category": [str(category.id)]}
        people = {}
        for _ in range(number):
            contact, somebody = make_one(actor, random, now)
            session.add(contact)
            session.flush()
            put_in = [one for one in [*tags, category.id] if random.random() < 0.4]
            for link, ids in ((ContactTag, tags), (ContactCategory, [category.id])):
                grouping.add(session.connection(), link, [one for one in ids if one in put_in], [contact.serial])
            somebody.groups = {str(one) for one in put_in}
            people[contact.id] = somebody
    return people, groups


def custom_field(actor: Actor, key: str, kind: str) -> CustomField:
    return CustomField(
        id=uuid7(), account_id=actor.account_id, key=key, label=key.title(), folded_label=key, kind=kind,
        options=["P", "G"] if kind == "choice" else [], created_at=clock.now(), updated_at=clock.now(),
    )  # fmt: skip


def make_one(actor: Actor, random: Random, now: datetime) -> tuple[Contact, Somebody]:
    moments = [
        now - timedelta(days=3, hours=1),
        now - timedelta(days=100),
        datetime(2026, 11, 21, 2, 30, tzinfo=UTC),
        datetime(2026, 11, 21, 12, tzinfo=UTC),
        datetime(2025, 5, 5, tzinfo=UTC),
    ]
    own: dict[str, Any] = {
        "note": random.choice([None, "Gosta de AÇAÍ", "50% off_", "ana"]),
        "points": random.choice([None, -3, 0, 0.5, 7, 12.25]),
        "ends": random.choice([None, date(2026, 11, 21), date(2026, 1, 1), now.date() - timedelta(days=2)]),
        "vip": random.choice([None, True, False]),
        "size": random.choice([None, "P", "G"]),
    }
    phone = None if random.random() < 0.3 else f"+55119{random.randint(60_000_000, 99_999_999)}"
    if random.random() < 0.3:
        phone = f"+1202555{random.randint(1000, 9999)}"
    values: dict[str, Any] = {
        "name": random.choice(NAMES),
        "company": random.choice(COMPANIES),
        "email": random.choice(EMAILS) and f"{random.randint(1, 999)}.{random.choice(EMAILS[1:])}",
        "phone": phone,
        "locale": random.choice([None, "pt_BR", "en"]),
        "whatsappConsent": random.choice(["granted", "denied", "unknown"]),
        "createdAt": random.choice(moments),
        "lastInboundAt": random.choice([None, *moments]),
    }
    from app.contacts.identity import phone_key

    contact = Contact(
        id=uuid7(), account_id=actor.account_id, name=values["name"], company=values["company"], email=values["email"],
        phone=phone, phone_key=phone and phone_key(phone[1:]), locale=values["locale"], source="form",
        whatsapp_consent=values["whatsappConsent"], email_consent="unknown", last_inbound_at=values["lastInboundAt"],
        custom={key: str(one) if isinstance(one, date) else one for key, one in own.items() if one is not None},
        created_at=values["createdAt"], updated_at=now, version=1,
    )  # fmt: skip
    derive(contact)
    return contact, Somebody(values | {f"custom:{key}": one for key, one in own.items()})
