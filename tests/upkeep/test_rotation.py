"""Keys that change, and what was stored with the old one."""

from __future__ import annotations

from cryptography.fernet import Fernet
from sqlalchemy import select

from app import create_app
from app.core.runtime import runtime
from app.core.vault import Vault
from app.opens.rules.models import OpenSettings
from app.opens.rules.settings import opened
from app.pixels.models import TOKEN_PLACE, Pixel
from tests.opens.opens_fixtures import account_of, keys_of


def test_secrets_are_written_with_the_new_key_and_the_old_one_can_go(app, run, make_pixel, settings):
    pixel, account = make_pixel("kwai"), account_of(app)
    signing = keys_of(app).signing
    new = Fernet.generate_key().decode()
    both = create_app(settings.model_copy(update={"encryption_keys": (new, *settings.encryption_keys)}))

    result = run("rotate-keys", of=both)

    assert (result.exit_code, result.output.splitlines()[0][:16]) == (0, "2 stored secrets")
    with runtime(both).engine.connect() as connection:
        token = connection.scalar(select(Pixel.sealed_token))
        key = connection.scalar(select(OpenSettings.signing_key))
    runtime(both).engine.dispose()
    assert Vault([new]).open(TOKEN_PLACE, pixel, token)
    assert opened(Vault([new]), account, key) == signing[:1]


def test_what_no_key_reads_is_said(app, run, make_pixel, settings):
    make_pixel("kwai")
    other = create_app(settings.model_copy(update={"encryption_keys": (Fernet.generate_key().decode(),)}))

    result = run("rotate-keys", of=other)

    runtime(other).engine.dispose()
    assert (result.exit_code, "1 cannot be read" in result.output) == (1, True)
