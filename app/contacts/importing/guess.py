"""What the columns of a file mean, by their names in Portuguese and English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from app.contacts.fields.models import CustomField
from app.contacts.importing.plan import CUSTOM, Target
from app.core.folding import folded_name

MAX_NAME = 120
NAMES: dict[Target, frozenset[str]] = {
    Target.NAME: frozenset({
        "nome", "nome completo", "name", "full name", "fullname", "contato", "cliente", "contact", "contact name",
        "customer", "razao social", "nome do cliente", "nome do contato", "lead", "pessoa",
    }),
    Target.FIRST_NAME: frozenset({"primeiro nome", "first name", "firstname", "given name", "prenome"}),
    Target.LAST_NAME: frozenset({"sobrenome", "ultimo nome", "last name", "lastname", "surname", "family name"}),
    Target.PHONE: frozenset({
        "telefone", "celular", "fone", "tel", "whatsapp", "whats", "zap", "phone", "phone number", "phonenumber",
        "mobile", "mobile phone", "cell", "cellphone", "numero", "numero de telefone", "telefone celular",
        "telefone 1", "phone 1", "numero do whatsapp", "whatsapp number", "tel celular", "celular whatsapp",
        "phone 1 value",
    }),
    Target.EMAIL: frozenset({
        "email", "e mail", "mail", "endereco de email", "endereco de e mail", "email address", "e mail address",
        "correio eletronico", "e mail 1 value", "email 1",
    }),
    Target.COMPANY: frozenset({
        "empresa", "company", "organizacao", "organization", "organisation", "company name", "nome da empresa",
        "nome fantasia", "organization 1 name",
    }),
    Target.LOCALE: frozenset({"idioma", "lingua", "language", "locale"}),
    Target.TAGS: frozenset({"tags", "tag", "etiquetas", "etiqueta", "marcadores", "labels", "label"}),
    Target.CATEGORY: frozenset({"categoria", "categorias", "category", "categories", "grupo", "group", "lista"}),
    Target.DO_NOT_CONTACT: frozenset({
        "nao contatar", "do not contact", "donotcontact", "descadastrado", "unsubscribed", "opt out", "optout", "dnc",
        "nao perturbe", "bloqueado",
    }),
}  # fmt: skip
_BY_NAME = {name: target for target, names in NAMES.items() for name in names}


def known_header(name: str) -> Target | None:
    """What a column of this name means, or None where only people can tell."""
    return _BY_NAME.get(_plain(name)) if len(name) <= MAX_NAME else None


def guess(columns: Sequence[str], fields: Iterable[CustomField]) -> dict[int, str]:
    """place → Target or `custom:<key>`; each meaning once, for the first column that has it."""
    own = {_plain(text): f"{CUSTOM}{field.key}" for field in fields for text in (field.key, field.label)}
    found: dict[int, str] = {}
    for place, name in enumerate(columns):
        meaning = own.get(_plain(name)) or known_header(name)
        if meaning is not None and str(meaning) not in found.values():
            found[place] = str(meaning)
    return found


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", folded_name(name)).split())
