"""What is left of a masked address, and who sees it."""

from __future__ import annotations

import pytest
from flask import Flask, g

from app.core import masking


@pytest.mark.parametrize(
    ("email", "seen"),
    [
        ("maria.silva@example.com", "m•••@e•••.com"),
        ("m@x.com.br", "m•••@x•••.br"),
        ("no address", "•••"),
        ("@example.com", "•••"),
        ("maria@localhost", "•••"),
        ("", "•••"),
    ],
)
def test_an_address_keeps_two_letters(email: str, seen: str) -> None:
    assert masking.masked_email(email) == seen


@pytest.mark.parametrize(
    ("phone", "seen"), [("+55 (11) 99999-1234", "•••1234"), ("1234567", "•••"), ("", "•••"), ("no phone", "•••")]
)
def test_a_phone_keeps_four_digits(phone: str, seen: str) -> None:
    assert masking.masked_phone(phone) == seen


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3::4", "2001:db8:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("203.0.113.0", "203.0.113.0"),
        ("no address", "•••"),
    ],
)
def test_a_network_address_keeps_its_network(address: str, seen: str) -> None:
    assert masking.masked_address(address) == seen


def test_only_who_is_to_see_less_sees_less() -> None:
    app = Flask("test")
    masking.init_app(app)
    template = app.jinja_env.from_string("{{ email | seen_email }} {{ none | seen_address }}")
    assert masking.masks_people() is False  # a job is no viewer
    with app.test_request_context():
        assert template.render(email="ana@example.com") == "ana@example.com None"
        g.masks_people = True
        assert template.render(email="ana@example.com") == "a•••@e•••.com None"
        assert masking.seen_phone("+5511999991234") == "•••1234"
        assert masking.seen_address("203.0.113.77") == "203.0.113.0"
