"""Letters with a mail server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.sign_in import first_account
from app.core import clock, mail
from app.core.db import db, write
from app.core.mail import Action, Letter
from app.core.runtime import runtime
from app.core.settings import Settings
from app.outbound.mail.models import MailMessage
from tests.postbox import Postbox
from tests.tracking_fixtures import drain

__all__ = ["drain"]
TOKEN = "pL4nted-0123456789_abcdefghijklmnopqrstuvwx"
LINK = f"https://kalitrack.example/reset/{TOKEN}"
TO = "maria.silva@example.com"
Post = Callable[..., UUID]


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox() as postbox:
        yield postbox


@pytest.fixture
def outbound_timeout() -> float:
    return 1


@pytest.fixture
def settings(
    make_settings: Callable[..., Settings], database_url: str, postbox: Postbox, outbound_timeout: float
) -> Settings:
    return make_settings(
        database_url=database_url,
        smtp_url=postbox.url,
        outbound_timeout=outbound_timeout,
        public_url="https://kalitrack.example",
    )


def a_letter(locale: str | None = "en", **words: Any) -> Letter:
    """With a link that opens a door."""
    given = {
        "subject": "Choose a new password",
        "paragraphs": ["Somebody, hopefully you, asked for it: ação & <b>."],
        "action": Action("Choose a new password", LINK),
        "note": "If it was not you, leave it alone.",
    }
    with mail.in_language_of(locale):
        return mail.letter("reset", **{**given, **words})


@pytest.fixture
def post(app: Flask) -> Post:
    """`post(to="…", expires_in=…)`: a letter of the first account, as a feature asks for it; its id."""

    def ask(
        wanted: Letter | None = None,
        *,
        to: str = TO,
        expires_in: timedelta = timedelta(hours=1),
        account_id: UUID | None = None,
        of: Flask = app,
    ) -> UUID:
        with of.app_context():
            wanted = wanted or a_letter()
            with write() as store:
                account = account_id or first_account(store).id
                mail.post(store.connection(), account, to, wanted, clock.now() + expires_in)
            newest = select(MailMessage.id).order_by(MailMessage.id.desc()).limit(1)
            id_ = db.session.scalars(newest).one()
            db.session.remove()
            return id_

    return ask


@pytest.fixture
def message(app: Flask) -> Callable[[UUID], Any]:
    """`message(id)`: its row as it is now."""

    def read(id_: UUID) -> Any:
        with runtime(app).engine.connect() as connection:
            return connection.execute(select(MailMessage.__table__).where(MailMessage.id == id_)).one()

    return read
