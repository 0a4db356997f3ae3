"""The front door: the few hot paths answered in front of Flask, dressed as Flask's own answers are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
        self._dress = security_headers(is_html=False, private=True, tls=tls)
        self._dressed_names = {name for name, _ in self._dress}

    def add(self, paths: Iterable[str], methods: Mapping[str, Handler]) -> None:
        for path in paths:
            self._table[path] = dict(methods)

    def stand_before(self, app: Flask) -> None:
        """Puts itself in front of the app's routing, and declares the same paths to Flask over the same handlers, so
        that url_map, permission and OpenAPI tests see them."""
        view = public(lambda: self._flask_view())  # the handlers judge the caller themselves
        for path, methods in self._table.items():
            name = f"frontdoor:{path}"
            app.add_url_rule(path, name, view, methods=list(methods), provide_automatic_options=False)
        inner = app.wsgi_app
        table = self._table

        def wsgi_app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            handlers = table.get(environ["PATH_INFO"])
            if handlers is None:
                take_body(environ, self.seats)
                return inner(environ, start_response)
            return self._answer(handlers, environ, start_response)

        app.wsgi_app = wsgi_app  # type: ignore[method-assign]

    def _flask_view(self) -> Response:
        answer = self._call(self._table[request.path], request.environ)
        response = Response(answer.body, answer.status, answer.headers)
        if answer.content_type:
            response.content_type = answer.content_type
        return response

    def _answer(
        self, handlers: Mapping[str, Handler], environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        name = begin_exchange(environ)
        answer = self._call(handlers, environ)
        body = answer.body
        headers = [*answer.headers, ("X-Request-Id", name), ("Content-Length", str(len(body)))]
        if answer.content_type:
            headers.append(("Content-Type", answer.content_type))
        headers += self._dress
        if not self._dressed_names.isdisjoint(name for name, _ in answer.headers):  # a handler's own header stays
            own = {name for name, _ in answer.headers}
            headers = [*answer.headers, *(pair for pair in headers[len(answer.headers) :] if pair[0] not in own)]
        metrics.count_request(environ["PATH_INFO"], answer.status)  # one of the table's paths
        start_response(STATUS_LINES[answer.status], headers)
        request_id.set(None)
        return [body]

    def _call(self, handlers: Mapping[str, Handler], environ: Environ) -> Answer:
        handler = handlers.get(environ["REQUEST_METHOD"])
        if handler is None:
            return Answer(405, {"error": "This method is not allowed here"}, [("Allow", ", ".join(sorted(handlers)))])
        try:
            return handler(environ)
        except Exception as error:
            status, headers, body = json_answer(as_app_error(error))
            return Answer(status, body, list(headers.items()))
