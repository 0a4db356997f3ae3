"""What is documented: the operations under /api, as their endpoints declare them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from pydantic import BaseModel
from werkzeug.routing import Rule

from app.core.api import Answers, Operation, operation_of

NOT_IN_NAMES = re.compile(r"\W+")
VARIABLE = re.compile(r"<(?:(?P<converter>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_by_hand: dict[tuple[str, str], Operation] = {}


def document(
    path: str,
    method: str,
    *,
    summary: str,
    answers: Answers,
    permission: str | None = None,
    public: bool = False,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    description: str = "",
    tag: str = "",
    form: bool = False,
    headers: tuple[tuple[str, str], ...] = (),
) -> None:
    """Documents what is answered outside `@endpoint` (the front door's paths), under its path without /v1 as in the URL
    map: "/api/tracking/events". A later call for the same path and method replaces the earlier one. `headers` are those
    that a caller may send beside the usual ones, each with what it does."""
    if public is (permission is not None):
        raise TypeError(f"{method} {path} needs either permission=… or public=True")
    told = Operation(summary, permission, answers, body, query, description, tag, form=form, headers=headers)
    _by_hand[path, method.upper()] = told


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, with what it promises."""

    rule: Rule
    method: str
    operation: Operation

    @property
    def path(self) -> str:
        return VARIABLE.sub(r"{\g<name>}", self.rule.rule)

    @property
    def id(self) -> str:
        """Such as get_pixels_id: made of what never changes, so that generated clients keep their names."""
        return NOT_IN_NAMES.sub("_", f"{self.method.lower()}{self.path.removeprefix('/api')}").rstrip("_")

    @property
    def tag(self) -> str:
        return self.operation.tag or self.path.split("/")[2]


def routes(app: Flask) -> Iterator[Route]:
    """Every documented operation under /api; its twin under /api/v1 is the same and is left out."""
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/") or rule.rule.startswith("/api/v1/"):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = _by_hand.get((rule.rule, method)) or operation_of(app.view_functions.get(rule.endpoint))
            if operation is not None:
                yield Route(rule, method, operation)


def undocumented(app: Flask) -> list[str]:
    """The rules under /api and /api/v1 that the document does not tell: must be empty, a test says so."""
    known = {(route.rule.rule, route.method) for route in routes(app)}
    missing = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = rule.rule.replace("/api/v1/", "/api/", 1)
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            missing += [f"{method} {rule.rule}" for method in sorted(methods) if (path, method) not in known]
    return missing
