"""From where a client's tokens may be used: the networks of callers, and the sites whose pages call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from app.core.addresses import read_address
from app.core.errors import Forbidden

MAX_PLACES = 50  # of either kind
LONGEST_NETWORK = 64
LONGEST_ORIGIN = 300
WRONG_ADDRESS = "This client may not be used from this address"
WRONG_ORIGIN = "This client may not be used by pages of this origin"
HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
DEFAULT_PORTS = {"http": 80, "https": 443}

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Places:
    """None of either: any."""

    networks: tuple[Network, ...] | None
    origins: frozenset[str] | None

    def refusal(self, address: str | None, origin: str | None) -> Forbidden | None:
        """Why a call from this address must not pass, or None. `address` is what trusted proxies tell, `origin` what a
        browser says; without an Origin no browser asks, and only the address counts."""
        if self.networks is not None and not _is_in(address, self.networks):
            return Forbidden(WRONG_ADDRESS)
        if self.origins is not None and origin is not None and origin not in self.origins:
            return Forbidden(WRONG_ORIGIN)
        return None


def places_of(addresses: Sequence[str] | None, origins: Sequence[str] | None) -> Places | None:
    """From a client's columns; None for a client that may be used from anywhere, so that it costs nothing."""
    if addresses is None and origins is None:
        return None
    networks = None if addresses is None else tuple(ip_network(text) for text in addresses)
    return Places(networks, None if origins is None else frozenset(origins))


def to_network(text: str) -> str | None:
    """`203.0.113.0/24`, `2001:db8::1`: an address or a network in its normal form, None for anything else. An IPv4
    address in an IPv6 one is the IPv4 address."""
    text = text.strip()
    if len(text) > LONGEST_NETWORK or "%" in text:
        return None
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        network = IPv4Network((mapped, network.prefixlen - 96))
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def to_origin(text: str) -> str | None:
    """`https://loja.example:8443` as browsers write it (lower-case, no default port); None for what is no whole
    origin."""
    text = text.strip()
    if len(text) > LONGEST_ORIGIN:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
    except ValueError:  # UnicodeError too
        return None
    host = f"[{host}]" if ":" in host else host
    if parts.scheme not in DEFAULT_PORTS or not HOST.fullmatch(host) or parts.path not in ("", "/"):
        return None
    if "@" in parts.netloc or any(mark in text for mark in "?#\\"):
        return None
    return (
        f"{parts.scheme}://{host}" if port in (None, DEFAULT_PORTS[parts.scheme]) else f"{parts.scheme}://{host}:{port}"
    )


def _is_in(address: str | None, networks: Sequence[Network]) -> bool:
    found = read_address(address)
    return found is not None and any(found in network for network in networks)
