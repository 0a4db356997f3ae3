"""E-mail as features ask for it: a letter in somebody's language, and one event that has it sent, or kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import render_template
from flask_babel import force_locale
from sqlalchemy import Connection

from app.core import events
from app.core.i18n import DEFAULT_LOCALE

REQUESTED = "mail.requested"
# What mail programs make links of: a scheme, and a dot before two letters ("S.A." and "3.5" are none).
LINKED = re.compile(r"://+|(?<=\S)[.\u3002\uff0e\uff61](?=[^\W\d_]{2})|@")


@dataclass(frozen=True, slots=True)
class Action:
    """The button of a letter. `url` begins with PUBLIC_URL: never made from a request."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent. `purpose` ("reset") is kept and shown; the rest opens doors and is sealed wherever it is kept."""

    purpose: str
    subject: str
    text: str
    html: str


@contextmanager
def in_language_of(locale: str | None) -> Iterator[None]:
    """Inside, `gettext` speaks the language of whoever gets the letter; None: the product's own."""
    with force_locale(locale or DEFAULT_LOCALE):
        yield


def letter(
    purpose: str, *, subject: str, paragraphs: Sequence[str], action: Action | None = None, note: str | None = None
) -> Letter:
    """Plain sentences as text and as HTML, both by the one layout. Call it inside `in_language_of` and outside of
    `write()`: rendering takes a while. `note` is the small print ("If you did not ask for this …")."""
    words = {"subject": subject, "paragraphs": paragraphs, "action": action, "note": note}
    return Letter(
        purpose,
        " ".join(subject.split()),  # a header has no line breaks, whatever a name in it holds
        render_template("mail/letter.txt", **words),
        render_template("mail/letter.html", **words),
    )


def unlinked(name: str) -> str:
    """A name that somebody chose, for a letter to somebody else: no mail program makes a link of it, so that ours does
    not carry theirs."""
    return LINKED.sub(lambda found: " " if "/" in found[0] else f"{found[0]} ", name)


def post(connection: Connection, account_id: UUID, to: str, wanted: Letter, expires_at: datetime) -> None:
    """Has a letter sent when the caller's transaction commits; after `expires_at` it is worth nothing any more."""
    payload = {
        "to": to,
        "purpose": wanted.purpose,
        "subject": wanted.subject,
        "text": wanted.text,
        "html": wanted.html,
        "expires_at": expires_at,
    }
    events.emit(connection, REQUESTED, account_id, payload)
