"""The address of a webhook as a person types it, made safe to store (facts/security.md 52)."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

import idna

from app.core.errors import N_
from app.core.guard import is_allowed

LONGEST = 2000
LONGEST_HOST = 253
PORTS = {80, 443, 8443}
OWN_PORT = {"http": 80, "https": 443}
KEPT = "/?:@!$&'()*+,;=-._~%[]"  # of path and query; all else is escaped
WHOLE = re.compile(r"(https?)://([^/?#]+)([^#]*)", re.ASCII | re.IGNORECASE)
AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", re.ASCII)
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)  # what browsers and resolvers take for the end of an IPv4 address

TOO_LONG = N_("At most 2000 characters.")
NO_ADDRESS = N_("Enter a whole address, such as https://www.example.com/hooks.")
ODD_CHARACTERS = N_("Without spaces, control characters and backslashes.")
HTTPS_ONLY = N_("The address must begin with https://.")
NO_USER = N_("Without user name and password: use a header of your own instead.")
NO_FRAGMENT = N_("Without the part after #, which is never sent.")
BAD_HOST = N_("The name of the host is not valid.")
ODD_NUMBER = N_("Write a numeric address as 192.0.2.1 or [2001:db8::1].")
BAD_PORT = N_("Only ports 80, 443 and 8443.")
INSIDE = N_("This address is not allowed: it leads to a private or reserved network.")


def check(url: str, *, https_only: bool, any_port: bool) -> str:
    """The address with scheme and host in lower case, the host in ASCII, its own port left out. Raises ValueError with
    a msgid. `any_port`: of an installation that calls its own network; private addresses in numbers pass too. Names
    are looked up only when they are called, since their answers change."""
    if len(url) > LONGEST:
        raise ValueError(TOO_LONG)
    if any(letter <= " " or letter == "\\" or not letter.isprintable() or letter.isspace() for letter in url):
        raise ValueError(ODD_CHARACTERS)
    if "#" in url:
        raise ValueError(NO_FRAGMENT)
    found = WHOLE.fullmatch(url)
    if found is None:
        raise ValueError(NO_ADDRESS)
    scheme, authority, rest = found[1].lower(), found[2], found[3]
    if https_only and scheme != "https":
        raise ValueError(HTTPS_ONLY)
    if "@" in authority:
        raise ValueError(NO_USER)
    parts = AUTHORITY.fullmatch(authority)
    if parts is None:
        raise ValueError(BAD_HOST)
    host = _host(parts[1], allow_private=any_port)
    cleaned = f"{scheme}://{host}{_port(parts[2], scheme, any_port)}{quote(rest, safe=KEPT)}"
    if len(cleaned) > LONGEST:
        raise ValueError(TOO_LONG)
    return cleaned


def _port(text: str | None, scheme: str, any_port: bool) -> str:
    port = OWN_PORT[scheme] if text is None else int(text)
    if not 0 < port < 65536 or not (any_port or port in PORTS):
        raise ValueError(BAD_PORT)
    return "" if port == OWN_PORT[scheme] else f":{port}"


def _host(text: str, allow_private: bool) -> str:
    if text.startswith("["):
        return f"[{_literal(IPv6Address, text[1:-1], allow_private)}]"
    name = _in_ascii(text)
    labels = name.split(".")
    if NUMBER.fullmatch(labels[-1]):
        return _literal(IPv4Address, name, allow_private)
    if len(name) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in labels):
        raise ValueError(BAD_HOST)
    if labels[-1] == "localhost" and not allow_private:
        raise ValueError(INSIDE)
    return name


def _literal(kind: type[IPv4Address] | type[IPv6Address], text: str, allow_private: bool) -> str:
    """In its one plain spelling; a zone names an interface of this machine, and is none."""
    try:
        address = kind(text)
    except (AddressValueError, ValueError):
        raise ValueError(ODD_NUMBER) from None
    if "%" in text:
        raise ValueError(ODD_NUMBER)
    if not is_allowed(str(address), allow_private=allow_private):
        raise ValueError(INSIDE)
    return str(address)


def _in_ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise ValueError(BAD_HOST) from None
