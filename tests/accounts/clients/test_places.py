"""From where a client's tokens may be used."""

from __future__ import annotations

import pytest

from app.accounts.clients.places import places_of, to_network, to_origin


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 10.1.2.3/8 ", "10.0.0.0/8"),
        ("203.0.113.7/32", "203.0.113.7"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::/0", "::/0"),
        ("10.0.0.0/33", None),
        ("010.0.0.1", None),
        ("10.0.0", None),
        ("fe80::1%eth0", None),
        ("example.com", None),
        ("1" * 5000, None),
        ("", None),
    ],
)
def test_networks_are_kept_in_their_normal_form(text: str, network: str | None) -> None:
    assert to_network(text) == network


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://www.example.com", "https://www.example.com"),
        ("HTTPS://WWW.Example.com:443/", "https://www.example.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://loja.são.example", "https://loja.xn--so-sia.example"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://www.example.com/page", None),
        ("https://www.example.com?x", None),
        ("https://ana@example.com", None),
        ("https://*.example.com", None),
        ("https://example.com:99999", None),
        ("javascript://example.com", None),
        ("www.example.com", None),
        ("null", None),
        ("https://" + "a" * 300, None),
        ("https://[::1", None),
        ("https://", None),
    ],
)
def test_origins_are_kept_as_browsers_write_them(text: str, origin: str | None) -> None:
    assert to_origin(text) == origin


@pytest.mark.parametrize(
    ("address", "passes"),
    [
        ("203.0.113.7", True),
        ("10.255.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("[2001:db8::5]:443", True),
        ("10.0.0.1:5555", True),
        ("11.0.0.1", False),
        ("2001:db9::1", False),
        ("::10.0.0.1", False),
        ("unknown", False),
        ("", False),
        (None, False),
        ("1" * 5000, False),
    ],
)
def test_only_callers_of_the_networks_pass(address: str | None, passes: bool) -> None:
    places = places_of(["10.0.0.0/8", "2001:db8::/32", "203.0.113.7"], None)
    assert places is not None
    assert (places.refusal(address, "https://anywhere.example") is None) is passes


@pytest.mark.parametrize(
    ("origin", "passes"),
    [
        (None, True),  # a server
        ("https://loja.example", True),
        ("https://loja.example.evil.example", False),
        ("http://loja.example", False),
        ("https://loja.example:8443", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_pages_of_the_origins_pass(origin: str | None, passes: bool) -> None:
    places = places_of(None, ["https://loja.example"])
    assert places is not None
    assert (places.refusal(None, origin) is None) is passes


def test_a_client_without_either_is_not_looked_at() -> None:
    assert places_of(None, None) is None
