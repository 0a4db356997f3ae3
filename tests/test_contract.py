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
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.config import SchemathesisConfig
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
    # /deliveries/cancel is /deliveries/{id} too, whose methods its address also has
    "allow_header_conformance",
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

    def call(self, case: Case) -> int:
        """One call, judged by every check that makes sense; its status."""
        self.valkey.flushall()  # limits are told, and would hide everything behind them
        headers = self.credentials(case.operation)
        response = case.call(headers=headers)
        self.calls[response.status_code] += 1
        if case.method not in ("GET", "HEAD") and response.status_code < 400:
            self.admin, self.headers = None, {}
        try:
            case.validate_response(response, checks=judges(), headers=headers)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.failures[f"{case.operation.label}: {failure.title}"] = f"{failure}\n{case.as_curl_command()}"
        return int(response.status_code)

    def __str__(self) -> str:
        own = sum(number for status, number in self.calls.items() if status >= 500)
        told = sum("Undocumented" in name for name in self.failures)
        each = ", ".join(f"{status}: {number}" for status, number in sorted(self.calls.items()))
        return f"{self.calls.total()} calls ({each}); 5xx: {own}; undocumented answers: {told}"


def judges() -> list[Any]:
    checks.load_all_checks()
    return [checks.CHECKS.get_one(name) for name in checks.CHECKS.get_all_names() if name not in LEFT_OUT]


def call_with_chance(
    operation: APIOperation[Any, Any], run: Run, mode: GenerationMode, examples: int, *, ours: bool
) -> None:
    """Calls with made-up values; with `ours` about an object that is there."""
    named = ours_of(operation, run)
    chosen = {"path_parameters": named} if ours and named else {}
    strategy = operation.as_strategy(generation_mode=mode, **chosen)

    @seed(20261122)
    @hypothesis_settings(
        max_examples=examples,
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


def call_as_shown(operation: APIOperation[Any, Any], run: Run) -> None:
    """The document's own example, about an object that is there: people begin with it."""
    body = operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        shown = {name: value for name, value in body["example"].items() if name != "version"}  # ours is another
        made = {"path_parameters": ours_of(operation, run), "body": shown, "media_type": "application/json"}
        run.call(operation.Case(**made))


def ours_of(operation: APIOperation[Any, Any], run: Run) -> dict[str, str]:
    steps = zip(operation.path.split("/"), filled(operation.path, run.objects).split("/"), strict=True)
    return {name[1:-1]: id_ for name, id_ in steps if name.startswith("{")}


def call_at_the_edges(operation: APIOperation[Any, Any], run: Run) -> None:
    """Each value at each of its limits, missing fields, methods that nobody named: the long form's own."""
    generation = operation.schema.config.generation
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    for case in operation.schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=generation):
        run.call(case)


@pytest.mark.timeout(7200 if MANY else 120)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_operation_keeps_its_promises(app: Flask, valkey_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})  # ours, always
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=config)
    operations = [found.ok() for found in schema.get_all_operations()]
    with redis.Redis.from_url(valkey_url) as valkey:
        run = Run(app, make_everything(app, new_user(app, "admin")), valkey)
        for operation in sorted(operations, key=lambda one: (one.method == "delete", "/tracking" not in one.path)):
            call_as_shown(operation, run)
            call_with_chance(operation, run, GenerationMode.POSITIVE, MANY or 1, ours=True)
            call_with_chance(operation, run, GenerationMode.NEGATIVE, MANY or 2, ours=True)
            if MANY:
                call_with_chance(operation, run, GenerationMode.POSITIVE, MANY, ours=False)
                call_at_the_edges(operation, run)
    with capsys.disabled():
        print(f"\n{len(operations)} operations, {run}")
    assert run.failures == {}
    assert run.calls.total() >= 2 * len(operations)
