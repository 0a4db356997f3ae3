"""What an own rule may ask for."""

from __future__ import annotations

import pytest

from app.core.errors import Invalid
from app.opens.rules.models import RuleKind
from app.opens.rules.patterns import clean

AGENT, NETWORK = RuleKind.AGENT, RuleKind.NETWORK


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        (NETWORK, " 203.0.113.7 ", "203.0.113.7/32"),
        (NETWORK, "203.0.113.7/24", "203.0.113.0/24"),
        (NETWORK, "2001:DB8::1/48", "2001:db8::/48"),
        (NETWORK, "::ffff:203.0.113.7", "203.0.113.7/32"),
        (NETWORK, "fe80::1%eth0", "fe80::1/128"),
        (NETWORK, "10.0.0.0/8", "10.0.0.0/8"),
        (AGENT, " Acme  Scanner ", "Acme  Scanner"),
        (AGENT, "Thunderbird", "Thunderbird"),
        (AGENT, "iPhone", "iPhone"),
    ],
)
def test_a_pattern_is_stored_tidily(kind: RuleKind, typed: str, stored: str) -> None:
    assert clean(kind, typed) == stored
    assert clean(kind, stored) == stored


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (NETWORK, "203.0.113.999"), (NETWORK, "0.0.0.0/0"), (NETWORK, "0.0.0.0/7"), (NETWORK, "::/0"),
        (NETWORK, "::ffff:0.0.0.0/96"), (NETWORK, "example.com"), (NETWORK, ""), (NETWORK, "1" * 5000),
        (AGENT, "ab"), (AGENT, "\u200b\u202e\x00 a"), (AGENT, "MOZILLA/"), (AGENT, "like gecko"), (AGENT, "x" * 201),
        (AGENT, "5.0"), (AGENT, "ozi"),
    ],
)  # fmt: skip
def test_one_that_is_none_or_takes_in_everybody_is_refused(kind: RuleKind, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean(kind, typed)
    assert list(refused.value.fields) == ["pattern"]
