"""Contacts of any number, quickly, on both databases: as the product keeps them, with tags, categories and consents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, select

from app.contacts.identity import phone_key
from app.contacts.models import Category, Contact, ContactCategory, ContactTag, Tag
from app.contacts.search import searchable_text, tend
from app.contacts.service import Source
from app.core import clock
from app.core.db import begin_write
from app.core.folding import folded_name
from app.core.ids import uuid7

SEED = 20_261_122
AT_ONCE = 5_000
MERGED = 500  # pages of the index with each
FIRST = [
    "Ana", "Maria", "João", "José", "Antônio", "Francisco", "Carlos", "Paulo", "Pedro", "Lucas", "Luiz", "Marcos",
    "Gabriel", "Rafael", "Márcia", "Fernanda", "Patrícia", "Aline", "Sandra", "Camila", "Amanda", "Bruna", "Jéssica",
]  # fmt: skip
LAST = [
    "Silva", "Santos", "Oliveira", "Souza", "Rodrigues", "Ferreira", "Alves", "Pereira", "Lima", "Gomes", "Costa",
    "Ribeiro", "Martins", "Carvalho", "Almeida", "Lopes", "Soares", "Fernandes", "Vieira", "Barbosa", "Rocha", "Dias",
]  # fmt: skip
TAGS = 10  # a contact has the tag of its number modulo this, so that each is on a tenth
RARE = "zuleica wandervaldo"  # of which there are few
RARE_EACH = 16_000


def fill_contacts(engine: Engine, account_id: UUID, count: int) -> None:
    """That many contacts, made over the last year; one in RARE_EACH is called RARE."""
    with begin_write(engine) as connection:
        tags = [_group(account_id, f"etiqueta {number}") for number in range(TAGS)]
        connection.execute(insert(Tag), tags)
        category = _group(account_id, "clientes") | {"color": "#2fb344", "updated_at": clock.now()}
        connection.execute(insert(Category), category)
    rows = _rows(account_id, count)
    while part := list(islice(rows, AT_ONCE)):
        with begin_write(engine) as connection:
            connection.execute(insert(Contact), part)
            tend(connection, MERGED)
    with begin_write(engine) as connection:
        for number, tag in enumerate(tags):
            some = select(Contact.serial).where(Contact.account_id == account_id, Contact.serial % TAGS == number)
            _link(connection, ContactTag, {"tag_id": tag["id"]}, some)
        half = select(Contact.serial).where(Contact.account_id == account_id, Contact.serial % 2 == 0)
        _link(connection, ContactCategory, {"category_id": category["id"]}, half)


def _group(account_id: UUID, name: str) -> dict[str, Any]:
    return {
        "id": uuid7(), "account_id": account_id, "name": name, "folded_name": name, "created_at": clock.now(),
        "version": 1,
    }  # fmt: skip


def _link(connection: Any, model: Any, group: dict[str, Any], serials: Any) -> None:
    found = iter(connection.scalars(serials).all())
    while part := list(islice(found, AT_ONCE)):
        connection.execute(insert(model), [{**group, "contact_serial": serial} for serial in part])


def _rows(account_id: UUID, count: int) -> Iterator[dict[str, Any]]:
    random, start = Random(SEED), clock.now() - timedelta(days=365)
    for number in range(count):
        name = f"{random.choice(FIRST)} {random.choice(LAST)} {random.choice(LAST)}"
        if number % RARE_EACH == RARE_EACH // 2:
            name = f"{RARE.title()} {number}"
        digits = f"55{(11, 21, 31, 41, 51, 61, 71, 81)[number % 8]}9{60_000_000 + number:08d}"
        email = f"{folded_name(name).replace(' ', '.')}{number}@example.com"
        at = start + timedelta(seconds=number * 31)
        yield {
            "id": uuid7(), "account_id": account_id, "name": name, "folded_name": folded_name(name),
            "phone": f"+{digits}", "phone_key": phone_key(digits), "phone_raw": digits, "email": email,
            "company": f"Loja {number % 5_000}", "custom": {},
            "whatsapp_consent": "unknown" if number % 3 else "granted",
            "email_consent": "unknown", "source": Source.IMPORT, "created_at": at, "updated_at": at, "version": 1,
            "searchable": searchable_text(account_id, name, email, f"+{digits}", f"Loja {number % 5_000}"),
        }  # fmt: skip
