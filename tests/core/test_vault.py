"""Secrets at rest: encrypted, bound to their row, readable through a rotation of keys."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from app.core.ids import uuid7
from app.core.vault import Vault, VaultError, last_four

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
ROW = uuid7()


def test_a_secret_comes_back_and_is_not_to_be_seen() -> None:
    sealed = Vault([OLD]).seal("pixel:token", ROW, "EAAB\nsecret")
    assert "EAAB" not in sealed
    assert Vault([OLD]).open("pixel:token", ROW, sealed) == "EAAB\nsecret"


def test_a_secret_copied_to_another_row_or_column_is_refused() -> None:
    sealed = Vault([OLD]).seal("pixel:token", ROW, "secret")
    for place, row in (("pixel:token", uuid7()), ("client:token", ROW)):
        with pytest.raises(VaultError):
            Vault([OLD]).open(place, row, sealed)


def test_old_keys_read_and_the_newest_writes() -> None:
    sealed = Vault([OLD]).seal("t", ROW, "secret")
    rotated = Vault([NEW, OLD]).rotate(sealed)
    assert Vault([NEW]).open("t", ROW, rotated) == "secret"
    with pytest.raises(VaultError):
        Vault([NEW]).open("t", ROW, sealed)


@pytest.mark.parametrize(("secret", "shown"), [("EAABsecret-9876", "9876"), ("short", ""), ("", "")])
def test_the_last_four_of_a_long_secret_only(secret: str, shown: str) -> None:
    assert last_four(secret) == shown
