"""The OpenAPI document tells every endpoint, and the source's own examples are valid by it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from app.core import openapi
from app.core.jsonbody import parse
from app.tracking.intake import BATCH_PATHS, SINGLE_PATHS
from app.tracking.schema import EventBody
from tests.tracking_fixtures import KWAI_REGISTRATION, META_PURCHASE, Sender

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KWAI_PURCHASE = {
    "click_id": "abc123xyz",
    "pixel_id": "290714800540320",
    "event_name": "EVENT_PURCHASE",
    "value": 50.00,
    "currency": "BRL",
    "content_id": "deposito",
    "content_type": "product",
    "content_name": "Depósito",
}
META_REGISTRATION = {**META_PURCHASE, "event_name": "EVENT_COMPLETE_REGISTRATION", "value": 0}
EXAMPLES = [KWAI_REGISTRATION, META_PURCHASE, KWAI_PURCHASE, META_REGISTRATION]


def document(app: Flask) -> dict[str, Any]:
    answer: dict[str, Any] = app.test_client().get("/api/openapi.json").get_json()
    return answer


def test_nothing_is_undocumented(app: Flask) -> None:
    assert openapi.undocumented(app) == []


def test_every_path_of_intake_is_told(app: Flask) -> None:
    paths = document(app)["paths"]
    for path in (*SINGLE_PATHS, *BATCH_PATHS):
        responses = paths[path]["post"]["responses"]
        assert {"202", "400", "401", "403", "413", "415", "429", "503"} <= set(responses)
    assert {"200", "409", "500"} <= set(paths[SINGLE_PATHS[0]]["post"]["responses"])
    assert "404" in paths["/api/tracking/events/{request_id}"]["get"]["responses"]


def test_every_field_is_told(app: Flask) -> None:
    told = document(app)["components"]["schemas"]["EventBody"]["properties"]
    assert set(told) == set(EventBody.model_fields)


def test_the_sources_examples_are_valid(app: Flask, sender: Sender) -> None:
    told = document(app)["components"]["schemas"]["EventBody"]["properties"]
    for example in EXAMPLES:
        assert set(example) <= set(told)
        EventBody.model_validate(parse(json.dumps(example).encode()))
        assert sender.post(example, Prefer="respond-async").status_code == 202
