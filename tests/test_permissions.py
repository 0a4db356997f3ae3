"""Who may what, line by line: every role, client, stranger and account against every method of every path."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.accounts.clients.service import Scope
from app.accounts.models import User
from app.accounts.roles import PERMISSIONS, Role
from app.accounts.second_factor import pending
from app.core import clock, openapi
from app.core.access import PUBLIC
from app.core.db import write
from app.core.runtime import runtime
from tests import matrix
from tests.everything import VARIABLE, filled, make_everything
from tests.matrix import Line
from tests.opens.images.samples import made
from tests.people import Browser, bearer, new_account, new_browser, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KNOWN = frozenset().union(*PERMISSIONS.values()) | {"events.write", "stats.read", PUBLIC}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BROKEN = b'{"half": '
NUMBERS = count()
# Judged by more than the permission: who did not start a job may stop it as an administrator or manager only, and gets
# its file only where people are not masked for them.
STOPPING, CLEAR = {Role.ADMIN, Role.MANAGER}, set(Role) - {Role.VIEWER}
NARROWER = {"jobs.stop": STOPPING, "api_jobs.stop": STOPPING, "jobs.file": CLEAR, "api_jobs.file": CLEAR}


ANYBODYS = {"api_views.views"}  # any text is an id that nothing was opened of: an empty list
ANYBODYS |= {"outbox.passed_on"}  # a letter that is gone, which any moment may bring, is said on the list
ANYBODYS |= {  # a topic is no account's object
    "alerts.edit", "alerts.update", "alerts.switch", "api_alerts.rule", "api_alerts.update",
}  # fmt: skip
ABOUT_ONESELF = re.compile(r"/providers/|/login/")  # no id, but the name of a provider


@dataclass
class Caller:
    """A person of a role, made anew when a call may have changed or ended them."""

    app: Flask
    role: str
    account_id: Any = None
    used: bool = True
    browser: Browser = field(init=False)
    token: dict[str, str] = field(init=False)
    csrf: str = field(init=False)

    def ready(self) -> None:
        if self.used:
            email = f"{self.role}-{next(NUMBERS)}@example.com"
            person = new_user(self.app, self.role, self.account_id, email=email)
            self.browser, self.token = sign_in(self.app, person), bearer(self.app, person)
            self.csrf, self.used = self.browser.csrf_token(), False

    def call(self, line: Line, path: str, **body: Any) -> TestResponse:
        self.ready()
        if line.is_api:
            answer = self.browser.open(path, method=line.method, headers=self.token, **body)
        else:
            headers = {} if line.method == "GET" else {"X-CSRFToken": self.csrf}
            answer = self.browser.open(path, method=line.method, headers=headers)
        self.used = line.method != "GET" and answer.status_code < 400
        return answer


@pytest.fixture
def lines(app: Flask) -> list[Line]:
    """What changes least comes first."""
    gone = ("delete", "revoke", "remove", "clear", "end", "disable")
    found = [line for line in matrix.lines(app) if line.permission != PUBLIC]
    return sorted(found, key=lambda line: (line.method != "GET", line.method == "DELETE", line.path.endswith(gone)))


@pytest.fixture
def objects(app: Flask) -> dict[str, str]:
    return make_everything(app, new_user(app, "admin", email="owner@example.com"))


def is_denied(line: Line, answer: TestResponse) -> bool:
    """Refused for who asks. Intake knows clients only: a person's token is none to it."""
    return answer.status_code == (401 if line.endpoint.startswith("frontdoor:") else 403)


def is_sent_to_sign_in(line: Line, answer: TestResponse) -> bool:
    if line.is_api:
        return answer.status_code == 401
    return answer.status_code == 303 and answer.headers["Location"].startswith("/login?next=")


def test_every_route_names_a_permission_that_exists_or_is_public(app: Flask) -> None:
    assert [line for line in matrix.lines(app) if line.permission not in KNOWN] == []


def test_both_prefixes_of_the_api_lead_to_the_same_view(app: Flask) -> None:
    rules = {rule.rule: (rule.endpoint, rule.methods) for rule in app.url_map.iter_rules()}
    firsts = {path: told for path, told in rules.items() if path.startswith("/api/") and "/v1/" not in path}
    seconds = {path.replace("/api/v1/", "/api/"): told for path, told in rules.items() if path.startswith("/api/v1/")}
    assert firsts.keys() == seconds.keys()
    assert {path for path in firsts if permission(app, firsts[path][0]) != permission(app, seconds[path][0])} == set()


def permission(app: Flask, endpoint: str) -> Any:
    return getattr(app.view_functions[endpoint], "permission", None)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_reaches_what_the_table_says_and_nothing_else(
    app: Flask, lines: list[Line], objects: dict[str, str], role: Role
) -> None:
    caller, wrong = Caller(app, role), {}
    for line in lines:
        expected = role not in NARROWER.get(line.endpoint, line.roles)
        body = {"data": BROKEN, "content_type": "application/json"} if line.is_api and line.method != "GET" else {}
        answer = caller.call(line, filled(line.path, objects), **body)
        if is_denied(line, answer) is not expected or answer.status_code in (405, 500):
            wrong[line.method, line.path] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("scope", list(Scope))
def test_a_client_reaches_what_its_scope_names(
    app: Flask, lines: list[Line], objects: dict[str, str], scope: Scope
) -> None:
    owner = bearer(app, new_user(app, "admin", email="maker@example.com"))
    web = app.test_client()
    made = web.post("/api/clients", json={"name": scope, "scopes": [scope], "allPixels": True}, headers=owner)
    token = {"Authorization": f"Bearer {made.get_json()['token']}"}
    wrong = {}
    for line in (line for line in lines if line.is_api):
        answer = web.open(filled(line.path, objects), method=line.method, headers=token, data=b"")
        if (answer.status_code == 403) is (scope in line.scopes):
            wrong[line.method, line.path] = answer.status_code
    assert wrong == {}


def test_nobody_and_who_is_half_signed_in_are_sent_to_sign_in(
    app: Flask, lines: list[Line], objects: dict[str, str]
) -> None:
    wrong = {}
    for browser in (new_browser(app), half_signed_in(app)):
        csrf = browser.csrf_token()
        for line in lines:
            headers = {} if line.is_api else {"X-CSRFToken": csrf}
            answer = browser.open(filled(line.path, objects), method=line.method, headers=headers, data=b"")
            if not is_sent_to_sign_in(line, answer):
                wrong[line.method, line.path] = answer.status_code
    assert wrong == {}


def half_signed_in(app: Flask) -> Browser:
    """Whose password was right, and whose code is awaited."""
    person, browser = new_user(app, "admin"), new_browser(app)
    with app.app_context(), write() as store:
        token = pending.begin(store, store.get_one(User, person.id), clock.now())
    browser.set_cookie(pending.cookie_name(runtime(app).settings), token)
    return browser


def test_what_is_public_asks_for_nobody(app: Flask, anonymous: Browser) -> None:
    public = [line for line in matrix.lines(app) if line.permission == PUBLIC and not VARIABLE.search(line.path)]
    answers = {(line.method, line.path): anonymous.open(line.path, method=line.method) for line in public}
    assert len(answers) > 10
    refused = {key for key, answer in answers.items() if is_refused(answer)}
    assert refused == set()


def is_refused(answer: TestResponse) -> bool:
    return answer.status_code == 403 or "/login?next" in answer.headers.get("Location", "")


def test_what_is_another_accounts_is_not_found(app: Flask, lines: list[Line], objects: dict[str, str]) -> None:
    stranger = Caller(app, "admin", new_account(app))
    bodies, wrong, seen = examples(app), {}, Counter[str]()
    for line in lines:
        if not VARIABLE.search(line.path) or line.endpoint in ANYBODYS or ABOUT_ONESELF.search(line.path):
            continue
        answer = stranger.call(line, filled(line.path, objects), **bodies.get((line.method, line.path), {}))
        seen[line.path] += 1
        expected = 403 if "admin" not in line.roles else 404
        if answer.status_code != expected:
            wrong[line.method, line.path] = (answer.status_code, answer.text[:100])
    assert wrong == {}
    assert len(seen) > 40


def examples(app: Flask) -> dict[tuple[str, str], dict[str, Any]]:
    """Good bodies, as the document gives them, so that the object is what is wrong."""
    api, found = openapi.build(app, "http://x"), {}
    for route in openapi.routes(app):
        body = api["paths"][route.path][route.method.lower()].get("requestBody", {}).get("content", {})
        if "application/json" in body:
            found[route.method, route.rule.rule] = {"json": body["application/json"]["example"]}
        elif "multipart/form-data" in body:
            form = {"data": {"file": (BytesIO(made()), "logo.png")}, "content_type": "multipart/form-data"}
            found[route.method, route.rule.rule] = form
    return found


def test_a_method_that_is_not_listed_is_405(app: Flask, objects: dict[str, str]) -> None:
    caller, known = Caller(app, "admin"), app.url_map.bind("localhost")
    caller.ready()
    made = objects | {"image": "logo.png", "error": "404", "": "x"}
    urls = {filled(line.path, defaultdict(lambda: "x", made)) for line in matrix.lines(app)}
    wrong, calls = {}, 0
    for url in sorted(urls):
        for method in set(METHODS) - set(known.allowed_methods(url)):
            headers = caller.token if url.startswith("/api/") else {"X-CSRFToken": caller.csrf}
            status = caller.browser.open(url, method=method, headers=headers).status_code
            calls += 1
            if status != 405:
                wrong[method, url] = status
    assert wrong == {}
    assert calls > 300


def test_the_table_in_the_docs_is_of_this_version(app: Flask) -> None:
    assert matrix.FILE.read_text("utf-8") == matrix.table(app), "run: python -m tests.matrix"
