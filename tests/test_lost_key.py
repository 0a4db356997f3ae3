"""ENCRYPTION_KEYS changed and the old key is gone: every page says so in words, or works without the secret."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from app import create_app
from app.accounts.models import Account
from app.core.db import db
from app.core.errors import LOST_KEY, LOST_KEY_ADVICE, as_app_error, json_answer
from app.core.runtime import runtime
from app.core.settings import Settings
from app.core.vault import VaultError
from app.tracking import ROOM
from tests import matrix
from tests.everything import VARIABLE, filled, make_everything
from tests.people import HTMX, Browser, Person, bearer, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
UNANSWERED = 503
NO_SECRET = ("image", "setup", "reset", "verify", "email")  # public addresses with a name or a token in them


@pytest.fixture
def objects(app: Flask) -> dict[str, str]:
    """Made while the key was there."""
    return make_everything(app, new_user(app, "admin", email="owner@example.com"))


@pytest.fixture
def bereft(app: Flask, objects: dict[str, str], settings: Settings) -> Iterator[Flask]:
    """The same data under another key."""
    other = create_app(settings.model_copy(update={"encryption_keys": (Fernet.generate_key().decode(),)}))
    other.jinja_env.bytecode_cache = app.jinja_env.bytecode_cache
    other.config["PASSWORD_COST"] = app.config["PASSWORD_COST"]
    yield other
    other.extensions[ROOM].stop()
    runtime(other).engine.dispose()


def test_every_page_and_list_still_opens(bereft: Flask, objects: dict[str, str]) -> None:
    person = new_user(bereft, "admin")
    browser, token = sign_in(bereft, person), bearer(bereft, person)
    answers = {}
    for line in matrix.lines(bereft):
        if line.method == "GET" and not line.path.startswith(("/login/", "/ui", "/health")):
            path = (
                filled(line.path, objects | dict.fromkeys(NO_SECRET, "x")) if VARIABLE.search(line.path) else line.path
            )
            answers[line.path] = browser.get(path, headers=token if line.is_api else {}).status_code
    assert len(answers) > 60
    assert {path: status for path, status in answers.items() if status >= 500} == {}


def test_what_cannot_do_without_the_secret_says_so(bereft: Flask, objects: dict[str, str]) -> None:
    browser = in_english(bereft, new_user(bereft, "admin"))
    assert "cannot be read" in browser.get(f"/pixels/{objects['pixel']}").text
    assert "cannot be read" in browser.get("/opens/settings").text

    shown = browser.submit(f"/images/{objects['image']}/key")
    assert (shown.status_code, str(LOST_KEY) in shown.text) == (UNANSWERED, True)
    assert "Try again in a moment" not in shown.text
    toast = browser.submit(f"/images/{objects['image']}/key", headers=HTMX)
    assert (toast.status_code, "ENCRYPTION_KEYS" in toast.text) == (UNANSWERED, True)


def in_english(app: Flask, person: Person) -> Browser:
    browser = sign_in(app, person)
    browser.set_cookie("locale", "en")
    return browser


def test_a_lost_signing_key_can_be_replaced(bereft: Flask, objects: dict[str, str]) -> None:
    person = new_user(bereft, "admin")
    browser = in_english(bereft, person)
    answer = browser.submit("/opens/settings/rotate", {"confirm_name": account_name(bereft, person.account_id)})
    assert answer.status_code == 303
    assert "cannot be read" not in browser.get("/opens/settings").text
    assert browser.submit(f"/images/{objects['image']}/key").status_code == 200


def account_name(app: Flask, account_id: UUID) -> str:
    with app.app_context():
        return str(db.session.get_one(Account, account_id).name)


def test_programs_are_told_in_json(bereft: Flask) -> None:
    with bereft.app_context():
        status, headers, body = json_answer(as_app_error(VaultError("x")))
    assert (status, "Retry-After" in headers) == (UNANSWERED, False)
    assert str(LOST_KEY).encode() in body
    assert str(LOST_KEY_ADVICE)[:40].encode() in body


def test_flask_doctor_says_which(bereft: Flask) -> None:
    told = bereft.test_cli_runner().invoke(args=["doctor", "--language", "en"]).output
    before = "pixel.sealed_token, open_settings.signing_key, mail_message.sealed"
    columns = f"{before}, webhook_secret.sealed, privacy_request.sealed_subject"
    assert f"cannot be read with ENCRYPTION_KEYS ({columns})" in told
