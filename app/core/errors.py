"""Errors of the domain, and the one translator: JSON under /api, an alert fragment for HTMX, a page otherwise."""

from __future__ import annotations

import logging
import math
import random
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, cast

from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from sqlalchemy.exc import DBAPIError, NoResultFound, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import ObjectDeletedError
from werkzeug.exceptions import HTTPException

from app.core import wire
from app.core.htmx import is_htmx
from app.core.logs import request_id
from app.core.vault import VaultError

log = logging.getLogger(__name__)

Text: TypeAlias = str | LazyString  # English (a msgid, translated where a page shows it), or from lazy_gettext
RETRY_AFTER_S = 2
REFUSED_KEY = "kalitrack.refused"  # an AppError from before Flask, to be answered in the form that the path asks for
REQUEST_ID_KEY = "kalitrack.request_id"  # of the WSGI environment: no header can set it
SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


def N_(text: str) -> str:
    """Marks a msgid for extraction; it is translated where it is shown."""
    return text


MESSAGES = {
    400: N_("The request is malformed"),
    401: N_("Sign in first"),
    403: N_("You are not allowed to do this"),
    404: N_("Not found"),
    405: N_("This method is not allowed here"),
    409: N_("This was changed by someone else meanwhile"),
    413: N_("The request is too large"),
    415: N_("This content type is not supported"),
    422: N_("Some fields are not valid"),
    429: N_("Too many requests, try again later"),
    500: N_("Something went wrong on our side"),
    503: N_("The service is busy, try again shortly"),
}
CONFIRM = N_("Confirm that it is you first: your password or a code was last asked too long ago")
LOST_KEY = N_("A stored secret cannot be read with ENCRYPTION_KEYS: the key it was written with is gone")
LOST_KEY_ADVICE = N_(
    "Ask whoever runs Kalitrack to bring that key back, behind the newest one (flask doctor tells which secrets are"
    " meant). Where that is not possible, enter the secret again or make a new one."
)
TOO_OLD = N_("This page was open for too long: load it again and repeat")
UNKNOWN = N_("The request cannot be answered")


class AppError(Exception):
    """What the translator knows how to say.

    `fields` maps names as the caller wrote them to messages; `retry_after` is in seconds; `headers` are added, and so
    are the members of `extra` to the JSON that a program reads."""

    status: int = 500

    def __init__(
        self,
        message: Text | None = None,
        *,
        fields: Mapping[str, Text | Sequence[Text]] | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.status = status or self.status
        self.message: Text = message or MESSAGES.get(self.status, UNKNOWN)
        self.fields = {name: _several(texts) for name, texts in (fields or {}).items()}
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        super().__init__(self.message)


class Malformed(AppError):
    status = 400


class Invalid(AppError):
    """Fields that are wrong: `Invalid({"name": ["Already taken"]})`. 400 under /api, 422 on pages."""

    status = 400
    page_status: ClassVar[int] = 422

    def __init__(self, fields: Mapping[str, Text | Sequence[Text]], message: Text | None = None) -> None:
        first = next((texts[0] for texts in map(_several, fields.values()) if texts), MESSAGES[422])
        super().__init__(message or first, fields=fields)


class Unauthorized(AppError):
    status = 401

    def __init__(self, message: Text | None = None, *, challenge: str = "Bearer") -> None:
        super().__init__(message, headers={"WWW-Authenticate": challenge})


class Forbidden(AppError):
    status = 403


class Unconfirmed(AppError):
    """Signed in, but long ago for what is asked: the person says again who they are, and repeats it."""

    status = 403

    def __init__(self) -> None:
        super().__init__(CONFIRM, extra={"confirmRequired": True})


class NotFound(AppError):
    status = 404


class Conflict(AppError):
    """The state of things forbids it; `current` (a model or plain values) is the object as it is now."""

    status = 409

    def __init__(self, message: Text | None = None, current: Any = None) -> None:
        super().__init__(message)
        self.current = current


class TooLarge(AppError):
    status = 413


class UnsupportedType(AppError):
    status = 415


class TooMany(AppError):
    """`policy` names the limit, with its amount and the seconds of its window, and `remaining` says what is left of it
    (a call may cost more than one): told as `RateLimit` fields (draft-ietf-httpapi-ratelimit-headers)."""

    status = 429

    def __init__(
        self,
        retry_after: float,
        message: Text | None = None,
        *,
        policy: tuple[str, int, int] | None = None,
        remaining: int = 0,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after, extra=extra)
        if policy is not None:
            name, amount, seconds = policy
            self.headers["RateLimit-Policy"] = f'"{name}";q={amount};w={seconds}'
            self.headers["RateLimit"] = f'"{name}";r={remaining};t={max(1, math.ceil(retry_after))}'


class Unavailable(AppError):
    status = 503

    def __init__(self, retry_after: float = RETRY_AFTER_S, message: Text | None = None) -> None:
        super().__init__(message, retry_after=retry_after)


class LostKey(AppError):
    """What nearer code had no better answer for: no 500, since people can do something about it."""

    status = 503

    def __init__(self) -> None:
        super().__init__(LOST_KEY, extra={"advice": LOST_KEY_ADVICE})


def _several(texts: Text | Sequence[Text]) -> list[Text]:
    return list(texts) if isinstance(texts, list | tuple) else [texts]


def english(text: Text) -> str:
    """What the API says."""
    if isinstance(text, str):
        return text
    with force_locale("en"):
        return str(text)


def localized(text: Text) -> str:
    """What a page says, in the language of its reader."""
    return str(gettext(text)) if isinstance(text, str) else str(text)


def new_request_id() -> str:
    """The name of one HTTP exchange: 32 hex digits, unique but no secret."""
    return f"{random.getrandbits(128):032x}"


def begin_exchange(environ: dict[str, Any]) -> str:
    """Names this exchange, once for the front door and Flask together; logs find the name in `request_id`."""
    name: str = environ.get(REQUEST_ID_KEY) or environ.setdefault(REQUEST_ID_KEY, new_request_id())
    request_id.set(name)
    return name


def is_database_away(error: BaseException) -> bool:
    """Whether the database was busy or unreachable, as opposed to asked something wrong."""
    if isinstance(error, PoolTimeout):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    origin = error.orig if isinstance(error, OperationalError) else error
    if isinstance(origin, sqlite3.OperationalError):
        return getattr(origin, "sqlite_errorcode", 0) & 0xFF in SQLITE_AWAY  # the low byte: extended codes carry it
    return isinstance(error, OperationalError)  # psycopg keeps it for lost connections, shutdown, lack of resources


def as_app_error(error: Exception) -> AppError:
    """Any exception as one that can be told to the caller. What nobody foresaw is logged here, once, and told as a bare
    500."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, HTTPException):
        return _from_http(error)
    if isinstance(error, VaultError):
        log.error("a stored secret cannot be read in exchange %s: %s", request_id.get(), error)
        return LostKey()
    if is_database_away(error):
        log.warning("database away: %s", type(getattr(error, "orig", error)).__name__)
        return Unavailable()
    if isinstance(error, ObjectDeletedError | NoResultFound):  # by somebody else, meanwhile
        return NotFound()
    log.error("unexpected %s in exchange %s", type(error).__name__, request_id.get(), exc_info=error)
    return AppError()


def _from_http(error: HTTPException) -> AppError:
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "WWW-Authenticate")}
    message = TOO_OLD if isinstance(error, CSRFError) else None
    return AppError(message, status=error.code or 500, headers=kept)


def headers_of(error: AppError) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"} | error.headers
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return headers


def json_answer(error: AppError) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an error under /api; needs no Flask, so that the front door answers alike."""
    body: dict[str, Any] = {"error": english(error.message), **error.extra}
    if error.fields:
        body["fields"] = {name: [english(text) for text in texts] for name, texts in error.fields.items()}
    if isinstance(error, Conflict) and error.current is not None:
        body["current"] = error.current
    return error.status, headers_of(error) | {"Content-Type": "application/json"}, wire.dumps(body)


def is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def translate(exception: Exception) -> ResponseReturnValue:
    if isinstance(exception, HTTPException) and exception.response is not None:
        return cast(Response, exception.response)  # abort(a whole response)
    error = as_app_error(exception)
    if is_api(request.path):
        status, headers, body = json_answer(error)
        return Response(body, status, headers)
    status = getattr(error, "page_status", error.status)
    advice = localized(LOST_KEY_ADVICE) if isinstance(error, LostKey) else None
    response = Response(_html(status, localized(error.message), advice), status, headers_of(error))
    response.vary.add("HX-Request")
    return response


def _html(status: int, message: str, advice: str | None) -> str:
    template = "errors/_alert.html" if is_htmx() else "errors/page.html"
    try:
        return render_template(template, status=status, message=message, advice=advice, request_id=g.request_id)
    except Exception:  # the layout may need what just failed (the database); the reader still gets an answer
        log.exception("the error page of exchange %s cannot be rendered", g.request_id)
        return f"<!doctype html><title>{status}</title><p>{escape(message)}</p><p>{g.request_id}</p>"


def register(app: Flask) -> None:
    """Names every exchange and translates every exception of the app. Call it before anything else registers hooks."""
    app.before_request(_begin)
    app.after_request(_stamp)
    app.teardown_request(_end)
    app.register_error_handler(Exception, translate)


def _begin() -> None:
    g.request_id = begin_exchange(request.environ)
    if (refused := request.environ.get(REFUSED_KEY)) is not None:
        raise refused


def _end(_error: BaseException | None) -> None:
    request_id.set(None)  # what this thread logs later belongs to no exchange


def _stamp(response: Response) -> Response:
    response.headers["X-Request-Id"] = begin_exchange(request.environ)
    return response
