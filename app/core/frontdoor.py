"""The front door: the few hot paths answered in front of Flask, dressed as Flask's own answers are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request

from app.core import metrics, wire
from app.core.access import public
from app.core.bodies import take_body
from app.core.browser_headers import security_headers
from app.core.errors import as_app_error, begin_exchange, json_answer
from app.core.logs import request_id
from app.core.seats import Seats

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(slots=True)
class Answer:
    """What a handler gives back: `payload` is JSON unless it is bytes already."""

    status: int
    payload: Mapping[str, Any] | bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    is_dressed: bool = False  # its headers are those of `FrontDoor.dressed`

    @property
    def body(self) -> bytes:
        return self.payload if isinstance(self.payload, bytes) else wire.dumps(self.payload)

    @property
    def content_type(self) -> str | None:
        return None if isinstance(self.payload, bytes) else "application/json"  # bytes bring their own


Handler = Callable[[Environ], Answer]


class FrontDoor:
    """The table of hot paths. Handlers are WSGI-level: they get the environment and raise `AppError`s."""

    def __init__(self, tls: bool, threads: int) -> None:
        self.seats = Seats(threads)
        self._table: dict[str, dict[str, Handler]] = {}
        self._prefixes: dict[str, dict[str, Handler]] = {}
        self._dress = security_headers(is_html=False, private=True, tls=tls)
        self._dressed_names = {name for name, _ in self._dress}

    def add(self, paths: Iterable[str], methods: Mapping[str, Handler]) -> None:
        for path in paths:
            self._table[path] = dict(methods)

    def add_prefix(self, prefix: str, methods: Mapping[str, Handler]) -> None:
        """Everything below `prefix`, which ends with a slash."""
        self._prefixes[prefix] = dict(methods)

    def dressed(self, headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """A handler's own headers, completed by those of every answer: made once, for `Answer(…, is_dressed=True)`."""
        own = {name for name, _ in headers}
        return [*headers, *(pair for pair in self._dress if pair[0] not in own)]

    def stand_before(self, app: Flask) -> None:
        """Puts itself in front of the app's routing, and declares the same paths to Flask over the same handlers, so
        that url_map, permission and OpenAPI tests see them."""
        view = public(lambda **_rest: self._flask_view())  # the handlers judge the caller themselves
        rules = self._table | {f"{prefix}<path:rest>": methods for prefix, methods in self._prefixes.items()}
        for rule, methods in rules.items():
            name = f"frontdoor:{rule}"
            app.add_url_rule(rule, name, view, methods=list(methods), provide_automatic_options=False)
        inner = app.wsgi_app

        def wsgi_app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            route, handlers = self._find(environ["PATH_INFO"])
            if handlers is None:
                take_body(environ, self.seats)
                return inner(environ, start_response)
            return self._answer(route, handlers, environ, start_response)

        app.wsgi_app = wsgi_app  # type: ignore[method-assign]

    def _find(self, path: str) -> tuple[str, Mapping[str, Handler] | None]:
        """The handlers of a path, and the route by which it is counted."""
        handlers = self._table.get(path)
        if handlers is None:
            stem = f"/{path.lstrip('/')}" if path.startswith("//") else path  # of an address put together carelessly
            for prefix, methods in self._prefixes.items():
                if stem.startswith(prefix):
                    return prefix, methods
        return path, handlers

    def _flask_view(self) -> Response:
        handlers = self._find(request.path)[1]
        assert handlers is not None
        answer = self._call(handlers, request.environ)
        response = Response(answer.body, answer.status, answer.headers)
        if answer.content_type:
            response.content_type = answer.content_type
        return response

    def _answer(
        self, route: str, handlers: Mapping[str, Handler], environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        name = begin_exchange(environ)
        answer = self._call(handlers, environ)
        body = answer.body
        headers = [*answer.headers, ("X-Request-Id", name), ("Content-Length", str(len(body)))]
        if answer.content_type:
            headers.append(("Content-Type", answer.content_type))
        if not answer.is_dressed:
            headers = self._dress_up(headers, len(answer.headers))
        metrics.count_request(route, answer.status)
        start_response(STATUS_LINES[answer.status], headers)
        request_id.set(None)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _dress_up(self, headers: list[tuple[str, str]], own_number: int) -> list[tuple[str, str]]:
        """The handler's own headers are the first ones, and stay."""
        own = {name for name, _ in headers[:own_number]}
        if self._dressed_names.isdisjoint(own):
            return headers + self._dress
        return [*headers, *(pair for pair in self._dress if pair[0] not in own)]

    def _call(self, handlers: Mapping[str, Handler], environ: Environ) -> Answer:
        handler = handlers.get(environ["REQUEST_METHOD"])
        if handler is None:
            return Answer(405, {"error": "This method is not allowed here"}, [("Allow", ", ".join(sorted(handlers)))])
        try:
            return handler(environ)
        except Exception as error:
            status, headers, body = json_answer(as_app_error(error))
            return Answer(status, body, list(headers.items()))
