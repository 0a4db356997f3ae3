"""The front door: the few hot paths answered in front of Flask, dressed as Flask's own answers are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.core import metrics, steps, wire
from app.core.access import public
from app.core.bodies import take_body
from app.core.browser_headers import security_headers
from app.core.errors import as_app_error, begin_exchange, json_answer
from app.core.logs import request_id
from app.core.seats import Seats
from app.core.steps import Steps
from app.core.writer import Writer

EXTENSION = "kalitrack.front_door"
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


Handler = Callable[[Environ], Answer | Steps[Answer]]
Handlers = Mapping[str, Handler]


class FrontDoor:
    """The table of hot paths. Handlers are WSGI-level: they get the environment, yield what they wait for (`steps`) and
    raise `AppError`s. A thread of any WSGI server runs them, or our own server's event loop."""

    def __init__(self, tls: bool, threads: int, writer: Writer) -> None:
        self.seats = Seats(threads)
        self.writer = writer
        self._table: dict[str, dict[str, Handler]] = {}
        self._prefixes: dict[str, dict[str, Handler]] = {}
        self._most_bytes: dict[str, int] = {}
        self.judge_proxies: Callable[[Environ], object] = lambda _environ: None
        self._dress = security_headers(is_html=False, private=True, tls=tls)
        self._dressed_names = {name for name, _ in self._dress}

    def add(self, paths: Iterable[str], methods: Mapping[str, Handler], most_bytes: int = 0) -> None:
        """`most_bytes`: of the bodies that its handlers read."""
        for path in paths:
            self._table[path] = dict(methods)
            self._most_bytes[path] = most_bytes

    def most_bytes(self, route: str) -> int:
        return self._most_bytes.get(route, 0)

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
            route, handlers = self.find(environ["PATH_INFO"])
            if handlers is None:
                take_body(environ, self.seats)
                return inner(environ, start_response)
            return self._answer(route, handlers, environ, start_response)

        app.wsgi_app = wsgi_app  # type: ignore[method-assign]
        app.extensions[EXTENSION] = self

    def trust(self, hops: int) -> None:
        """Where nobody else did it before: the address and scheme that so many proxies told."""
        proxies = ProxyFix(lambda _environ, _start: (), x_for=hops, x_proto=hops, x_host=0)
        self.judge_proxies = lambda environ: proxies(environ, _start_nothing)  # type: ignore[arg-type]

    def find(self, path: str) -> tuple[str, Handlers | None]:
        """The handlers of a path, and the route by which it is counted."""
        handlers = self._table.get(path)
        if handlers is None:
            stem = f"/{path.lstrip('/')}" if path.startswith("//") else path  # of an address put together carelessly
            for prefix, methods in self._prefixes.items():
                if stem.startswith(prefix):
                    return prefix, methods
        return path, handlers

    def _flask_view(self) -> Response:
        handlers = self.find(request.path)[1]
        assert handlers is not None
        answer = self.answer(handlers, request.environ)
        response = Response(answer.body, answer.status, answer.headers)
        if answer.content_type:
            response.content_type = answer.content_type
        return response

    def _answer(
        self, route: str, handlers: Handlers, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        name = begin_exchange(environ)
        answer = self.answer(handlers, environ)
        body = answer.body
        start_response(STATUS_LINES[answer.status], self.sent(route, answer, name, len(body)))
        request_id.set(None)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def answer(self, handlers: Handlers, environ: Environ) -> Answer:
        """Runs a handler to its end in this thread."""
        try:
            begun = self.begin(handlers, environ)
            return begun if isinstance(begun, Answer) else steps.run(begun, self.writer)
        except Exception as error:
            return refusal(error)

    def begin(self, handlers: Handlers, environ: Environ) -> Answer | Steps[Answer]:
        """The answer, or the steps that lead to it."""
        handler = handlers.get(environ["REQUEST_METHOD"])
        if handler is None:
            return Answer(405, {"error": "This method is not allowed here"}, [("Allow", ", ".join(sorted(handlers)))])
        return handler(environ)

    def sent(self, route: str, answer: Answer, name: str, length: int) -> list[tuple[str, str]]:
        """Counts an answer that goes out now and gives its headers. `name` is the exchange's, `length` the body's."""
        metrics.count_request(route, answer.status)
        headers = [*answer.headers, ("X-Request-Id", name), ("Content-Length", str(length))]
        if answer.content_type:
            headers.append(("Content-Type", answer.content_type))
        return headers if answer.is_dressed else self._dress_up(headers, len(answer.headers))

    def _dress_up(self, headers: list[tuple[str, str]], own_number: int) -> list[tuple[str, str]]:
        """The handler's own headers are the first ones, and stay."""
        own = {name for name, _ in headers[:own_number]}
        if self._dressed_names.isdisjoint(own):
            return headers + self._dress
        return [*headers, *(pair for pair in self._dress if pair[0] not in own)]


def _start_nothing(*_: object) -> None:
    """For an app that answers nothing."""


def refusal(error: Exception) -> Answer:
    """What is answered instead."""
    status, headers, body = json_answer(as_app_error(error))
    return Answer(status, body, list(headers.items()))
