"""/api/images as programs call it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.opens.images.picture import MAX_BYTES
from tests.opens.images.samples import SVG, exif, made
from tests.people import Person, bearer, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
URL = "/api/images"
Headers = dict[str, str]


def form(*files: tuple[bytes, str], **fields: Any) -> dict[str, Any]:
    """The body of `curl -F file=@… -F name=…`."""
    sent = [(BytesIO(content), name, "application/x-msdownload") for content, name in files or [(made(), "logo.png")]]
    return {"data": {"file": sent, **fields}, "content_type": "multipart/form-data"}


def test_an_image_is_uploaded_read_changed_replaced_and_deleted(client: FlaskClient, admin_token: Headers) -> None:
    answer = client.post(URL, headers=admin_token, **form((made("JPEG", exif=exif()), "Logo Verão.png"), name="Logo"))
    image = answer.json
    assert answer.status_code == 201
    assert (image["file"], image["name"], image["contentType"]) == ("logo-verao.jpg", "Logo", "image/jpeg")
    assert (image["width"], image["height"], image["version"], image["signedOnly"]) == (20, 10, 1, False)
    assert image["bytes"] < len(made("JPEG", exif=exif()))
    assert image["url"] == "http://127.0.0.1:5001/image/logo-verao.jpg"
    assert image["tag"] == f'<img src="{image["url"]}?id_fatura=[ID]" alt="">'

    one = f"{URL}/{image['id']}"
    assert client.get(one, headers=admin_token).json == image
    changed = client.put(one, headers=admin_token, json={"signedOnly": True, "version": 1})
    assert (changed.status_code, changed.json["signedOnly"], changed.json["name"]) == (200, True, "Logo")
    replaced = client.put(f"{one}/content", headers=admin_token, **form((made("GIF"), "x"), version="2"))
    assert (replaced.json["file"], replaced.json["contentType"], replaced.json["version"]) == (
        "logo-verao.jpg",
        "image/gif",
        3,
    )
    stale = client.delete(f"{one}?version=1", headers=admin_token)
    assert (stale.status_code, stale.json["current"]["version"]) == (409, 3)
    assert client.delete(one, headers=admin_token).status_code == 204
    assert client.get(one, headers=admin_token).status_code == 404


def test_lists_are_paged_filtered_and_of_the_own_account(
    client: FlaskClient, admin_token: Headers, make_image: Callable[..., UUID], stranger: Any
) -> None:
    for given in ("a.png", "b.png", "natal.png"):
        make_image(given)
    make_image("theirs.png", stranger)
    answer = client.get("/api/v1/images?limit=2&sort=file", headers=admin_token).json
    assert [image["file"] for image in answer["data"]] == ["a.png", "b.png"]
    assert (answer["pagination"]["total"], answer["pagination"]["pages"]) == (3, 2)
    assert [image["file"] for image in client.get(f"{URL}?q=NATAL", headers=admin_token).json["data"]] == ["natal.png"]
    assert client.get(f"{URL}?sort=size", headers=admin_token).status_code == 400


def test_bad_uploads_are_refused_in_words(client: FlaskClient, admin_token: Headers) -> None:
    too_large = made() + b"\0" * MAX_BYTES
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({}, 415, ""),
        ({"data": made(), "content_type": "image/png"}, 415, ""),
        ({"json": {"file": "x"}}, 415, ""),
        ({"data": b"x", "content_type": "multipart/form-data"}, 415, ""),
        ({"data": b"broken", "content_type": "multipart/form-data; boundary=x"}, 400, "file"),
        ({"data": {"name": "x"}, "content_type": "multipart/form-data"}, 400, "file"),
        ({"data": {"file": "text"}, "content_type": "multipart/form-data"}, 400, "file"),
        (form((made(), "a.png"), (made(), "b.png")), 400, "file"),
        (form(picture=(BytesIO(made()), "b.png")), 400, "picture"),
        (form((b"", "empty.png")), 400, "file"),
        (form((SVG, "vector.png")), 400, "file"),
        (form((made()[:-9], "cut.png")), 400, "file"),
        (form((too_large, "large.png")), 413, ""),
        (form((too_large * 2, "larger.png")), 413, ""),
        (form(name="x" * 121), 400, "name"),
        (form(name="a\x07b"), 400, "name"),
        (form(name="a\0b"), 400, ""),
        (form(name=["a", "b"]), 400, "name"),
        (form(file_name="x"), 400, "file_name"),
        (form(**{f"f{number}": "x" for number in range(1100)}), 413, ""),
    ]
    for sent, status, field in cases:
        answer = client.post(URL, headers=admin_token, **sent)
        assert (answer.status_code, list(answer.json.get("fields", {}))[:1]) == (status, [field] if field else []), sent
        assert "Traceback" not in answer.text
    assert client.get(URL, headers=admin_token).json["data"] == []


def test_bad_changes_are_refused(client: FlaskClient, admin_token: Headers, make_image: Callable[..., UUID]) -> None:
    one = f"{URL}/{make_image()}"
    for body in ({"name": ""}, {"name": "x" * 121}, {"signedOnly": "yes"}, {"file": "x.png"}, {"version": True}):
        assert client.put(one, headers=admin_token, json=body).status_code == 400, body
    assert client.put(one, headers=admin_token, json={"name": "x", "version": 9}).status_code == 409
    assert client.put(f"{one}/content", headers=admin_token, **form(version="9")).status_code == 409
    assert client.put(f"{one}/content", headers=admin_token, **form(version="x")).status_code == 400
    assert client.put(f"{one}/content", headers=admin_token, **form((SVG, "x.png"))).status_code == 400


def test_a_body_over_the_limit_is_refused_unread(client: FlaskClient, admin_token: Headers) -> None:
    class Untouchable(BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("was read")

    for path, length in ((URL, 6_000_000), ("/api/v1/images", 10**10), (f"{URL}/x/content", 6_000_000)):
        environ = {"wsgi.input": Untouchable(), "CONTENT_LENGTH": str(length)}
        method = client.put if path.endswith("content") else client.post
        answer = method(
            path, headers=admin_token, environ_overrides=environ, content_type="multipart/form-data; boundary=x"
        )
        assert answer.status_code == 413


def test_only_who_may_edit_edits_and_nobody_of_another_account_sees(
    app: Flask, client: FlaskClient, make_image: Callable[..., UUID], other_account: Person
) -> None:
    one = f"{URL}/{make_image()}"
    for role, reads, edits in (("manager", 200, 201), ("operator", 200, 403), ("viewer", 200, 403)):
        token = bearer(app, new_user(app, role))
        assert (client.get(one, headers=token).status_code, client.get(URL, headers=token).status_code) == (reads, 200)
        assert client.post(URL, headers=token, **form()).status_code == edits
        if edits == 403:
            assert client.put(one, headers=token, json={"name": "x"}).status_code == 403
            assert client.put(f"{one}/content", headers=token, **form()).status_code == 403
            assert client.delete(one, headers=token).status_code == 403
    theirs = bearer(app, other_account)
    assert client.get(one, headers=theirs).status_code == 404
    assert client.put(one, headers=theirs, json={"name": "x"}).status_code == 404
    assert client.put(f"{one}/content", headers=theirs, **form()).status_code == 404
    assert client.delete(one, headers=theirs).status_code == 404
    assert (client.get(one).status_code, client.post(URL, **form()).status_code) == (401, 401)


def test_addresses_of_another_account_name_it(app: Flask, client: FlaskClient, other_account: Person) -> None:
    image = client.post(URL, headers=bearer(app, other_account), **form()).json
    assert image["url"].startswith("http://127.0.0.1:5001/image/logo.png?k=")
    assert image["tag"] == f'<img src="{image["url"]}&amp;id_fatura=[ID]" alt="">'


def test_the_document_tells_the_form(client: FlaskClient) -> None:
    paths = client.get("/api/openapi.json").json["paths"]
    body = paths["/api/images"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert (body["required"], body["properties"]["file"]["format"]) == (["file"], "binary")
    assert set(body["properties"]) == {"file", "name"}
    assert {"400", "401", "403", "413", "415"} <= set(paths["/api/images"]["post"]["responses"])
    assert "multipart/form-data" in client.get("/api/docs/images").text
