"""The letters that were written, read as their receivers would."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.core.runtime import runtime
from app.outbound.mail.models import LETTER_PLACE, MailMessage

URL = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Read:
    account_id: UUID
    purpose: str
    to: str
    subject: str
    text: str

    @property
    def link(self) -> str:
        """The one address in it."""
        (found,) = URL.findall(self.text)
        return str(found)

    @property
    def path(self) -> str:
        return "/" + self.link.split("/", 3)[3]

    @property
    def token(self) -> str:
        return self.link.rsplit("/", 1)[1]


def letters(app: Flask, to: str | None = None) -> list[Read]:
    """In the order in which they were written; those of one receiver, or all."""
    state = runtime(app)
    with state.engine.connect() as connection:
        rows = connection.execute(select(*MailMessage.__table__.columns).order_by(MailMessage.id)).all()
    read = []
    for row in rows:
        words = json.loads(state.vault.open(LETTER_PLACE, row.id, row.sealed))
        read.append(Read(row.account_id, row.purpose, words["to"], words["subject"], words["text"]))
    return [one for one in read if to in (None, one.to)]


def last_letter(app: Flask, to: str) -> Read:
    return letters(app, to)[-1]
