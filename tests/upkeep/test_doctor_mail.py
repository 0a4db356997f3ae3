"""What the doctor says of e-mail: it greets and signs in, and sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine

from app.core.runtime import Runtime
from app.core.settings import Settings
from app.core.vault import Vault
from app.core.writer import Writer
from app.upkeep.doctor.findings import Finding, Level
from app.upkeep.doctor.of_mail import check
from tests.page_app import gallery_app
from tests.postbox import Postbox

Found = Callable[[str | None], Finding]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return gallery_app(tmp_path_factory.mktemp("doctor"))


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox(password="right-password") as postbox:
        yield postbox


@pytest.fixture
def found(app: Flask, tmp_path: Path) -> Callable[[str | None], Finding]:
    """`found(smtp_url)`: what the check has to say."""

    def ask(smtp_url: str | None) -> Finding:
        settings = Settings.load({}, data_dir=tmp_path, smtp_url=smtp_url, outbound_timeout=1)
        engine = create_engine("sqlite://")
        with app.test_request_context():
            (finding,) = check(Runtime(settings, engine, Vault(settings.encryption_keys), Writer(engine)))
        return finding

    return ask


def test_a_mail_server_that_answers_is_fine_and_gets_no_letter(found: Found, postbox: Postbox) -> None:
    assert found(postbox.url.replace("//", "//me:right-password@")).level is Level.OK
    assert postbox.taken == []


def test_one_that_refuses_or_is_away_is_a_problem_in_words(found: Found, postbox: Postbox) -> None:
    refused = found(postbox.url.replace("//", "//me:wrong-password@"))
    away = found("smtp://127.0.0.1:1")
    assert [one.level for one in (refused, away)] == [Level.PROBLEM] * 2
    assert ("535" in refused.text, "password" in refused.text, "Connection failed" in away.text) == (True, False, True)


def test_none_is_a_warning_that_says_where_letters_wait(found: Found) -> None:
    assert (found(None).level, "flask outbox" in found(None).advice) == (Level.WARNING, True)
