"""Secrets at rest: Fernet with a key ring, each bound to the table, column and row it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """The stored secret cannot be read: its key is gone, or it was copied from another row."""


class Vault:
    """Encrypts with the newest key and decrypts with any. Fernet itself binds nothing, so the plaintext carries its
    place (`table:column:row id`), which is checked on the way out."""

    def __init__(self, keys: Iterable[str]) -> None:
        each = [Fernet(key) for key in keys]
        self._newest, self._ring = each[0], MultiFernet(each)

    def seal(self, place: str, row_id: UUID, secret: str) -> str:
        return self._ring.encrypt(f"{place}:{row_id}\n{secret}".encode()).decode()

    def open(self, place: str, row_id: UUID, sealed: str) -> str:
        try:
            bound, _, secret = self._ring.decrypt(sealed.encode()).decode().partition("\n")
        except InvalidToken as error:
            raise VaultError("a stored secret cannot be decrypted with ENCRYPTION_KEYS") from error
        if bound != f"{place}:{row_id}":
            raise VaultError("a stored secret belongs to another row")
        return secret

    def is_newest(self, sealed: str) -> bool:
        """Whether it was written with the newest key."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True

    def rotate(self, sealed: str) -> str:
        """The same secret under the newest key."""
        return self._ring.rotate(sealed.encode()).decode()


def last_four(secret: str) -> str:
    """What pages may show of a secret; nothing of one so short that four characters would give it away."""
    return secret[-4:] if len(secret) >= 12 else ""
