"""Serves the document (/api/openapi.json) and its pages (/api/docs, /api/docs/<group>)."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Flask, Response, render_template

from app.core.api import Resource, endpoint
from app.core.errors import NotFound
from app.core.openapi import page
from app.core.openapi.build import build
from app.core.openapi.callers import CallersOf, nobody_told
from app.core.openapi.samples import Call, curl

TAG = "document"


def register(app: Flask, public_url: str, callers_of: CallersOf = nobody_told) -> None:
    """The document is built once, at the first request, when every feature has registered its routes."""
    pages = Resource("api_document", __name__, "")
    document_once = cache(lambda: build(app, public_url, callers_of))
    operations_once = cache(lambda group: page.operations(document_once(), group))
    app.jinja_env.filters.update(pieces=page.pieces, pretty=page.pretty)

    @pages.get("/openapi.json")
    @endpoint(summary="This document", public=True, answers={200: None}, media=("application/json",), tag=TAG)
    def openapi_json() -> dict[str, Any]:
        return document_once()

    @pages.get("/docs")
    @endpoint(summary="This document as a page", public=True, answers={200: None}, media=("text/html",), tag=TAG)
    def docs() -> Response:
        hello = curl(Call("GET", f"{public_url}/api/auth/me", page.PERSON))
        return _shown("api/index.html", groups=page.groups(document_once()), hello=hello)

    @pages.get("/docs/<group>")
    @endpoint(
        summary="The calls of one group as a page", public=True, answers={200: None}, media=("text/html",), tag=TAG
    )
    def group(group: str) -> Response:
        found = operations_once(group)
        if not found:
            raise NotFound()
        return _shown("api/group.html", groups=page.groups(document_once()), group=group, operations=found)

    app.register_blueprint(pages)


def _shown(template: str, **context: Any) -> Response:
    return Response(render_template(template, **context))
