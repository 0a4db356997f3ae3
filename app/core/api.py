"""The one way of an API resource: who may call, what comes in, what goes out, and both under /api and /api/v1."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request
from pydantic import BaseModel

from app.core import wire
from app.core.access import PUBLIC, is_confirmed, on_denied
from app.core.errors import Forbidden, NotFound, Unauthorized, Unconfirmed
from app.core.jsonbody import check_content_encoding, check_content_type, parse, read_request
from app.core.schema import Out, Schema, validate, validate_query
from app.core.uploads import Upload, read_form

__all__ = [
    "Out",
    "Principal",
    "Schema",
    "Upload",
    "authenticate",
    "authenticate_with",
    "bearer_token",
    "current",
    "endpoint",
    "resource_blueprint",
]

BODY_LIMIT = 256 * 1024
PREFIXES = ("/api", "/api/v1")
PERMISSION = re.compile(r"[a-z_]+\.[a-z_]+")
BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{1,4096})", re.IGNORECASE)

View = Callable[..., Response]
Answers = Mapping[int, type[BaseModel] | None]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a person (`user_id`) or a client app (`client_id`) of an account, and what they may do there.
    `permissions` are "pixels.edit" strings, from the person's role or the client's scopes."""

    account_id: UUID
    permissions: frozenset[str]
    user_id: UUID | None = None
    client_id: UUID | None = None
    scopes: frozenset[str] = frozenset()


Authenticator = Callable[[str], Principal | None]
authenticators: list[Authenticator] = []


def authenticate_with(look_up: Authenticator) -> Authenticator:
    """Adds a kind of bearer token, once: `look_up(token)` gives its Principal, or None for a token it does not know."""
    if look_up not in authenticators:
        authenticators.append(look_up)
    return look_up


def bearer_token(authorization: str | None) -> str:
    """The token of an Authorization header. Raises Unauthorized; nothing else (cookie, query) ever carries one."""
    if not authorization:
        raise Unauthorized("Missing bearer token")
    match = BEARER.fullmatch(authorization.strip())
    if match is None:
        raise Unauthorized("Authorization must be a bearer token", challenge='Bearer error="invalid_request"')
    return match[1]


def authenticate(authorization: str | None) -> Principal:
    """The caller behind an Authorization header. Raises Unauthorized."""
    token = bearer_token(authorization)
    for look_up in authenticators:
        if (principal := look_up(token)) is not None:
            return principal
    raise Unauthorized("Invalid or expired token", challenge='Bearer error="invalid_token"')


def current() -> Principal:
    """The caller of this endpoint; a public endpoint has none (RuntimeError)."""
    principal: Principal | None = g.get("principal")
    if principal is None:
        raise RuntimeError("a public endpoint has no principal")
    return principal


@dataclass(frozen=True, slots=True)
class Operation:
    """What an endpoint promises: the wrapper keeps it, the OpenAPI document tells it."""

    summary: str
    permission: str | None  # None: public
    answers: Answers
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    description: str = ""
    tag: str = ""
    file: str | None = None  # the name of the file in a multipart body; `body` then tells its other fields
    confirmed: bool = False  # a person must have proved who they are within the last half hour
    media: tuple[str, ...] = ()  # what a 200 without a model is
    headers: tuple[tuple[str, str], ...] = ()  # that a caller may send beside the usual ones: name, what it does
    form: bool = False  # the body is a form (application/x-www-form-urlencoded)

    @property
    def success(self) -> int:
        return min((status for status in self.answers if status < 400), default=204)


def endpoint(
    *,
    summary: str,
    answers: Answers,
    permission: str | None = None,
    public: bool = False,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    limit: int = BODY_LIMIT,
    file: str | None = None,
    without_token: Callable[[], Principal | None] | None = None,
    confirmed: bool = False,
    media: tuple[str, ...] = (),
    tag: str = "",
) -> Callable[[Callable[..., Any]], View]:
    """Makes a view an API endpoint: bearer (401), permission (403), then the body (415, 413, 400) as `body=` and the
    query as `query=` arguments of the view. The view returns a model, a list or dict of plain values, (value, status),
    (value, status, headers), a Response, or None for 204; the status is else the first success of `answers`.
    With `file` the body is a form (multipart/form-data) with one file of that name, which the view gets as `upload=`;
    `body` is then the model of the other fields, and `limit` that of the file.
    `confirmed`: sensitive; a person who signed in (or confirmed) longer than half an hour ago gets 403 with
    `confirmRequired`.
    `media` names the content types of a 200 that is no model: a file, a page. `tag` is the group in the document, by
    default the first part of the path.
    `without_token` gives the Principal of a call without an Authorization header, where a setting lets anybody in.

    Raises TypeError at import when neither a permission nor `public=True` is given."""
    if public is (permission is not None):
        raise TypeError(f"endpoint {summary!r} needs either permission=… or public=True")
    if file is not None and body is None:
        raise TypeError(f"endpoint {summary!r} has a file but no body=… for the fields beside it")
    if permission is not None and not PERMISSION.fullmatch(permission):
        raise TypeError(f"{permission!r} is not a permission such as 'pixels.edit'")

    def decorate(view: Callable[..., Any]) -> View:
        _check_arguments(view, body=body, query=query)
        about = inspect.getdoc(view) or ""
        operation = Operation(
            summary, permission, answers, body, query, about, tag, file=file, confirmed=confirmed, media=media
        )

        @wraps(view)
        def answer(**arguments: Any) -> Response:
            if permission is not None:
                stranger = None if without_token is None or "Authorization" in request.headers else without_token()
                g.principal = stranger or _authorized(permission)
                if confirmed and not is_confirmed():
                    raise Unconfirmed
            if any(isinstance(value, str) and "\0" in value for value in arguments.values()):
                raise NotFound()  # no stored text holds a NUL, and PostgreSQL would not even be asked
            if query is not None:
                arguments["query"] = validate_query(query, request.args.items(multi=True))
            if body is not None and file is not None:
                arguments["upload"], arguments["body"] = read_form(body, file, limit)
            elif body is not None:
                arguments["body"] = validate(body, _json_body(limit))
            return _present(view(**arguments), operation)

        answer.operation = operation  # type: ignore[attr-defined]
        answer.permission = permission or PUBLIC  # type: ignore[attr-defined]
        return answer

    return decorate


def operation_of(view: Callable[..., Any] | None) -> Operation | None:
    return getattr(view, "operation", None)


def _check_arguments(view: Callable[..., Any], **models: type[BaseModel] | None) -> None:
    taken = inspect.signature(view).parameters
    for name, model in models.items():
        if (name in taken) is (model is None):
            raise TypeError(f"{view.__qualname__} and its endpoint disagree about {name}=")


def _authorized(permission: str) -> Principal:
    principal = authenticate(request.headers.get("Authorization"))
    if permission not in principal.permissions:
        for told in on_denied if principal.user_id is not None else ():
            told(permission)
        raise Forbidden(f"This token does not carry the permission {permission}")
    return principal


def _json_body(limit: int) -> dict[str, Any]:
    check_content_type(request.headers.get("Content-Type"))
    check_content_encoding(request.headers.get("Content-Encoding"))
    return parse(read_request(request.environ, limit))


def _present(result: Any, operation: Operation) -> Response:
    response = result if isinstance(result, Response) else _to_response(result, operation)
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Authorization")
    return response


def _to_response(result: Any, operation: Operation) -> Response:
    value, status, headers = (*result, None, None)[:3] if isinstance(result, tuple) else (result, None, None)
    if value is None:
        return Response(status=status or 204, headers=headers)
    return Response(wire.dumps(value), status or operation.success, headers, mimetype="application/json")


class Resource(Blueprint):
    """A blueprint whose rules all exist under /api and /api/v1, one endpoint name for both, and which takes nothing
    but endpoints."""

    def __init__(self, name: str, import_name: str, path: str) -> None:
        super().__init__(name, import_name)
        self.path = path

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        if operation_of(view_func) is None:
            raise TypeError(f"{self.path}{rule} is not an @endpoint")
        for prefix in PREFIXES:
            super().add_url_rule(f"{prefix}{self.path}{rule}", endpoint, view_func, False, **options)


def resource_blueprint(name: str, import_name: str, url_prefix: str) -> Resource:
    """The blueprint of a resource; `url_prefix` is "/pixels" (or "/api/pixels"), its root rule is "".

    It only takes bearer tokens, so create_app exempts each one from CSRF by name."""
    path = url_prefix.removeprefix("/api")
    if not path.startswith("/") or path.endswith("/"):
        raise TypeError(f"{url_prefix!r} is not a path such as '/pixels'")
    return Resource(name, import_name, path)
