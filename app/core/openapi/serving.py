"""Serves the document (/api/openapi.json) and its pages (/api/docs, /api/docs/<group>)."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Flask, Response, g, render_template, request

from app.core.api import Resource, endpoint
from app.core.errors import NotFound
from app.core.i18n import LOCALE_COOKIE, LOCALES
from app.core.openapi import page
from app.core.openapi.build import build
from app.core.openapi.callers import CallersOf, nobody_told
from app.core.openapi.samples import Call, curl
from app.core.shell import keep_in_browser

TAG = "document"


def register(app: Flask, public_url: str, callers_of: CallersOf = nobody_told) -> None:
    """The document is built once, at the first request, when every feature has registered its routes."""
    pages = Resource("api_document", __name__, "")
    document_once = cache(lambda: build(app, public_url, callers_of))
    operations_once = cache(lambda group: page.operations(document_once(), group))

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
        if group not in page.groups(document_once()):  # nothing is kept of names that people make up
            raise NotFound()
        found = operations_once(group)
        words = {"pieces": page.pieces, "pretty": page.pretty}
        return _shown("api/group.html", groups=page.groups(document_once()), group=group, operations=found, **words)

    app.register_blueprint(pages)


def _shown(template: str, **context: Any) -> Response:
    """In the language of the address (?lang=en, which is kept as the switch of other pages does), of the cookie, or of
    the browser: these pages are read by people who have no account yet."""
    asked = request.args.get("lang")
    if asked in LOCALES:
        g.locale = asked
    elif LOCALE_COOKIE not in request.cookies:
        g.locale = "en" if request.accept_languages.best_match(("pt-BR", "pt", "en")) == "en" else None
    response = Response(render_template(template, **context))
    if asked in LOCALES:
        keep_in_browser(response, {LOCALE_COOKIE: asked})
    response.vary.add("Accept-Language")
    return response
