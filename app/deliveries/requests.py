"""The request of a delivery as people may see it: secrets masked, personal values too unless they may see them, and as
a curl command that is safe to paste."""

from __future__ import annotations

import json
import logging
import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.core.exchange import Call
from app.destinations.base import SECRET_NAMES, masked
from app.outbound.kinds import Kinds, Owed

log = logging.getLogger(__name__)
TOKEN_VARIABLE = "$ACCESS_TOKEN"  # noqa: S105 - what stands in for a token
HASH = re.compile(r"[0-9a-fA-F]{64}")
SHOWN_OF_HASH = 8
SHOWN_OF_ADDRESS = {4: 24, 6: 48}  # leading bits
ADDRESS_NAMES = frozenset({"client_ip_address", "ip_address"})


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """`body_json_text` is indented JSON (empty without a body). `curl` carries the same values and is plain ASCII; its
    token is a shell variable."""

    method: str
    url: str
    headers: Mapping[str, str]
    body_json_text: str
    curl: str


def shown_request(kinds: Kinds, connection: Connection, owed: Owed, *, reveal: bool) -> ShownRequest | None:
    """The request as it would go out now for this delivery alone; None when it cannot be made, for its pixel or its
    event is gone. `reveal`: with hashes and network address in full. Never raises for what is stored."""
    try:
        call = kinds.get(owed.kind).rebuild(connection, owed)
    except SQLAlchemyError:
        raise
    except Exception:  # whatever the engine would bury as "could not be prepared" must not break a page either
        log.warning("a request could not be shown", exc_info=True, extra={"delivery_id": str(owed.id)})
        return None
    return None if call is None else shown(call, reveal=reveal)


def shown(call: Call, *, reveal: bool) -> ShownRequest:
    """Any call as people may see it; without `reveal` of an address that a person typed its host alone."""
    url = _host_alone(call.url) if call.is_guarded else call.url
    own = call if reveal else Call(call.method, url, _veiled(call.json), call.headers, call.body)
    seen = masked(own)
    body = json.dumps(seen["json"], ensure_ascii=False, indent=2, default=str) if own.json is not None else ""
    if own.body is not None:
        body = own.body.decode("utf-8", "replace")
    return ShownRequest(own.method, own.url, seen["headers"], body, curl(own))


def _host_alone(url: str) -> str:
    """Of an address that a person typed: what follows the host is the key of many a receiver."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/..."


def curl(call: Call) -> str:
    """The call for a POSIX shell. Everything is quoted and ASCII: nothing in it is run, and no control character
    reaches a terminal; curl itself is told to take URL and body as they are."""
    mark = secrets.token_hex(16)
    headers = {"Content-Type": "application/json", **call.headers} if call.json is not None else dict(call.headers)
    parts = ["curl", "--globoff", "--request", call.method]
    for name, value in headers.items():
        parts += ["--header", f"{name}: {mark if name.lower() in SECRET_NAMES else value}"]
    if call.json is not None:
        body = {name: mark if name.lower() in SECRET_NAMES else value for name, value in call.json.items()}
        parts += ["--data-raw", json.dumps(body, separators=(",", ":"), default=str).replace("\x7f", "\\u007f")]
    elif call.body is not None:
        parts += ["--data-raw", call.body.decode("ascii", "replace")]
    return " ".join(_quoted(_printable(part), mark) for part in [*parts, "--url", call.url])


def _printable(text: str) -> str:
    """JSON is escaped already; a header or URL of ours never holds what this drops."""
    return "".join(letter if letter == "\n" or " " <= letter <= "~" else "?" for letter in text)


def _quoted(text: str, mark: str) -> str:
    """For the shell, with the variable in place of the mark; a variable in double quotes is not looked at again."""
    return f'"{TOKEN_VARIABLE}"'.join(shlex.quote(part) if part else "" for part in text.split(mark)) or "''"


def _veiled(value: Any, name: str = "") -> Any:
    """Hashes and network addresses shortened, wherever they stand."""
    if isinstance(value, Mapping):
        return {key: _veiled(member, str(key)) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_veiled(member, name) for member in value]
    if not isinstance(value, str):
        return value
    if name in ADDRESS_NAMES:
        return _network(value)
    return f"{value[:SHOWN_OF_HASH]}…" if HASH.fullmatch(value) else value


def _network(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return "…"
    return str(ip_network(f"{address}/{SHOWN_OF_ADDRESS[address.version]}", strict=False))
