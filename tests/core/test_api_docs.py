"""The API's own pages: light, searchable, readable without a script, and samples that run as they stand."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.core import openapi
from app.core.openapi import page
from app.core.openapi.samples import Call, curl, javascript, laravel, php, python, samples
from app.core.settings import Settings

PUBLIC_URL = "https://track.example.com"
HOSTILE = {"name": 'D\'Ávila "x" \\ $HOME `id`', "on": True, "off": None, "ids": [1, "2"], "deep": {"a": {"b": 1.5}}}
CALLS = [
    Call("GET", f"{PUBLIC_URL}/api/pixels?page=2&limit=1", "TOKEN"),
    Call("POST", f"{PUBLIC_URL}/api/pixels", "TOKEN", HOSTILE),
    Call("PUT", f"{PUBLIC_URL}/api/pixels/1", "TOKEN", {}),
    Call("DELETE", f"{PUBLIC_URL}/api/pixels/1", "TOKEN"),
    Call("POST", f"{PUBLIC_URL}/api/pixels/1/test", None),
    Call("POST", f"{PUBLIC_URL}/api/images", "TOKEN", {"name": "Lo'go"}, file="file"),
    Call("POST", f"{PUBLIC_URL}/api/oauth/token", None, {"grant_type": "client_credentials"}, is_form=True),
    Call("GET", f"{PUBLIC_URL}/api/jobs/1/file", "TOKEN", saves=True),
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(Settings.load({}, data_dir=tmp_path_factory.mktemp("docs"), public_url=PUBLIC_URL))


@pytest.fixture
def client(product: Flask) -> FlaskClient:
    return product.test_client()


@pytest.fixture(scope="module")
def api(product: Flask) -> dict[str, Any]:
    return openapi.build(product, PUBLIC_URL)


def test_the_first_page_names_every_call(client: FlaskClient, api: dict[str, Any]) -> None:
    shown = client.get("/api/docs", headers={"Accept-Language": "en"})
    assert (shown.status_code, shown.mimetype) == (200, "text/html")
    ids = [operation["operationId"] for methods in api["paths"].values() for operation in methods.values()]
    assert [id_ for id_ in ids if f'#{id_}"' not in shown.text] == []
    assert "Who calls" in shown.text
    assert "Quem chama" in client.get("/api/docs", headers={"Accept-Language": "pt-BR"}).text
    kept = client.get("/api/docs?lang=en", headers={"Accept-Language": "pt-BR"})
    assert ("Who calls" in kept.text, "locale=en" in kept.headers["Set-Cookie"]) == (True, True)


def test_each_group_has_a_light_page_with_all_there_is_to_know(client: FlaskClient, api: dict[str, Any]) -> None:
    for tag in api["tags"]:
        shown = client.get(f"/api/docs/{tag['name']}")
        assert shown.status_code == 200
        assert len(shown.data) < 400_000, tag
        for forbidden in ("<style", "style=", "onclick", "Set-Cookie"):
            assert forbidden not in shown.text
    shown = client.get("/api/docs/pixels", headers={"Accept-Language": "en"}).text
    for word in ("curl -X PUT", "requests.post(", "curl_init", "await fetch(", "YOUR_ACCESS_TOKEN", "pixels.edit"):
        assert word in unescape(shown)
    assert "YOUR_CLIENT_TOKEN" in client.get("/api/docs/tracking").text
    assert "multipart/form-data" in client.get("/api/docs/images").text


def test_a_group_that_is_not_there_is_404(client: FlaskClient) -> None:
    assert client.get("/api/docs/nothing").status_code == 404


def test_fields_of_fields_are_told_and_null_is_not_where_it_means_absent(api: dict[str, Any]) -> None:
    told = {each.line.id: each for each in page.operations(api, "pixels")}
    body = {each.name: each for each in told["post_pixels"].body}
    assert (body["pixelId"].required, body["description"].required) == (True, False)
    assert "null" not in body["description"].kind
    listed = next(answer for answer in told["get_pixels"].answers if answer.status == "200")
    assert {"data", "data[].id", "pagination.total"} <= {each.name for each in listed.fields}


def test_words_in_backticks_are_code() -> None:
    assert page.pieces("take `a` and `b`") == [(False, "take "), (True, "a"), (False, " and "), (True, "b")]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.url[25:]}")
def test_the_python_sample_is_the_call(call: Call) -> None:
    tree = ast.parse(python(call))
    found = next(node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.keywords)
    options = {one.arg: one.value for one in found.keywords}
    assert ast.literal_eval(found.args[0]) == call.url
    assert isinstance(found.func, ast.Attribute)
    assert found.func.attr == call.method.lower()
    if call.json is not None:
        assert ast.literal_eval(options["json"]) == call.json
    if call.token is not None:
        assert ast.literal_eval(options["headers"]) == {"Authorization": "Bearer TOKEN"}
    assert ("files" in options) is (call.file is not None)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.url[25:]}")
def test_the_curl_sample_is_the_call(call: Call, tmp_path: Path) -> None:
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nfor each in "$@"; do printf "%s\\0" "$each"; done\n')
    fake.chmod(0o755)
    shell = shutil.which("sh") or "/bin/sh"
    done = subprocess.run([shell, "-c", curl(call)], capture_output=True, env={"PATH": str(tmp_path)}, check=True)
    given = done.stdout.decode().split("\0")
    assert call.url in given
    assert ("-X" in given) is (call.method not in ("GET", "POST") or (call.method == "POST" and call.body is None))
    if call.json is not None:
        assert json.loads(given[given.index("-d") + 1]) == call.json
    if call.token is not None:
        assert "Authorization: Bearer TOKEN" in given


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.url[25:]}")
def test_the_other_samples_name_what_the_call_has(call: Call) -> None:
    for text in (php(call), javascript(call)):
        assert call.url in text
        assert ("Bearer TOKEN" in text) is (call.token is not None)
        assert (call.method in text) or call.method == "GET" or "CURLOPT_POST =>" in text
        assert text.count("{") == text.count("}")
        assert text.count("[") == text.count("]")


def test_laravel_is_told_in_its_own_words() -> None:
    assert "->post('https://track.example.com/api/pixels', [\n    'name' => 'D\\'Ávila" in laravel(CALLS[1])
    assert [each.key for each in samples(CALLS[0])] == ["curl", "python", "php", "javascript"]
