"""Signatures against figures that others computed."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.webhooks import signatures

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, UTC)
ID = UUID("01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01")
STANDARD = "v1,jYgeqWb5Y06zRPUQ9FU1zx6CJ8cD9DpFpaAvAoM8XBI="  # by openssl
PLAIN = "80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c"  # by openssl


def test_the_key_is_that_of_standard_webhooks() -> None:
    signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + BODY  # the vector of its reference libraries
    made = base64.b64encode(hmac.digest(signatures.key_of(SECRET), signed, "sha256"))
    assert made == b"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_headers_of_a_try() -> None:
    assert signatures.headers(ID, AT, BODY, [SECRET]) == {
        "X-Webhook-Signature": PLAIN,
        "webhook-id": f"msg_{ID.hex}",
        "webhook-timestamp": "1614265330",
        "webhook-signature": STANDARD,
    }
    two = signatures.headers(ID, AT, BODY, [signatures.generate(), SECRET])
    assert (two["X-Webhook-Signature"], two["webhook-signature"].split(" ")[1]) == (PLAIN, STANDARD)
    assert two["webhook-signature"].count("v1,") == 2


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (SECRET, True),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), False),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), False),
        ("whsec_not base64 at all, is it", False),
        ("sixteen-letters!", True),
        ("fifteen-letters", False),
        ("x" * 200, True),
        ("x" * 201, False),
        ("sixteen letters and spaces", False),
        ("sixteen-letters-é", False),
        ("sixteen-letters\n", False),
    ],
)
def test_what_may_be_a_secret(text: str, is_one: bool) -> None:
    assert signatures.is_secret(signatures.generate())
    assert signatures.is_secret(text) is is_one
