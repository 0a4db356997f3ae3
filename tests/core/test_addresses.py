"""What is read as a network address, and what is not."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from app.core.addresses import read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("203.0.113.7:5123", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("", None),
        ("unknown", None),
        ("203.0.113.256", None),
        ("203.0.113", None),
        ("0x7f.1", None),
        ("_hidden", None),
        ("<script>", None),
        ("1" * 5000, None),
        ("203.0.113.7, 10.0.0.1", None),
        ("[", None),
        (":", None),
        ("%", None),
    ],
)
def test_an_address_is_an_address_or_nothing(text: str, address: str | None) -> None:
    assert read_address(text) == (address and ip_address(address))
