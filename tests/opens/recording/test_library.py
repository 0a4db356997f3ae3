"""What a process remembers of accounts and images, and when it looks again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import text

from app.core.db import begin_write
from app.core.runtime import runtime
from app.core.settings import Settings
from app.core.vault import Vault
from app.opens.recording.library import KnownImage, Library
from app.opens.rules.models import DEFAULT_FOLD_S, Addresses
from tests.opens.opens_fixtures import account_of, content_of, keys_of, upload
from tests.people import new_account

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def library(app: Flask) -> Library:
    return Library(runtime(app).engine, runtime(app).vault)


def image(library: Library, app: Flask, file: str = "logo.png") -> KnownImage | None:
    return library.image(account_of(app), file)


def test_an_account_without_settings_has_the_defaults_and_no_key(app: Flask, library: Library) -> None:
    account = library.account("")

    assert account is not None
    assert (account.id, account.signing, account.addresses, account.fold_s) == (
        account_of(app), (), Addresses.MASKED, DEFAULT_FOLD_S,
    )  # fmt: skip
    assert library.account("nobody") is None


def test_an_account_is_found_by_its_key_and_the_first_one_without(app: Flask, library: Library) -> None:
    other = new_account(app)
    key = keys_of(app, other).account_key

    theirs, ours = library.account(key), library.account("")
    assert theirs is not None
    assert ours is not None
    assert (theirs.id, ours.id) == (other, account_of(app))
    assert len(theirs.signing) == 1


def test_what_is_known_stays_until_the_configuration_moves(app: Flask, library: Library) -> None:
    upload(app, content=content_of("image/png", "one"))
    first = image(library, app)
    with begin_write(runtime(app).engine) as connection:
        connection.execute(text("UPDATE image_content SET content = X'00'"))
    assert image(library, app) is first

    library.clear()
    again = image(library, app)
    assert again is not None
    assert again.content == b"\0"
    assert library.remembered("", "logo.png") == (None, None)  # the account has not been asked for again
    library.account("")
    assert library.remembered("", "logo.png")[1] is again


def test_signing_keys_that_cannot_be_read_cost_signatures_and_no_image(
    app: Flask, make_settings: Callable[..., Settings]
) -> None:
    keys_of(app)
    upload(app)
    library = Library(
        runtime(app).engine, Vault(make_settings(encryption_keys=Fernet.generate_key().decode()).encryption_keys)
    )

    account = library.account("")
    assert account is not None
    assert account.signing == ()
    assert image(library, app) is not None
