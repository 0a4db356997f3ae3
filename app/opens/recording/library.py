"""What a process remembers for the route: accounts' settings and images, cleared when the configuration moves."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from ipaddress import ip_network
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from app.accounts.models import Account
from app.core.lookups import Table
from app.core.models import ConfigVersion
from app.core.vault import Vault, VaultError
from app.opens.images.models import Image, ImageContent
from app.opens.mailings.opened import has_lists
from app.opens.models import OpenClass
from app.opens.rules.classify import OwnRules
from app.opens.rules.models import DEFAULT_FOLD_S, Addresses, OpenRule, OpenSettings, RuleKind
from app.opens.rules.settings import opened

log = logging.getLogger(__name__)
MAX_BYTES = 64 * 1024 * 1024  # of images, in each process
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what `settings.make` makes: an account's key


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """How an account counts. `version` is the configuration version it was read at."""

    id: UUID
    hex: str  # the id
    key: str  # as asked for; empty: the first account
    signing: tuple[bytes, ...]
    addresses: Addresses
    fold_s: int
    rules: OwnRules
    has_lists: bool  # some mailing waits for ids
    version: int


@dataclass(frozen=True, slots=True)
class KnownImage:
    id: UUID
    content_type: str
    content: bytes
    signed_only: bool


class Library:
    """Its readers may run in any thread."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault
        self._accounts: Table[KnownAccount] = Table()
        self._images: Table[KnownImage] = Table()
        self._bytes = 0
        self.epoch = 0  # moves with every `clear`

    def clear(self) -> None:
        self.epoch += 1
        self._accounts.clear()
        self._images.clear()
        self._bytes = 0

    def account(self, key: str, *, fresh: bool = False) -> KnownAccount | None:
        """The account of this key; the first account for an empty one. `fresh`: read again what is over a second old.
        Raises SQLAlchemy's errors when the database is away."""
        if key and KEY.fullmatch(key) is None:
            return None  # nobody has it, and PostgreSQL fails at a NUL: that is not the database being away
        return self._accounts.get(key, fresh, lambda: self._read_account(key))

    def image(self, account_id: UUID, file: str, *, fresh: bool = False) -> KnownImage | None:
        return self._images.get((account_id, file), fresh, lambda: self._read_image(account_id, file))

    def remembered(self, key: str, file: str) -> tuple[KnownAccount | None, KnownImage | None]:
        """Without the database."""
        account = self._accounts.recall(key)
        return account, None if account is None else self._images.recall((account.id, file))

    def load_account(self, connection: Connection, key: str) -> KnownAccount | None:
        """As it is on this connection."""
        found = (
            select(Account.id, OpenSettings.__table__, ConfigVersion.version.label("config_version"))
            .outerjoin(OpenSettings, OpenSettings.account_id == Account.id)
            .join(ConfigVersion, ConfigVersion.id == 1)
        )
        found = found.where(OpenSettings.account_key == key) if key else found.order_by(Account.created_at, Account.id)
        row = connection.execute(found.limit(1)).one_or_none()
        if row is None:
            return None
        has_settings = row.account_key is not None
        return KnownAccount(
            row.id,
            row.id.hex,
            key,
            self._signing(row.id, row.signing_key, row.previous_key) if has_settings else (),
            Addresses(row.addresses) if has_settings else Addresses.MASKED,
            row.fold_s if has_settings else DEFAULT_FOLD_S,
            own_rules(connection, row.id, row.rules_version or 0),
            has_lists(connection, row.id),
            row.config_version,
        )

    def _signing(self, account_id: UUID, *sealed: str | None) -> tuple[bytes, ...]:
        try:
            return opened(self._vault, account_id, *sealed)
        except VaultError:  # of other ENCRYPTION_KEYS: no link is signed, but every image is served
            log.error("the signing keys of account %s cannot be read", account_id)
            return ()

    def _read_account(self, key: str) -> KnownAccount | None:
        with self._engine.connect() as connection:
            return self.load_account(connection, key)

    def _read_image(self, account_id: UUID, file: str) -> KnownImage | None:
        with self._engine.connect() as connection:
            found = load_image(connection, account_id, file)
        if found is not None and self._images.peek((account_id, file)) is None:
            self._bytes += len(found.content)
            if self._bytes > MAX_BYTES:
                self._images.clear()  # this one, which is on its way, is not kept either
                self._bytes = 0
        return found


def load_image(connection: Connection, account_id: UUID, file: str) -> KnownImage | None:
    """As it is on this connection."""
    row = connection.execute(
        select(Image.id, Image.content_type, Image.signed_only, ImageContent.content)
        .join(ImageContent, ImageContent.image_id == Image.id)
        .where(Image.account_id == account_id, Image.file == file)
    ).one_or_none()
    return None if row is None else KnownImage(row.id, row.content_type, row.content, row.signed_only)


def own_rules(connection: Connection, account_id: UUID, version: int) -> OwnRules:
    """The account's own rules, in their order."""
    rows = connection.execute(
        select(OpenRule.id, OpenRule.kind, OpenRule.pattern, OpenRule.open_class)
        .where(OpenRule.account_id == account_id)
        .order_by(OpenRule.id)
    ).all()
    agents = [(row.pattern.casefold(), OpenClass(row[3]), row.id.hex) for row in rows if row.kind == RuleKind.AGENT]
    networks = [
        (ip_network(row.pattern, strict=False), OpenClass(row[3]), row.id.hex)
        for row in rows
        if row.kind == RuleKind.NETWORK
    ]
    return OwnRules(version, tuple(agents), tuple(networks))
