"""P13: what a browser fetches for its first page, with all assets, and for each later one: gzipped, with headers."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection
from urllib.parse import urljoin, urlsplit

from bench.drains import preload
from bench.fill import fill_opens
from bench.goals import Bench, Goal, check
from bench.pictures import upload
from bench.stand import KWAI_EVENT, Stand, stand

FIRST, LATER = 200_000, 30_000  # bytes
FIRST_PAGES = ("/login", "/", "/opens", "/events")
APART = ("/api/", "/health/", "/metrics", "/logout", "/login", "/setup", "/attention/bell", "/open.gif")  # no pages
OPENS, EVENTS = 2_000, 100
LINKED = {"stylesheet", "icon", "preload", "modulepreload", "manifest", "apple-touch-icon"}
IN_CSS = re.compile(r"""url\(\s*['"]?(?!data:)([^'")]+)""")
HOST = "127.0.0.1"


def run(bench: Bench) -> list[Goal]:
    opens = bench.scale.requests or OPENS
    with stand(bench.folder) as product:
        upload(product)
        fill_opens(product, opens, bench.scale.days)
        preload(product, KWAI_EVENT, EVENTS)
        cookie = product.browser().get_cookie(_cookie_name(product))
        assert cookie is not None
        with product.web() as (_web, port):
            first = {
                path: _Browser(port, path != "/login" and cookie.value, cookie.key).visit(path) for path in FIRST_PAGES
            }
            browser = _Browser(port, cookie.value, cookie.key)
            browser.visit("/profile")
            later = {path: browser.visit(path) for path in _paths(product)}
    check(min(first.values()) > 20_000, f"a first page without its assets: {first}")
    bench.say(f"first: {first}; later: {later}")
    return [
        _goal("first page with all its assets", first, FIRST),
        _goal(f"later page, the heaviest of {len(later)}", later, LATER),
    ]


def _cookie_name(product: Stand) -> str:
    from app.accounts import sessions

    return sessions.cookie_name(product.settings)


def _goal(what: str, weights: dict[str, int], most: int) -> Goal:
    path = max(weights, key=lambda each: weights[each])
    return Goal(
        "P13", what, f"{weights[path] / 1000:.1f} KB ({path})", "none", f"{weights[path] / most:.2f}",
        f"≤ {most / 1000:.0f} KB", weights[path] <= most, (), {"bytes": weights},
    )  # fmt: skip


def _paths(product: Stand) -> list[str]:
    """Every page that takes no argument, and the document of the API."""
    rules = (rule for rule in product.app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments)
    return ["/api/docs", *sorted(rule.rule for rule in rules if not rule.rule.startswith(APART))]


@dataclass(slots=True)
class _Browser:
    """Fetches pages as a browser does: gzipped, following redirects, keeping what may be kept."""

    port: int
    token: str | bool
    cookie: str
    kept: set[str] = field(default_factory=set)

    def visit(self, path: str) -> int:
        """Bytes that came over the wire for the page and for all that it loads by itself."""
        weight, body = self._fetch(path)
        wanted = _Assets()
        wanted.feed(body)
        queue = [urljoin(path, link) for link in wanted.links]
        while queue:
            link = queue.pop()
            if link in self.kept or urlsplit(link).netloc:
                continue
            more, text = self._fetch(link)
            weight += more
            if urlsplit(link).path.endswith(".css"):
                queue += [urljoin(link, found) for found in IN_CSS.findall(text)]
        return weight

    def _fetch(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection(HOST, self.port, timeout=20)
        headers = {"Accept-Encoding": "gzip", "User-Agent": "Mozilla/5.0 bench"}
        if self.token:
            headers["Cookie"] = f"{self.cookie}={self.token}"
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        weight = len(body) + sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 17
        connection.close()
        location = answer.headers.get("Location")
        if answer.status in (301, 302, 303, 307, 308) and location:
            more, text = self._fetch(urljoin(path, location))
            return weight + more, text
        check(answer.status == 200, f"{path} answered {answer.status}")
        if "max-age" in (answer.headers.get("Cache-Control") or ""):
            self.kept.add(path)
        return weight, (gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body).decode(
            "utf-8", "replace"
        )


class _Assets(HTMLParser):
    """What a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "link" and LINKED & set(told.get("rel", "").split()):
            self.links.append(told.get("href", ""))
        elif tag in ("script", "img") and told.get("src") and not told["src"].startswith("data:"):
            self.links.append(told["src"])
        if "hx-get" in told and "load" in told.get("hx-trigger", "").split():
            self.links.append(told["hx-get"])
