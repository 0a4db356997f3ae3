"""The document: valid, complete, with examples that fit, and true about who may call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from jsonschema_rs import validator_for
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from app import create_app
from app.accounts.callers import callers_of
from app.core import openapi
from app.core.settings import Settings
from tests.core.test_api import PixelIn
from tests.core.test_api import app as small  # a fixture: four endpoints of a made-up resource

__all__ = ["small"]
PUBLIC_URL = "https://track.example.com"
JSON = "application/json"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(Settings.load({}, data_dir=tmp_path_factory.mktemp("openapi"), public_url=PUBLIC_URL))


@pytest.fixture(scope="module")
def document(product: Flask) -> dict[str, Any]:
    found: dict[str, Any] = product.test_client().get("/api/v1/openapi.json").get_json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def responses(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    shared = document["components"]["responses"]
    return {
        status: shared[told["$ref"].rpartition("/")[2]] if "$ref" in told else told
        for status, told in operation["responses"].items()
    }


def test_it_is_valid_openapi_3_1_and_leaves_nothing_out(product: Flask, document: dict[str, Any]) -> None:
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    assert openapi.undocumented(product) == []
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": PUBLIC_URL}]
    assert PUBLIC_URL + "/api/oauth/token" in str(document["components"]["securitySchemes"]["clientCredentials"])


def test_every_reference_leads_somewhere_and_names_are_short(document: dict[str, Any]) -> None:
    parts = document["components"]
    known = {f"#/components/{kind}/{name}" for kind, named in parts.items() for name in named}
    assert set(references(document)) <= known
    assert [name for name in parts["schemas"] if not re.fullmatch(r"\w{3,40}", name) or "__" in name] == []


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def test_operations_have_names_of_their_own_and_words(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _name, operation in operations(document)]
    assert len(set(ids)) == len(ids) > 60
    assert {"post_pixels", "get_pixels_id", "post_tracking_events"} <= set(ids)
    assert [name for name, operation in operations(document) if not (operation["summary"] and operation["tags"])] == []


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    wrong, seen = [], 0
    judges: dict[str, Any] = {}  # to make one takes longer than what it does: each reads all components
    for name, operation in operations(document):
        bodies = [("body", operation.get("requestBody", {}))]
        for place, told in [*bodies, *responses(document, operation).items()]:
            for content in told.get("content", {}).values():
                if "example" in content:
                    seen += 1
                    key = repr(content["schema"])
                    if key not in judges:
                        judges[key] = validator_for({**content["schema"], "components": document["components"]})
                    errors = judges[key].iter_errors(content["example"])
                    wrong += [(name, place, list(error.instance_path)) for error in errors]
    assert wrong == []
    assert seen > 300


def test_bodies_and_answers_of_ours_all_have_an_example(document: dict[str, Any]) -> None:
    bare = [
        (name, status)
        for name, operation in operations(document)
        for status, told in responses(document, operation).items()
        for content in [told.get("content", {}).get(JSON, {})]
        if "schema" in content and "example" not in content
    ]
    assert bare == []


def test_errors_carry_the_headers_that_they_come_with(document: dict[str, Any]) -> None:
    wanted = {"401": "WWW-Authenticate", "429": "RateLimit-Policy", "503": "Retry-After"}
    for name, operation in operations(document):
        for status, told in responses(document, operation).items():
            assert "X-Request-Id" in told["headers"], (name, status)
            assert wanted.get(status, "X-Request-Id") in told["headers"] or "content" in operation["responses"][status]


def test_who_may_call_is_told_as_the_tables_have_it(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        permission = operation.get("x-permission")
        if permission is None:
            assert operation["security"] == [], name
            continue
        who = callers_of(permission)
        assert (operation["x-roles"], operation["x-scopes"]) == (list(who.roles), list(who.scopes)), name
        kinds = {kind for each in operation["security"] for kind in each}
        assert ("accessToken" in kinds, "clientToken" in kinds) == (bool(who.roles), bool(who.scopes)), name
        assert {"401", "403"} <= set(operation["responses"]), name
    told = document["paths"]["/api/clients"]["post"]
    assert (told["x-roles"], told["x-confirmed"]) == (["admin"], True)
    assert "`admin`" in told["description"]
    assert "last 30 minutes" in told["description"]


def test_the_document_tells_what_an_endpoint_takes_and_answers(small: Flask) -> None:
    document = openapi.build(small, "http://x")
    create, index = document["paths"]["/api/pixels"]["post"], document["paths"]["/api/pixels"]["get"]
    body = create["requestBody"]["content"][JSON]
    assert body["schema"] == {"$ref": "#/components/schemas/PixelIn"}
    assert {"pixelId", "platform"} <= set(body["example"])
    assert create["security"] == [{"accessToken": []}]
    assert (create["x-permission"], create["tags"]) == ("pixels.edit", ["pixels"])
    assert create["description"].startswith("The token is write-only.\n\n")
    assert list(create["responses"]) == ["201", "400", "401", "403", "409", "413", "415", "500", "503"]
    assert create["responses"]["409"] == {"$ref": "#/components/responses/Conflict"}
    names = {parameter["name"] for parameter in index["parameters"]}
    assert names == {"page", "limit", "sort", "platform", "isActive", "since"}
    parameter = document["paths"]["/api/pixels/{id}"]["get"]["parameters"][0]
    assert parameter["schema"] == {"type": "string", "format": "uuid"}
    assert document["paths"]["/api/pixels/by-name/{name}"]["get"]["security"] == []
    out = document["components"]["schemas"]["PixelOut"]["properties"]
    assert out["budget"]["anyOf"][0] == {"type": "number"}


def test_what_is_answered_outside_of_flask_is_documented_by_hand(small: Flask) -> None:
    for path in ("/api/hot", "/api/v1/hot"):
        small.add_url_rule(path, "hot", str, methods=["POST"])
    assert openapi.undocumented(small) == ["POST /api/hot", "POST /api/v1/hot"]
    openapi.document(
        "/api/hot", "post", summary="Hot", permission="events.write", body=PixelIn, answers={200: None}, tag="t"
    )
    assert openapi.undocumented(small) == []
    assert openapi.build(small, "http://x")["paths"]["/api/hot"]["post"]["x-permission"] == "events.write"
    with pytest.raises(TypeError):
        openapi.document("/api/hot", "post", summary="Hot", answers={})
