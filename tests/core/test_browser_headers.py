"""The security headers of pages, files and the front door."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.browser_headers import security_headers
from tests.page_app import gallery_app


@pytest.mark.parametrize("path", ["/ui/", "/ui/error/404", "/nowhere"])
def test_page_has_the_strict_policy_and_is_not_stored(tmp_path: Path, path: str) -> None:
    headers = gallery_app(tmp_path).test_client().get(path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_strict_transport_is_asked_for_a_year_and_only_over_tls(tmp_path: Path) -> None:
    answer = gallery_app(tmp_path).test_client().get("/ui/plain", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_header_of_the_view_itself_stays(tmp_path: Path) -> None:
    app = gallery_app(tmp_path)
    app.add_url_rule("/token", view_func=lambda: ("x", {"Referrer-Policy": "no-referrer"}))
    assert app.test_client().get("/token").headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("is_html", "private", "tls", "count"), [(False, False, False, 2), (False, True, False, 3), (True, True, True, 7)]
)
def test_front_door_gets_what_fits_its_answer(is_html: bool, private: bool, tls: bool, count: int) -> None:
    headers = security_headers(is_html, private, tls)
    assert len(headers) == len(dict(headers)) == count
