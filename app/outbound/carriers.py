"""The clients of one process: calls by HTTP, letters by SMTP."""

from __future__ import annotations

from app.core import http, smtp
from app.core.exchange import Call, Mail, Reply


class Carriers:
    """Sends each call by the client of its sort. Safe for any threads."""

    def __init__(self, web: http.Client) -> None:
        self._web = web
        self._post = smtp.Client()

    def send(self, call: Call | Mail, *, timeout_s: float) -> Reply:
        client = self._post if isinstance(call, Mail) else self._web
        return client.send(call, timeout_s=timeout_s)  # type: ignore[arg-type] # its own sort

    def cut(self) -> None:
        """Ends every call in hand at once, and every later one unsent."""
        self._web.cut()
        self._post.cut()

    def close(self) -> None:
        """Cuts, and closes idle connections."""
        self._web.close()
        self._post.close()
