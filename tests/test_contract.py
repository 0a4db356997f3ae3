"""The API keeps what its document promises: schemathesis calls every operation with good values and bad ones."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import redis
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis.errors import Unsatisfiable
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode, checks
from schemathesis.config import GenerationConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.case import Case
from schemathesis.schemas import APIOperation

from app.core.settings import Settings
from tests.everything import filled, make_everything
from tests.people import Person, bearer, new_user

MANY = int(os.environ.get("CONTRACT_EXAMPLES", "0"))  # of each operation and kind; `make contract` asks for more
NOBODY = "http://127.0.0.1:9"  # where the platforms would be
NUMBERS = count()  # hypothesis makes chance repeat itself, that of addresses too
LEFT_OUT = {
    # a schema cannot say all: an address must be free, a period whole hours, a pixel of the account
    "positive_data_acceptance",
    # null means absent, unknown keys of events are ignored: both are good where the schema is stricter
    "negative_data_rejection",
    "missing_required_header",  # there is none but Authorization, which ignored_auth judges
    "use_after_free",  # these three follow objects from call to call;
    "ensure_resource_availability",  # tests/test_permissions.py and those of each feature do
    "object_level_authorization",
}


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str) -> Settings:
    return make_settings(
        database_url=database_url,
        kwai_events_url=f"{NOBODY}/log/common/api",
        meta_graph_url=NOBODY,
        answer_timeout=0.02,  # no worker is there to deliver
        outbound_timeout=1,
        registration="open",
    )


@dataclass
class Run:
    """Calls made, what they answered, and what was against the document."""

    app: Flask
    objects: dict[str, str]
    valkey: redis.Redis
    admin: Person | None = None
    headers: dict[str, str] = field(default_factory=dict)
    calls: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    def credentials(self, operation: APIOperation[Any, Any]) -> dict[str, str]:
        """Of a client where people may not call. An administrator's are made anew when a call may have ended them."""
        told = operation.definition.raw
        if not told.get("x-roles") and told.get("x-scopes"):
            return {"Authorization": f"Bearer {self.objects['client_token']}"}
        if self.admin is None:
            self.admin = new_user(self.app, "admin", email=f"admin-{next(NUMBERS)}@example.com")
        if not self.headers:
            self.headers = bearer(self.app, self.admin)
        return self.headers

    def call(self, case: Case) -> None:
        """One call, judged by every check that makes sense."""
        self.valkey.flushall()  # limits are told, and would hide everything behind them
        headers = self.credentials(case.operation)
        response = case.call(headers=headers)
        if response.status_code == 401 and case.operation.definition.raw["security"]: print(case.operation.label, response.content[:100], case.meta.generation.mode if case.meta else None, {k:v[:30] for k,v in response.request.headers.items()})
        self.calls[response.status_code] += 1
        if case.method not in ("GET", "HEAD") and response.status_code < 400:
            self.admin, self.headers = None, {}
        try:
            case.validate_response(response, checks=judges(), headers=headers)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.failures[f"{case.operation.label}: {failure.title}"] = f"{failure}\n{case.as_curl_command()}"


def judges() -> list[Any]:
    checks.load_all_checks()
    return [checks.CHECKS.get_one(name) for name in checks.CHECKS.get_all_names() if name not in LEFT_OUT]


def cases_of(operation: APIOperation[Any, Any], run: Run, mode: GenerationMode, *, ours: bool) -> None:
    """Calls with made-up values; with `ours` about an object that is there."""
    path = operation.path
    named = {name: filled(path[: path.index("}") + 1], run.objects).rpartition("/")[2] for name in names_in(path)}
    given_path = {"path_parameters": named} if ours and named else {}
    strategy = operation.as_strategy(generation_mode=mode, **given_path)

    @seed(20261122)
    @hypothesis_settings(
        max_examples=MANY or 2,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def calls(case: Case) -> None:
        run.call(case)

    with suppress(Unsatisfiable):  # nothing of it can be wrong
        calls()


def names_in(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_operation_keeps_its_promises(app: Flask, valkey_url: str, record_property: Any) -> None:
    objects = make_everything(app, new_user(app, "admin"))
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    with redis.Redis.from_url(valkey_url) as valkey:
        run = Run(app, objects, valkey)
        operations = [found.ok() for found in schema.get_all_operations()]
        for operation in sorted(operations, key=lambda one: one.method == "delete"):
            cases_of(operation, run, GenerationMode.POSITIVE, ours=True)
            cases_of(operation, run, GenerationMode.NEGATIVE, ours=True)
            if names_in(operation.path):
                cases_of(operation, run, GenerationMode.POSITIVE, ours=False)
    print(run.calls, sum(run.calls.values()), len(run.failures))
    for name, text in run.failures.items():
        print("###", name, text[:700])
    assert run.failures == {}
