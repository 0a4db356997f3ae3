"""The headers that let the one configured origin's scripts read an answer."""

from __future__ import annotations

from app.core.errors import AppError, as_app_error
from app.core.frontdoor import Answer, Environ, Handler
from app.core.steps import Steps

ALLOWED = (
    ("Access-Control-Allow-Methods", "POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Prefer"),
    ("Access-Control-Max-Age", "600"),
)


class Cors:
    """`origin` is compared whole; None lets nobody in."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin

    def preflight(self, environ: Environ) -> Answer:
        """Answered without credentials, as browsers ask."""
        allowed = ALLOWED if self._is_ours(environ) else ()
        return Answer(204, b"", [*self._headers(environ), *allowed])

    def around(self, handler: Handler) -> Handler:
        """The handler with the headers on everything it answers: a script could not read a refusal without them."""

        def answer(environ: Environ) -> Steps[Answer]:
            try:
                begun = handler(environ)
                given = begun if isinstance(begun, Answer) else (yield from begun)
            except Exception as error:
                raise self._dressed(as_app_error(error), environ) from None
            given.headers += self._headers(environ)
            return given

        return answer

    def _dressed(self, error: AppError, environ: Environ) -> AppError:
        error.headers |= dict(self._headers(environ))
        return error

    def _headers(self, environ: Environ) -> list[tuple[str, str]]:
        """`Vary` either way, since the answer depends on it."""
        if self._is_ours(environ):
            return [("Vary", "Origin"), ("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"])]
        return [("Vary", "Origin")]

    def _is_ours(self, environ: Environ) -> bool:
        return self._origin is not None and environ.get("HTTP_ORIGIN") == self._origin
