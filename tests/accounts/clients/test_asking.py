"""Reading a request for a token: strictly, and refusing in RFC 6749's words."""

from __future__ import annotations

import base64

import pytest

from app.accounts.clients.granting import asking
from app.accounts.clients.granting.asking import FORM, Asked, GrantRefused
from app.core.errors import UnsupportedType

GIVEN = b"grant_type=client_credentials&client_id=a&client_secret=b"


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("body", "authorization", "asked"),
    [
        (GIVEN, None, Asked("a", "b", "client_credentials", None)),
        (GIVEN + b"&scope=x+y%20x&audience=z", None, Asked("a", "b", "client_credentials", frozenset({"x", "y"}))),
        (GIVEN + b"&scope=", None, Asked("a", "b", "client_credentials", None)),
        (b"grant_type=password", basic("a%3Ab:c:d"), Asked("a:b", "c:d", "password", None)),
        (b"client_id=a", basic("a:b"), Asked("a", "b", None, None)),
    ],
)
def test_the_form_and_basic_are_read(body: bytes, authorization: str | None, asked: Asked) -> None:
    assert asking.read(f"{FORM}; charset=UTF-8", body, authorization) == asked


@pytest.mark.parametrize(
    ("body", "authorization", "code", "status"),
    [
        (b"grant_type=client_credentials", None, "invalid_client", 401),
        (b"client_id=a&client_secret=", None, "invalid_client", 401),
        (GIVEN + b"&scope=x&scope=y", None, "invalid_request", 400),
        (GIVEN + b"&client_id=a", None, "invalid_request", 400),
        (GIVEN, basic("a:b"), "invalid_request", 400),
        (b"client_id=other", basic("a:b"), "invalid_request", 400),
        (GIVEN + b"%00", None, "invalid_request", 400),
        (GIVEN + b"%ff", None, "invalid_request", 400),
        (b"\xff" + GIVEN, None, "invalid_request", 400),
        (b"&".join(b"p%d=1" % number for number in range(30)), None, "invalid_request", 400),
        (b"", "Bearer kt_live_x", "invalid_client", 401),
        (b"", "Basic !!!", "invalid_client", 401),
        (b"", "Basic", "invalid_client", 401),
        (b"", basic("no colon"), "invalid_client", 401),
        (b"", basic("a:%00"), "invalid_client", 401),
        (b"", "Basic " + "A" * 8000, "invalid_client", 401),
    ],
)
def test_what_is_wrong_is_told_by_its_code(body: bytes, authorization: str | None, code: str, status: int) -> None:
    with pytest.raises(GrantRefused) as refusal:
        asking.read(FORM, body, authorization)
    assert (refusal.value.message, refusal.value.status) == (code, status)
    assert refusal.value.extra["error_description"]
    assert ("WWW-Authenticate" in refusal.value.headers) is (status == 401)


@pytest.mark.parametrize("kind", [None, "application/json", "multipart/form-data"])
def test_only_a_form_is_taken(kind: str | None) -> None:
    with pytest.raises(UnsupportedType):
        asking.read(kind, GIVEN, None)
