"""What comes back from a provider and is not what was asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.accounts.social.pages import VISITS
from app.core.ratelimit import limiter
from app.core.redaction import scrub
from tests.accounts.social.conftest import is_signed_in, leave, link, there, told, visit
from tests.accounts.social.provider import ANA, CLIENT_ID, LocalProvider, new_key
from tests.people import Browser, new_browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Bend = Callable[[LocalProvider], None]


@pytest.fixture
def browser(app: Flask, viewer: Browser) -> Browser:
    """Of somebody new, while the account at the provider is linked with a person here."""
    link(viewer)
    found = new_browser(app)
    found.set_cookie("locale", "en")
    return found


def claims(**values: Any) -> Bend:
    return lambda provider: provider.claims.update(values)


def unsigned(provider: LocalProvider) -> None:
    now = int(time.time())
    body = {"iss": provider.url, "aud": CLIENT_ID, "iat": now, "exp": now + 60, "sub": ANA["sub"]}
    encoded = [jwt_part({"alg": "none", "typ": "JWT"}), jwt_part(body), ""]
    provider.id_token = ".".join(encoded)


def jwt_part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed_with_our_secret(provider: LocalProvider) -> None:
    """By the algorithm of shared keys, with the public key for the key."""
    now = int(time.time())
    body = {"iss": provider.url, "aud": CLIENT_ID, "iat": now, "exp": now + 60, "sub": ANA["sub"]}
    signed = f"{jwt_part({'alg': 'HS256', 'kid': provider.key.kid})}.{jwt_part(body)}"
    digest = hmac.new(provider.key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    provider.id_token = f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def signed_by_another(provider: LocalProvider) -> None:
    provider.signs_with = new_key("first")


BENT: dict[str, Bend] = {
    "nonce of another visit": claims(nonce="another"),
    "no nonce": claims(nonce=None),
    "another audience": claims(aud="another-app"),
    "two audiences, authorized for another": claims(aud=[CLIENT_ID, "another-app"], azp="another-app"),
    "another issuer": claims(iss="https://accounts.example"),
    "expired": claims(exp=int(time.time()) - 3600),
    "no expiry": claims(exp=None),
    "issued tomorrow": claims(iat=int(time.time()) + 86_400),
    "no subject": claims(sub=""),
    "subject is a number": claims(sub=1001),
    "signed by another key": signed_by_another,
    "not signed": unsigned,
    "signed with a public key as secret": signed_with_our_secret,
    "a code that is too long": lambda provider: setattr(provider, "code", "x" * 3000),
    "no token at all": lambda provider: setattr(provider, "id_token", "x"),
    "the provider fails": lambda provider: setattr(provider, "fails", 503),
    "the provider refuses": lambda provider: setattr(provider, "fails", 400),
    "they said no": lambda provider: setattr(provider, "error", "access_denied"),
}


def test_what_does_not_hold_lets_nobody_in(browser: Browser, provider: LocalProvider) -> None:
    for name, bend in BENT.items():
        provider.reset()
        bend(provider)
        answer = visit(browser)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/"), name
        assert "Google" in told(browser)[0], name
        assert not is_signed_in(browser), name
    provider.reset()
    assert visit(browser).headers["Location"] == "/"  # what was not bent does hold


def test_a_state_that_was_made_up_is_refused(browser: Browser) -> None:
    back = there(leave(browser))
    for state in ("", "x", "é", "\ud800"):
        code = back.split("code=")[1].split("&")[0]
        browser.get("/login/google/callback", query_string={"code": code, "state": state.encode("utf-8", "replace")})
        assert not is_signed_in(browser)
    browser.get(back.replace("/google/", "/facebook/"))
    assert not is_signed_in(browser)
    assert browser.get(back).headers["Location"] == "/"  # the visit itself is as good as before


def test_a_visit_begun_in_another_browser_ends_nowhere(app: Flask, browser: Browser) -> None:
    back = there(leave(new_browser(app)))
    assert browser.get(back).headers["Location"] == "/login"
    assert "another browser" in told(browser)[0]
    assert not is_signed_in(browser)


def test_a_state_is_good_once_even_in_a_copy_of_the_cookie(browser: Browser, provider: LocalProvider) -> None:
    address = leave(browser)
    before = browser.get_cookie("kalitrack_form")
    assert before is not None
    assert browser.get(there(address)).headers["Location"] == "/"
    browser.submit("/logout")
    browser.set_cookie("kalitrack_form", before.value)

    answer = browser.get(there(address))  # with a fresh code

    assert answer.headers["Location"] == "/login"
    assert not is_signed_in(browser)


def test_a_code_is_good_once_and_for_its_own_visit(browser: Browser) -> None:
    """By PKCE too: whoever slips their own code into somebody's visit cannot show its verifier."""
    first, second, third = (there(leave(browser)) for _ in range(3))
    code = first.split("code=")[1].split("&")[0]
    for other in (second, third):
        state = other.split("state=")[1].split("&")[0]
        browser.get(f"/login/google/callback?code={code}&state={state}")
        assert not is_signed_in(browser)
    browser.get(first)  # the provider took it back when it was first shown
    assert not is_signed_in(browser)


def test_a_visit_lasts_ten_minutes(browser: Browser, travel: Any) -> None:
    address = leave(browser)
    travel(timedelta(minutes=10, seconds=2))
    browser.get(there(address))
    assert not is_signed_in(browser)


def test_new_keys_of_the_provider_are_fetched(browser: Browser, provider: LocalProvider) -> None:
    visit(new_browser(browser.application))
    provider.key = new_key("second")
    assert visit(browser).headers["Location"] == "/"


def test_neither_code_nor_tokens_are_logged(
    browser: Browser, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.fails = 400
    back = there(leave(browser))
    browser.get(back)
    code = back.split("code=")[1].split("&")[0]
    assert "sign-in with google failed: refused: 400" in caplog.text
    assert code not in caplog.text
    assert "a-secret-between-us" not in caplog.text
    assert scrub(f"GET {back} HTTP/1.1 303") == "GET /login/google/callback?[redacted] HTTP/1.1 303"
    assert scrub("refreshed kt_rt_Zm9v-YmFy_1 twice") == "refreshed [redacted] twice"


def test_visits_are_counted(app: Flask, browser: Browser) -> None:
    with app.app_context():
        limiter().hit(VISITS, "127.0.0.1", cost=VISITS.amount - 2)  # one was for the link
    answers = [browser.get("/login/facebook") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
