"""Imports in words: their states, what a column may mean, and the answers to what goes for all rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

from app.contacts.consent.states import Channel
from app.contacts.fields.models import CustomField
from app.contacts.importing.models import ImportState
from app.contacts.importing.plan import CUSTOM, Answer, Mode, Target

STATES: dict[str, tuple[Any, str, str]] = {  # word, tone, icon
    ImportState.UPLOADED: (_l("Waits for its columns"), "warning", "columns-3"),
    ImportState.CHECKING: (_l("Being checked"), "info", "refresh"),
    ImportState.CHECKED: (_l("Waits for the go"), "warning", "player-play"),
    ImportState.RUNNING: (_l("Running"), "info", "refresh"),
    ImportState.DONE: (_l("Finished"), "success", "check"),
    ImportState.STOPPED: (_l("Stopped"), "secondary", "circle-x"),
    ImportState.FAILED: (_l("Failed"), "danger", "x"),
    ImportState.UNDOING: (_l("Being undone"), "info", "rotate-clockwise"),
    ImportState.UNDONE: (_l("Undone"), "secondary", "rotate-clockwise"),
}

TARGETS: dict[str, Any] = {
    Target.NAME: _l("Name"),
    Target.FIRST_NAME: _l("First name"),
    Target.LAST_NAME: _l("Last name"),
    Target.PHONE: _l("Phone number"),
    Target.EMAIL: _l("E-mail"),
    Target.COMPANY: _l("Company"),
    Target.LOCALE: _l("Language"),
    Target.TAGS: _l("Tags"),
    Target.CATEGORY: _l("Category"),
    Target.DO_NOT_CONTACT: _l("Do not contact"),
}

MODES: dict[str, Any] = {
    Mode.UPDATE: _l("Update the contact that is there"),
    Mode.SKIP: _l("Leave the row out"),
}

ANSWERS: dict[str, Any] = {
    Answer.GRANTED: _l("They agreed to marketing, and I can tell where and when"),
    Answer.NONE: _l("Nobody knows: they are in no marketing audience until they agree"),
}

CHANNELS: dict[str, Any] = {Channel.WHATSAPP: _l("WhatsApp"), Channel.EMAIL: _l("E-mail")}


def target_words(fields: Iterable[CustomField]) -> dict[str, Any]:
    """Every meaning that a column may have, those of the account's own fields last."""
    return {**{str(target): word for target, word in TARGETS.items()}, **{f"{CUSTOM}{f.key}": f.label for f in fields}}


MODEL = (
    "Nome;Celular;E-mail;Empresa;Tags;Categoria;Não contatar\r\n"
    "Ana Souza;(11) 98765-4321;ana@example.com;Loja Exemplo;vip, varejo;Clientes;não\r\n"
    "Bruno Lima;+55 21 99876-5432;;;;Clientes;sim\r\n"
)
