"""What a session runs on, in words, by its user agent: enough for people to recognise their own."""

from __future__ import annotations

import re
from typing import NamedTuple

# The first that is found counts: Edge and Opera name themselves Chrome too, and Chrome names itself Safari.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
PHONES = frozenset({"iPhone", "iPad", "Android"})
PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")  # of a program that names itself: `curl/8.5.0`


class Device(NamedTuple):
    """`client`: a browser or a program; either is None where nothing tells."""

    client: str | None
    system: str | None

    @property
    def is_phone(self) -> bool:
        return self.system in PHONES

    def __str__(self) -> str:
        """In English, as the API says it."""
        if self.client and self.system:
            return f"{self.client} on {self.system}"
        return self.client or self.system or "Unknown"


def device_of(user_agent: str | None) -> Device:
    """Of any text that came as a User-Agent."""
    text = user_agent or ""
    system = next((name for piece, name in SYSTEMS if piece in text), None)
    client = next((name for piece, name in BROWSERS if piece in text), None)
    if client is None and not text.startswith("Mozilla/"):
        product = PRODUCT.match(text)
        client = product[0] if product else None
    return Device(client, system)
