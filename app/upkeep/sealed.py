"""Where secrets are stored: every column whose values are sealed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias, cast
from uuid import UUID

from sqlalchemy import Column, Connection, Table, select

from app.accounts.second_factor.models import SECRET_PLACE, SecondFactor
from app.contacts.privacy.models import SUBJECT_PLACE, PrivacyRequest
from app.core.db import Base
from app.core.vault import Vault, VaultError
from app.opens.rules.models import OpenSettings
from app.opens.rules.settings import PLACE as SIGNING_PLACE
from app.outbound.mail.models import LETTER_PLACE, MailMessage
from app.pixels.models import TOKEN_PLACE, Pixel
from app.webhooks.models import HEADERS_PLACE, Webhook, WebhookSecret
from app.webhooks.models import SECRET_PLACE as WEBHOOK_SECRET_PLACE

Kept: TypeAlias = tuple[UUID, str]  # the key of a row, and its sealed value


class Sealed(NamedTuple):
    """A column, the key of its table (to which each value is bound), and the place that is bound too."""

    model: type[Base]
    key_name: str
    column_name: str
    place: str

    @property
    def table(self) -> Table:
        return cast(Table, self.model.__table__)

    @property
    def key(self) -> Column[Any]:
        return self.table.c[self.key_name]

    @property
    def column(self) -> Column[Any]:
        return self.table.c[self.column_name]

    @property
    def name(self) -> str:
        return f"{self.model.__tablename__}.{self.column_name}"

    def parts(self, connection: Connection, size: int, after: UUID | None = None) -> list[Kept]:
        """Up to `size` rows, in the order of the key."""
        wanted = select(self.key, self.column).where(self.column.is_not(None)).order_by(self.key).limit(size)
        rows = connection.execute(wanted if after is None else wanted.where(self.key > after))
        return [(id_, text) for id_, text in rows]


SEALED = (
    Sealed(Pixel, "id", "sealed_token", TOKEN_PLACE),
    Sealed(OpenSettings, "account_id", "signing_key", SIGNING_PLACE),
    Sealed(OpenSettings, "account_id", "previous_key", SIGNING_PLACE),
    Sealed(SecondFactor, "user_id", "sealed_secret", SECRET_PLACE),
    Sealed(SecondFactor, "user_id", "next_sealed_secret", SECRET_PLACE),
    Sealed(MailMessage, "id", "sealed", LETTER_PLACE),
    Sealed(Webhook, "id", "sealed_headers", HEADERS_PLACE),
    Sealed(WebhookSecret, "id", "sealed", WEBHOOK_SECRET_PLACE),
    Sealed(PrivacyRequest, "id", "sealed_subject", SUBJECT_PLACE),
)


def opens(vault: Vault, place: str, row: Kept) -> bool:
    """Whether it can be read, and is this row's own."""
    try:
        vault.open(place, row[0], row[1])
    except VaultError:
        return False
    return True


def sample(connection: Connection, size: int) -> Iterator[tuple[Sealed, list[Kept]]]:
    """Some of each column."""
    for sealed in SEALED:
        if found := sealed.parts(connection, size):
            yield sealed, found
