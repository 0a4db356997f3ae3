"""The contacts of the demo: a few hundred people with tags, categories, fields of their own, consents and segments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import User
from app.contacts import service
from app.contacts.categories import service as categories
from app.contacts.consent import service as consents
from app.contacts.consent.service import Given
from app.contacts.consent.states import Basis, Channel, Consent, ConsentSource
from app.contacts.fields import service as fields
from app.contacts.models import Contact
from app.contacts.segments import service as segments
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import write
from app.core.folding import fold

CONTACTS = 300
AT_ONCE = 5
DAYS = 180
FIRST = (
    "Ana", "Beatriz", "Caio", "Daniela", "Eduardo", "Fábio", "Gabriela", "Heloísa", "Ícaro", "João", "Karina",
    "Letícia", "Márcio", "Natália", "Otávio", "Patrícia", "Rafael", "Sônia", "Thaís", "Vinícius",
)  # fmt: skip
LAST = (
    "Almeida", "Barbosa", "Cardoso", "Dias", "Esteves", "Ferreira", "Gonçalves", "Lima", "Moraes", "Nogueira", "Pinto",
    "Queiroz", "Ribeiro", "Souza", "Teixeira",
)  # fmt: skip
COMPANIES = ("Padaria Pão Quente", "Estúdio Ipê", "Mercado do Zé", "Clínica Bem-Estar", "Auto Peças União", None, None)
CITIES = ("São Paulo", "Campinas", "Rio de Janeiro", "Belo Horizonte", "Curitiba", "Recife", "Salvador")
CODES = (11, 19, 21, 31, 41, 81, 71)
TAGS = ("newsletter", "black friday", "indicação", "evento", "vip")
CATEGORIES = (
    ("Clientes", "Compraram ao menos uma vez.", "#2fb344"),
    ("Leads", "Deixaram o contato e ainda não compraram.", "#4299e1"),
    ("Parceiros", "Indicam e revendem.", "#f59f00"),
)
FIELDS = (
    {"label": "Cidade", "kind": "text"},
    {"label": "Aniversário", "kind": "date"},
    {"label": "Plano", "kind": "choice", "options": ["Básico", "Profissional", "Empresa"]},
    {"label": "Compras", "kind": "number"},
)


def fill_contacts(random: Random, account_id: UUID, now: datetime, count: int) -> int:
    """Writes them, in short transactions; returns how many."""
    actor = _actor(account_id)
    with write():
        groups = [
            categories.create(actor, {"name": name, "description": text, "color": color}).id
            for name, text, color in CATEGORIES
        ]
        keys = [fields.create(actor, dict(one)).key for one in FIELDS]
    # Ascending, as contacts come: the list orders them by their serial.
    times = sorted(now - timedelta(minutes=random.randrange(60, DAYS * 24 * 60)) for _ in range(count))
    people = zip(times, _people(random, count, groups, keys), strict=True)
    while part := list(islice(people, AT_ONCE)):
        with write() as session:
            for at, values in part:
                _add(session, random, actor, values, at)
    with write():
        _segments(actor, groups[1])
    return count


def _actor(account_id: UUID) -> Actor:
    """The first of the account's people; contacts are theirs."""
    with write() as session:
        user = session.scalars(select(User).where(User.account_id == account_id).order_by(User.created_at)).first()
        return Actor(account_id, user.id, user.email) if user else audit.system_actor(account_id)


def _people(random: Random, count: int, groups: list[UUID], keys: list[str]) -> Iterator[dict[str, Any]]:
    for number in range(count):
        first, last, place = random.choice(FIRST), random.choice(LAST), random.randrange(len(CITIES))
        own = {
            keys[0]: CITIES[place],
            keys[1]: f"{random.randrange(1960, 2005)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}",
            keys[2]: random.choice(("Básico", "Profissional", "Empresa")),
            keys[3]: random.randrange(0, 30),
        }
        yield {
            "name": f"{first} {random.choice(LAST)} {last}",
            "phoneNumber": f"+55{CODES[place]}9{random.randrange(6, 10)}{number:07d}",
            "email": f"{fold(first)}.{fold(last)}{number}@example.com" if random.random() < 0.8 else "",
            "company": random.choice(COMPANIES),
            "customFields": {key: value for key, value in own.items() if random.random() < 0.8},
            "tags": random.sample(TAGS, random.randrange(0, 3)),
            "categoryIds": [groups[random.choice((0, 0, 1, 1, 1, 2))]],
        }


def _add(session: Session, random: Random, actor: Actor, values: dict[str, Any], at: datetime) -> None:
    contact = service.create(actor, values, Source.DEMO)
    for channel in Channel:
        drawn = random.random()
        if drawn < 0.6:
            state = Consent.GRANTED if drawn < 0.5 else Consent.DENIED
            basis = Basis.CONSENT if state == Consent.GRANTED else None
            proof = "Formulário do site" if state == Consent.GRANTED else "Pediu por telefone"
            given = Given(channel, state, ConsentSource.FORM, basis=basis, detail=proof, at=at)
            consents.record(session, actor, contact, given)
    session.flush()
    session.execute(update(Contact).where(Contact.id == contact.id).values(created_at=at, updated_at=at))


def _segments(actor: Actor, leads: UUID) -> None:
    segments.create(actor, {
        "name": "Leads que aceitam WhatsApp",
        "rule": {"all": [
            {"field": "category", "op": "has", "value": str(leads)},
            {"field": "whatsappConsent", "op": "is", "value": "granted"},
        ]},
    })  # fmt: skip
    segments.create(actor, {
        "name": "VIP ou plano Empresa",
        "rule": {"any": [
            {"field": "tag", "op": "has", "value": "vip"},
            {"field": "custom:plano", "op": "is", "value": "Empresa"},
        ]},
    })  # fmt: skip
