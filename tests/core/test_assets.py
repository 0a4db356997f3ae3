"""Static files: compressed, versioned, exactly the vendored ones, and nothing beside them."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.core.assets import FOREVER, asset_url
from tests.page_app import ROOT, gallery_app

README = ROOT / "static/vendor/README.md"
PINNED = re.findall(r"^\| `([^`]+)` .*\| `([0-9a-f]{64})` \|$", README.read_text("utf-8"), re.M)


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return gallery_app(tmp_path).test_client()


@pytest.mark.parametrize(("file", "digest"), PINNED)
def test_vendored_file_is_the_one_that_was_pinned(file: str, digest: str) -> None:
    assert hashlib.sha256((ROOT / file).read_bytes()).hexdigest() == digest


def test_every_vendored_file_is_pinned_and_its_licence_kept() -> None:
    vendored = {*(ROOT / "static/vendor").glob("*.min.*"), *(ROOT / "tests/browser/vendor").glob("*.js")}
    assert {str(file.relative_to(ROOT)) for file in vendored} | {"static/icons.svg"} == {
        file for file, _digest in PINNED
    }
    licences = re.findall(r"\]\(([^)]+\.txt)\)", README.read_text("utf-8"))
    assert len(licences) >= 4
    assert all((README.parent / licence).stat().st_size > 500 for licence in licences)


def test_versioned_url_is_compressed_and_cached_for_ever(client: FlaskClient) -> None:
    with client.application.test_request_context():
        url = asset_url("vendor/tabler.min.css")
    answer = client.get(url, headers={"Accept-Encoding": "br, gzip"})

    assert answer.headers["Cache-Control"] == FOREVER
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert gzip.decompress(answer.data) == (ROOT / "static/vendor/tabler.min.css").read_bytes()
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
def test_url_without_the_present_version_is_checked_each_time(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/static/css/app.css{query}")
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert "Content-Encoding" not in answer.headers
    assert client.get("/static/css/app.css", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


OUTSIDE = ["../pyproject.toml", "..%2fpyproject.toml", "/etc/passwd.css", "vendor/../../static/css/app.css"]
NO_ASSETS = ["vendor/fetch.py", "vendor/README.md", "css", "none.css", "a%00.css", "css/app.css/x.css", "css//app.css"]


@pytest.mark.parametrize("path", ["", "css/" + "x" * 5000 + ".css", *NO_ASSETS, *OUTSIDE])
def test_nothing_but_assets_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code in (404, 308)


def test_name_that_does_not_exist_is_a_mistake_of_the_template(client: FlaskClient) -> None:
    with client.application.test_request_context(), pytest.raises(LookupError, match=r"nope\.css"):
        asset_url("nope.css")


def test_own_css_and_script_stay_small() -> None:
    assert len((ROOT / "static/css/app.css").read_text().splitlines()) < 200
    assert len((ROOT / "static/js/app.js").read_text().splitlines()) < 200
