"""POST /api/custom-webhooks/<id>/test: one message at once, what came of it, and the audit."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.runtime import runtime
from app.core.settings import Settings
from tests.webhooks.receiving import receiving

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str) -> Settings:
    return make_settings(database_url=database_url, env="development", allow_private_targets=True)


def test_a_test_message_tells_what_was_answered(
    app: Flask, client: FlaskClient, admin_token: dict[str, str], subscribe: Callable[..., tuple[UUID, str]]
) -> None:
    with receiving() as up:
        up.statuses = [204, 500]
        url = f"/api/custom-webhooks/{subscribe(url=up.url + '/in', active=False)[0]}/test"
        good, bad = (client.post(url, headers=admin_token) for _ in range(2))

    assert (good.status_code, good.json["success"], good.json["httpStatus"]) == (200, True, 204)
    assert (bad.status_code, bad.json["success"], bad.json["httpStatus"]) == (200, False, 500)
    assert up.requests[0].headers["x-webhook-event"] == "webhook.test"
    with runtime(app).engine.connect() as connection:
        tested = select(AuditEntry.id).where(AuditEntry.action == "webhook.tested")
        assert len(connection.execute(tested).all()) == 2
