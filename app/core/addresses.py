"""Network addresses as proxies, sockets and callers write them."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

LONGEST = 64
Address = IPv4Address | IPv6Address


@lru_cache(4096)  # the same few callers again and again
def read_address(text: str | None) -> Address | None:
    """An address from what a proxy or socket says (`1.2.3.4:5123`, `[2001:db8::1]:443`, `fe80::1%eth0`), without port
    and zone; None for anything else. A mapped IPv4 address is an IPv4 address."""
    text = (text or "").strip()
    if len(text) > LONGEST:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
