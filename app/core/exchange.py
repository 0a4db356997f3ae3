"""What goes out and what comes back: plain values that adapters build and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.core.mail_server import MailServer

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to an outside system, complete: `core.http.send` adds nothing but transport."""

    method: str
    url: str
    json: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # instead of `json`, when the exact bytes matter (signatures)
    is_guarded: bool = False  # to a URL that a person typed: only public addresses, and the status alone decides


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail, complete: `core.smtp.Client.send` adds nothing but transport. Its reply has an SMTP code as `status`
    and, as the header `Stage`, what was being said when the server answered. `server` None: there is none to be asked.
    """

    server: MailServer | None
    hello: str  # by which name we greet
    sender: str
    recipient: str
    message: bytes = field(repr=False)
    veiled: frozenset[str] = field(default=frozenset(), repr=False)  # what opens doors: taken out of any answer


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. A network fault is a reply too: `status` None and `error` in words.

    `error` is `Timeout`, `Connection failed`, `Too large` or another short sentence; `body` is capped by the client.
    """

    status: int | None
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    duration_ms: int
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Json:
        """The body as an object; empty when it is none (HTML pages, lists, cut bodies)."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Verdict(StrEnum):
    """How one attempt ended; the policy in `outbound` decides what follows."""

    SENT = "sent"
    RETRY = "retry"
    THROTTLED = "throttled"
    GONE = "gone"
    AUTH = "auth"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An adapter's reading of a reply. `detail` is shown to people; `after_s` is the wait the platform asked for.
    `is_brief`: worth a few quick tries and no long ones, since the fault looks like the call's own."""

    verdict: Verdict
    detail: str = ""
    after_s: float | None = None
    is_brief: bool = False

    @classmethod
    def sent(cls, detail: str = "") -> Outcome:
        return cls(Verdict.SENT, detail)

    @classmethod
    def retry(cls, detail: str, after_s: float | None = None, is_brief: bool = False) -> Outcome:
        return cls(Verdict.RETRY, detail, after_s, is_brief)

    @classmethod
    def throttled(cls, detail: str, after_s: float | None = None) -> Outcome:
        """Costs no attempt and slows the whole target."""
        return cls(Verdict.THROTTLED, detail, after_s)

    @classmethod
    def gone(cls, detail: str) -> Outcome:
        return cls(Verdict.GONE, detail)

    @classmethod
    def auth(cls, detail: str) -> Outcome:
        """Pauses the target until a person repairs its credentials; burns no attempt."""
        return cls(Verdict.AUTH, detail)

    @classmethod
    def rejected(cls, detail: str) -> Outcome:
        return cls(Verdict.REJECTED, detail)
