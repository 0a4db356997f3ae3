"""Which addresses a URL that a person typed may lead to (facts/security.md 53 and 55)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

NOT_ALLOWED = "Address not allowed"
LEADS_INSIDE = f"{NOT_ALLOWED}: it leads to a private or reserved network"
NOT_FOLLOWED = "Redirect not followed"  # it could lead anywhere
Network = IPv4Network | IPv6Network


class NotAllowed(OSError):
    """A name that leads, with any of its answers, to an address that may not be called."""


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(each) for each in text.split())


# `ALLOW_PRIVATE_TARGETS` opens these: one's own networks, among them the shared space that private meshes use.
PRIVATE = _networks("10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7")
# Nothing opens these. Clouds tell their machines' credentials at link-local addresses and at the six that follow them.
NEVER = _networks(
    "0.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24"
    " 224.0.0.0/4 240.0.0.0/4 100.100.100.200/32 168.63.129.16/32"
    " fe80::/10 fd00:ec2::/32 fd20:ce::254/128 fec0::/10 ff00::/8 2001::/23 2001:db8::/32 2002::/16 3fff::/20"
)
GLOBAL = ip_network("2000::/3")  # all of IPv6 that is given out; IPv4 in disguise (::/96, NAT64) lies outside


def is_allowed(address: str, *, allow_private: bool) -> bool:
    """Of an address as a resolver answers (`93.184.215.14`, `2606:4700::1111`, `fe80::1%eth0`). A mapped IPv4 address
    is judged as what it maps to; other forms that carry one (6to4, NAT64, `::1.2.3.4`) are not allowed at all."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if any(found in network for network in NEVER):
        return False
    if any(found in network for network in PRIVATE):
        return allow_private
    return found.is_global and (found.version == 4 or found in GLOBAL)
