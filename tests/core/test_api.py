"""API resources: who may call, in which order things are judged, what comes in and goes out, and the document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from pydantic import Field, SecretStr, field_validator

from app.core import api, openapi, wire
from app.core.access import PUBLIC, permission_of
from app.core.api import Out, Principal, Schema, authenticate_with, current, endpoint, resource_blueprint
from app.core.errors import NotFound
from app.core.pagination import PageNumbers, PageOf, PageQuery
from tests.core.small_app import small_app

ACCOUNT = UUID("018f0000-0000-7000-8000-000000000001")
PIXEL = UUID("018f0000-0000-7000-8000-000000000002")
EDITOR = Principal(ACCOUNT, frozenset({"pixels.view", "pixels.edit"}), user_id=PIXEL)
VIEWER = Principal(ACCOUNT, frozenset({"pixels.view"}), client_id=PIXEL, scopes=frozenset({"pixels:read"}))
AS_EDITOR = {"Authorization": "Bearer editor"}
AS_VIEWER = {"Authorization": "Bearer viewer"}


class Platform(StrEnum):
    KWAI = "kwai"
    META = "facebook"


class Line(Schema):
    unit_price: Decimal = Decimal(1)
    ids: list[int | str] = Field([])


class PixelIn(Schema):
    pixel_id: str = Field(min_length=1, max_length=20)
    platform: Platform
    budget: Decimal | None = Field(None, ge=0)
    weight: int = 1
    is_active: bool = True
    starts_at: datetime | None = None
    owner_id: UUID | None = None
    lines: list[Line] = Field([])
    settings: dict[str, Any] = Field({})
    note: str = ""

    @field_validator("pixel_id")
    @classmethod
    def digits(cls, value: str) -> str:
        if not value.isdigit():
            raise ValueError("Only digits")
        return value


class PixelOut(Out):
    id: UUID
    pixel_id: str
    budget: Decimal | None
    created_at: datetime


class PixelQuery(PageQuery):
    platform: Platform | None = None
    is_active: bool | None = None
    since: datetime | None = None


def pixel(**changes: Any) -> PixelOut:
    fields = {"id": PIXEL, "pixel_id": "123", "budget": Decimal("1.50"), "created_at": datetime(2026, 1, 2, tzinfo=UTC)}
    return PixelOut(**fields | changes)


pixels = resource_blueprint("pixels_api", __name__, "/pixels")
seen: list[Any] = []


@pixels.get("")
@endpoint(summary="Pixels", permission="pixels.view", query=PixelQuery, answers={200: PageOf[PixelOut]})
def index(query: PixelQuery) -> PageOf[PixelOut]:
    seen.append(query)
    return PageOf[PixelOut](
        data=[pixel()], pagination=PageNumbers(page=query.page, limit=query.limit, total=1, pages=1)
    )


@pixels.post("")
@endpoint(summary="Create a pixel", permission="pixels.edit", body=PixelIn, answers={201: PixelOut, 409: None})
def create(body: PixelIn) -> PixelOut:
    """The token is write-only."""
    seen.append((current(), body))
    return pixel()


@pixels.get("/<uuid:id>")
@endpoint(summary="A pixel", permission="pixels.view", answers={200: PixelOut})
def show(id: UUID) -> PixelOut:
    if id != PIXEL:
        raise NotFound()
    return pixel()


@pixels.delete("/<uuid:id>")
@endpoint(summary="Delete a pixel", permission="pixels.edit", answers={204: None})
def delete(id: UUID) -> None:
    seen.append(id)


@pixels.post("/<uuid:id>/test")
@endpoint(summary="Send a test event", permission="pixels.edit", answers={202: None})
def send_test(id: UUID) -> tuple[dict[str, Any], int, dict[str, str]]:
    return {"poll": "/api/jobs/1"}, 202, {"Location": "/api/jobs/1"}


@pixels.get("/by-name/<name>")
@endpoint(summary="By name", public=True, answers={200: None})
def by_name(name: str) -> Response:
    return Response(name, mimetype="text/csv")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    before, api.authenticators[:] = list(api.authenticators), []
    authenticate_with({"editor": EDITOR, "viewer": VIEWER}.get)
    app = small_app(tmp_path)
    app.register_blueprint(pixels)
    openapi.register(app, "https://track.example.com")
    seen.clear()
    yield app
    api.authenticators[:] = before


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


GOOD = {"pixelId": "123", "platform": "kwai"}


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
def test_a_resource_is_served_under_both_prefixes(client: FlaskClient, prefix: str) -> None:
    answer = client.post(f"{prefix}/pixels", json=GOOD, headers=AS_EDITOR)
    assert (answer.status_code, answer.mimetype) == (201, "application/json")
    assert answer.json == {"id": str(PIXEL), "pixelId": "123", "budget": 1.5, "createdAt": "2026-01-02T00:00:00.000Z"}
    assert seen[0][0] == EDITOR


def test_answers_are_not_stored_and_vary_by_caller(client: FlaskClient) -> None:
    for answer in (client.get(f"/api/pixels/{PIXEL}", headers=AS_VIEWER), client.get("/api/pixels")):
        assert answer.headers["Cache-Control"] == "no-store"
    answer = client.get(f"/api/pixels/{PIXEL}", headers=AS_VIEWER)
    assert answer.headers["Vary"] == "Authorization"
    assert "Set-Cookie" not in answer.headers


BAD_CREDENTIALS = [
    None, "", "Bearer", "Bearer ", "Bearer stranger", "Basic ZWRpdG9yOg==", "editor", "Bearer editor, Bearer viewer",
    "Bearer " + "x" * 5000, "Bearer édi\x7ftor", "Token editor",
]  # fmt: skip


@pytest.mark.parametrize("value", BAD_CREDENTIALS)
def test_no_or_wrong_credentials_are_401(client: FlaskClient, value: str | None) -> None:
    answer = client.get("/api/pixels", headers={} if value is None else {"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_is_taken_from_the_header_only(client: FlaskClient) -> None:
    client.set_cookie("session", "editor")
    client.set_cookie("Authorization", "Bearer editor")
    assert client.get("/api/pixels?access_token=editor&token=editor").status_code == 401
    assert client.get("/api/pixels", headers={"Authorization": "bearer  editor "}).status_code == 200


def test_things_are_judged_in_the_order_of_the_contract(client: FlaskClient) -> None:
    url, text, large = "/api/pixels", {"Content-Type": "text/plain"}, b"{" * 300_000
    assert client.patch(url, data=b"{").status_code == 405
    assert client.post(url, data=b"{", headers=text).status_code == 401
    assert client.post(url, data=b"{", headers=AS_VIEWER | text).status_code == 403
    assert client.post(url, data=large, headers=AS_EDITOR | text).status_code == 415
    is_json = AS_EDITOR | {"Content-Type": "application/json"}
    assert client.post(url, data=b"{", headers=is_json | {"Content-Encoding": "gzip"}).status_code == 415
    assert client.post(url, data=large, headers=is_json).status_code == 413
    assert client.post(url, data=b"{", headers=is_json).status_code == 400
    assert client.options(url).status_code == 405
    assert seen == []


BAD_BODIES = [
    ({"platform": "kwai"}, "Missing pixelId", {"pixelId": ["Missing"]}),
    (GOOD | {"pixelId": None}, "Missing pixelId", {"pixelId": ["Missing"]}),
    (GOOD | {"colour": "red"}, "Unknown field colour", {"colour": ["Unknown field"]}),
    (GOOD | {"pixel_id": "1"}, "Unknown field pixel_id", {"pixel_id": ["Unknown field"]}),
    (GOOD | {"pixelId": "abc"}, "pixelId: Only digits", {"pixelId": ["Only digits"]}),
    (GOOD | {"pixelId": 5}, "pixelId should be a valid string", None),
    (GOOD | {"pixelId": "  "}, "pixelId should have at least 1 character", None),
    (GOOD | {"pixelId": "9" * 21}, "pixelId should have at most 20 characters", None),
    (GOOD | {"platform": "orkut"}, "platform should be 'kwai' or 'facebook'", None),
    (GOOD | {"weight": True}, "weight should be a valid integer", None),
    (GOOD | {"weight": "1"}, "weight should be a valid integer", None),
    (GOOD | {"weight": 1.5}, "weight should be a valid integer", None),
    (GOOD | {"isActive": 1}, "isActive should be a valid boolean", None),
    (GOOD | {"isActive": "true"}, "isActive should be a valid boolean", None),
    (GOOD | {"budget": -1}, "budget should be greater than or equal to 0", None),
    (GOOD | {"budget": "1,50"}, "budget should be a valid decimal", None),
    (GOOD | {"budget": "NaN"}, "budget should be a finite number", None),
    (GOOD | {"ownerId": "x"}, None, None),
    (GOOD | {"startsAt": "yesterday"}, None, None),
    (GOOD | {"lines": [{}, {"ids": [1, True]}]}, None, {"lines.1.ids.1": None}),
    (GOOD | {"lines": [{"price": 1}]}, "Unknown field lines.0.price", None),
    (GOOD | {"lines": {}}, None, None),
    (GOOD | {"note": "y" * 10_001}, "note should have at most 10000 characters", None),
]


@pytest.mark.parametrize(("body", "error", "fields"), BAD_BODIES)
def test_wrong_fields_are_named(
    client: FlaskClient, body: dict[str, Any], error: str | None, fields: dict[str, Any] | None
) -> None:
    answer = client.post("/api/pixels", json=body, headers=AS_EDITOR)
    found = answer.get_json()
    assert answer.status_code == 400
    assert error is None or found["error"] == error
    assert found["fields"].keys() == fields.keys() if fields else found["fields"]
    assert not fields or None in fields.values() or found["fields"] == fields


def test_a_body_is_read_by_the_rules_of_json(client: FlaskClient) -> None:
    raw = b"""{"pixelId": " 123 ", "platform": "facebook", "budget": "10.50", "isActive": null, "weight": 3,
        "startsAt": "2026-01-01T00:00:00-03:00", "ownerId": "%s", "lines": [{"unitPrice": 0.10, "ids": [1, "1"]}],
        "settings": {"deep": {"a": [1, null], "b": null}}}"""
    raw = raw.replace(b"%s", str(PIXEL).encode())
    assert client.post("/api/pixels", data=raw, content_type="application/json", headers=AS_EDITOR).status_code == 201
    body: PixelIn = seen[0][1]
    assert (body.pixel_id, body.platform, body.budget, body.is_active) == ("123", Platform.META, Decimal("10.50"), True)
    assert (body.owner_id, body.lines[0].unit_price, body.lines[0].ids) == (PIXEL, Decimal("0.1"), [1, "1"])
    assert body.settings == {"deep": {"a": [1, None]}}
    assert body.starts_at == datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert "is_active" not in body.model_fields_set  # null means absent


def test_many_errors_are_cut_and_long_names_too(client: FlaskClient) -> None:
    body = GOOD | {f"{number}-" + "x" * 200: 1 for number in range(900)}
    fields = client.post("/api/pixels", json=body, headers=AS_EDITOR).get_json()["fields"]
    assert len(fields) == 50
    assert max(map(len, fields)) == 100


def test_a_query_is_read_by_name_and_type(client: FlaskClient) -> None:
    url = "/api/pixels?page=2&limit=10&platform=kwai&isActive=true&since=2026-01-01T00:00:00Z&sort="
    assert client.get(url, headers=AS_VIEWER).get_json()["pagination"]["page"] == 2
    query: PixelQuery = seen[0]
    assert (query.limit, query.platform, query.is_active, query.sort) == (10, Platform.KWAI, True, None)


BAD_QUERIES = {
    "page=0": "page should be greater than or equal to 1",
    "page=x": "page should be a valid integer, unable to parse string as an integer",
    "page=" + "9" * 30: "page should be less than or equal to 100000",
    "limit=201": "limit should be less than or equal to 200",
    "limit=-1": "limit should be greater than or equal to 1",
    "platform=orkut": "platform should be 'kwai' or 'facebook'",
    "limit=1&limit=2": "limit is given more than once",
    "colour=red": "Unknown field colour",
    "sort=%00": "The query has a NUL character",
    "sort=" + "x" * 65: "sort should have at most 64 characters",
}


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_wrong_query_is_400(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/pixels?{query}", headers=AS_VIEWER)
    assert (answer.status_code, answer.get_json()["error"]) == (400, BAD_QUERIES[query])


def test_each_kind_of_return_value_becomes_an_answer(client: FlaskClient) -> None:
    gone = client.delete(f"/api/pixels/{PIXEL}", headers=AS_EDITOR)
    assert (gone.status_code, gone.data) == (204, b"")
    later = client.post(f"/api/pixels/{PIXEL}/test", headers=AS_EDITOR)
    assert (later.status_code, later.headers["Location"], later.json) == (202, "/api/jobs/1", {"poll": "/api/jobs/1"})
    file = client.get("/api/pixels/by-name/ana")
    assert (file.mimetype, file.text, file.headers["Cache-Control"]) == ("text/csv", "ana", "no-store")


@pytest.mark.parametrize("path", [ACCOUNT, "1", "%00", "../x", "by-name/a%00b"])
def test_an_odd_or_strange_id_is_404(client: FlaskClient, path: object) -> None:
    assert client.get(f"/api/pixels/{path}", headers=AS_EDITOR).status_code == 404


def test_a_public_endpoint_has_no_principal(client: FlaskClient, app: Flask) -> None:
    with app.test_request_context(), pytest.raises(RuntimeError):
        current()


FORGETFUL: list[dict[str, Any]] = [{}, {"permission": "pixels.edit", "public": True}, {"permission": "pixels"}]


@pytest.mark.parametrize("arguments", FORGETFUL)
def test_forgetting_a_permission_is_a_type_error_at_import(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        endpoint(summary="x", answers={200: None}, **arguments)


def test_what_is_no_endpoint_cannot_join_a_resource() -> None:
    resource = resource_blueprint("x", __name__, "/api/x")
    with pytest.raises(TypeError):
        resource.get("")(lambda: "open to all")
    with pytest.raises(TypeError):
        endpoint(summary="x", public=True, answers={}, body=PixelIn)(lambda: None)
    with pytest.raises(TypeError):
        resource_blueprint("x", __name__, "x/")


def test_each_view_tells_its_permission(app: Flask) -> None:
    assert permission_of(app.view_functions["pixels_api.create"]) == "pixels.edit"
    assert permission_of(app.view_functions["pixels_api.by_name"]) == PUBLIC


def test_times_leave_in_utc_and_secrets_do_not_leave() -> None:
    brasilia = timezone(timedelta(hours=-3))
    value = {"at": datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=brasilia), "tags": {"b", "a"}, "of": Platform.KWAI}
    assert json.loads(wire.dumps(value)) == {"at": "2026-01-01T15:00:00.123Z", "tags": ["a", "b"], "of": "kwai"}
    with pytest.raises(TypeError):
        wire.dumps({"token": SecretStr("x")})
    with pytest.raises(ValueError, match="aware"):
        wire.dumps(datetime(2026, 1, 1))
