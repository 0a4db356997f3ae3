"""The settings of an account's opens: made when first needed, keys sealed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from app.core import clock, config_version
from app.core.errors import Conflict
from app.core.vault import Vault, VaultError
from app.opens.rules.models import DEFAULT_FOLD_S, Addresses, OpenSettings

PLACE = "open_settings:signing_key"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """What an account's links carry: `account_key` (&k=) names it, the live `signing` keys sign, newest first; none
    when ENCRYPTION_KEYS do not read the newest."""

    account_key: str
    signing: tuple[bytes, ...]


def keys_of(connection: Connection, vault: Vault, account_id: UUID) -> Keys | None:
    """None while the account has none: `make` them in a write transaction."""
    columns = (OpenSettings.account_key, OpenSettings.signing_key, OpenSettings.previous_key)
    row = connection.execute(select(*columns).where(OpenSettings.account_id == account_id)).one_or_none()
    return None if row is None else Keys(row.account_key, _readable(vault, account_id, row))


def _readable(vault: Vault, account_id: UUID, row: Any) -> tuple[bytes, ...]:
    try:
        newest = opened(vault, account_id, row.signing_key)
    except VaultError:
        return ()
    try:
        return newest + opened(vault, account_id, row.previous_key)
    except VaultError:
        return newest


def opened(vault: Vault, account_id: UUID, *sealed: str | None) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(vault.open(PLACE, account_id, one)) for one in sealed if one is not None)


def _is_readable(vault: Vault, account_id: UUID, sealed: str) -> bool:
    try:
        return bool(opened(vault, account_id, sealed))
    except VaultError:
        return False


def make(connection: Connection, vault: Vault, account_id: UUID) -> Keys:
    """The account's keys, made now if there are none. Inside a write transaction."""
    found = keys_of(connection, vault, account_id)
    if found is not None:
        return found
    key, account_key = secrets.token_bytes(KEY_BYTES), secrets.token_urlsafe(9)
    connection.execute(
        insert(OpenSettings).values(
            account_id=account_id,
            account_key=account_key,
            signing_key=vault.seal(PLACE, account_id, key.hex()),
            addresses=Addresses.MASKED,
            fold_s=DEFAULT_FOLD_S,
            rules_version=0,
            version=1,
        )
    )
    config_version.bump(connection)
    return Keys(account_key, (key,))


def rotate(connection: Connection, vault: Vault, account_id: UUID, version: int) -> Keys:
    """A new signing key; the one until now stays good, the one before it goes. Raises Conflict when somebody changed
    the settings meanwhile."""
    row = connection.execute(
        select(OpenSettings.signing_key, OpenSettings.version)
        .where(OpenSettings.account_id == account_id)
        .with_for_update()  # of two at once, the second is told
    ).one()
    if row.version != version:
        raise Conflict
    key = secrets.token_bytes(KEY_BYTES)
    values = {
        "signing_key": vault.seal(PLACE, account_id, key.hex()),
        "previous_key": row.signing_key if _is_readable(vault, account_id, row.signing_key) else None,
        "rotated_at": clock.now(),
        "version": version + 1,
    }
    connection.execute(update(OpenSettings).where(OpenSettings.account_id == account_id).values(**values))
    config_version.bump(connection)
    found = keys_of(connection, vault, account_id)
    assert found is not None
    return found
