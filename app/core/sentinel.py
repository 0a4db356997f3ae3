"""`redis+sentinel://[:password@]host:port,host:port/<master>/<db>`: a form no library reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

DEFAULT_PORT = 26379
_FORM = re.compile(
    r"redis\+sentinel://(?::(?P<password>[^@]*)@)?(?P<hosts>[^/@]+)/(?P<master>[^/]+)(?:/(?P<db>\d{1,3}))?"
)


@dataclass(frozen=True, slots=True)
class SentinelPlace:
    hosts: list[tuple[str, int]]
    master: str
    db: int
    password: str | None


def parse_sentinel(url: str) -> SentinelPlace:
    """Raises ValueError for any other form."""
    match = _FORM.fullmatch(url)
    if match is None:
        raise ValueError("must be redis+sentinel://[:password@]host:port,host:port/<master>/<db>")
    hosts = []
    for part in match["hosts"].split(","):
        host, _, port = part.partition(":")
        hosts.append((host, int(port or DEFAULT_PORT)))
    password = unquote(match["password"]) if match["password"] else None
    return SentinelPlace(hosts, match["master"], int(match["db"] or 0), password)
