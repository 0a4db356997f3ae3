"""Keys that change, and what was stored with the old one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select, update

from app import create_app
from app.accounts.second_factor.models import SECRET_PLACE, SecondFactor
from app.core import clock
from app.core.db import begin_write
from app.core.runtime import runtime
from app.core.settings import Settings
from app.core.vault import Vault
from app.opens.rules.models import OpenSettings
from app.opens.rules.settings import opened
from app.pixels.models import TOKEN_PLACE, Pixel
from app.upkeep import rotation
from app.upkeep.sealed import SEALED
from tests.opens.opens_fixtures import account_of, keys_of
from tests.people import new_user

Run = Callable[..., Result]


@pytest.fixture
def newer(app: Flask, settings: Settings) -> Any:
    """The same product with a new key before the old ones, and that key."""
    new = Fernet.generate_key().decode()
    other = create_app(settings.model_copy(update={"encryption_keys": (new, *settings.encryption_keys)}))
    yield other, new
    runtime(other).engine.dispose()


def stored(app: Flask) -> dict[str, list[str]]:
    """Every sealed value there is, by column."""
    with runtime(app).engine.connect() as connection:
        return {sealed.name: [row[1] for row in sealed.parts(connection, 1000)] for sealed in SEALED}


def test_secrets_are_written_with_the_new_key_and_the_old_one_can_go(
    app: Flask, run: Run, make_pixel: Any, newer: Any
) -> None:
    pixel, account = make_pixel("kwai"), account_of(app)
    signing, (other, new) = keys_of(app).signing, newer

    result = run("rotate-keys", of=other)

    assert (result.exit_code, "2 stored secrets were written anew" in result.output) == (0, True)
    with runtime(other).engine.connect() as connection:
        token = connection.scalar(select(Pixel.sealed_token))
        key = connection.scalar(select(OpenSettings.signing_key))
    assert token is not None
    assert Vault([new]).open(TOKEN_PLACE, pixel, token)
    assert opened(Vault([new]), account, key) == signing[:1]


def test_a_run_that_was_cut_short_goes_on_and_a_whole_one_writes_nothing_again(
    app: Flask, run: Run, make_pixel: Any, newer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        make_pixel("kwai", str(number))
    other, _new = newer
    monkeypatch.setattr(rotation, "PART", 2)
    with other.app_context():
        assert [told.done for told in islice(rotation.rotate(runtime(other)), 1)] == [2]  # and then it dies

    assert "pixel.sealed_token: 3 written anew, 2 already, 0 not readable" in run("rotate-keys", of=other).output
    before = stored(app)
    assert "0 stored secrets were written anew" in run("rotate-keys", of=other).output
    assert stored(app) == before


def test_every_sealed_column_is_known_to_rotation(app: Flask) -> None:
    from app.core.db import Base

    sealed = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if "seal" in column.name or column.name in ("signing_key", "previous_key")
    }
    assert sealed == {each.name for each in SEALED}


def test_a_secret_of_another_row_is_left_alone_and_counted(app: Flask, run: Run, newer: Any) -> None:
    vault, people = runtime(app).vault, [new_user(app, "admin"), new_user(app, "viewer")]
    with begin_write(runtime(app).engine) as connection:
        for person in people:
            connection.execute(
                SecondFactor.__table__.insert().values(  # type: ignore[attr-defined]
                    user_id=person.id,
                    sealed_secret=vault.seal(SECRET_PLACE, people[0].id, "secret"),
                    created_at=clock.now(),
                )
            )
    result = run("rotate-keys", of=newer[0])
    assert "second_factor.sealed_secret: 1 written anew, 0 already, 1 not readable" in result.output
    assert result.exit_code == 1


def test_what_no_key_reads_is_said_and_a_new_token_mends_it(
    app: Flask, run: Run, make_pixel: Any, settings: Settings
) -> None:
    pixel = make_pixel("kwai")
    key = Fernet.generate_key().decode()
    other = create_app(settings.model_copy(update={"encryption_keys": (key,)}))

    result = run("rotate-keys", of=other)
    assert (result.exit_code, "1 cannot be read" in result.output) == (1, True)

    with begin_write(runtime(other).engine) as connection:
        connection.execute(update(Pixel).values(sealed_token=Vault([key]).seal(TOKEN_PLACE, pixel, "new")))
    assert run("rotate-keys", of=other).exit_code == 0
    runtime(other).engine.dispose()
