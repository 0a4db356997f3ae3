"""What an own rule may ask for: pieces of a user agent and networks that do not match nearly everybody."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_network

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid
from app.opens.rules.models import RuleKind

SHORTEST_AGENT, LONGEST = 3, 200
WIDEST = {4: 8, 6: 16}
TOO_MANY = 3  # of EVERYDAY that a piece may not match
EVERYDAY = tuple(
    agent.casefold()
    for agent in (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/7.0; Microsoft Outlook 16.0.17328; ms-office)",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    )
)


def clean(kind: RuleKind, text: str) -> str:
    """The pattern as it is stored. Raises Invalid for `pattern`."""
    text = "".join(each for each in text if each.isprintable()).strip()  # what nobody sees matches nothing
    if len(text) > LONGEST:
        raise Invalid(fields={"pattern": _l("At most %(number)s characters.", number=LONGEST)})
    return _network(text) if kind is RuleKind.NETWORK else _agent(text)


def _agent(text: str) -> str:
    if len(text) < SHORTEST_AGENT:
        raise Invalid(fields={"pattern": _l("At least %(number)s characters.", number=SHORTEST_AGENT)})
    if sum(text.casefold() in agent for agent in EVERYDAY) >= TOO_MANY:
        raise Invalid(fields={"pattern": _l("Nearly every program has this in its name. Take a rarer piece.")})
    return text


def _network(text: str) -> str:
    try:
        found = ip_network(text.partition("%")[0], strict=False)  # the zone of a link-local address means nothing here
    except ValueError:
        message = _l("An address or network, for example 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48.")
        raise Invalid(fields={"pattern": message}) from None
    if isinstance(found, IPv6Network):
        mapped = found.network_address.ipv4_mapped
        if mapped is not None and found.prefixlen >= 96:  # opens are told of as plain IPv4
            found = ip_network((mapped, found.prefixlen - 96), strict=False)
    if found.prefixlen < WIDEST[found.version]:
        raise Invalid(fields={"pattern": _l("This network is too wide: it would take in half of the world.")})
    return str(found)
