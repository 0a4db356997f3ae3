"""One call made and read, for the senders of a worker and for the button that sends a test: no database, no lease."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Protocol, TypeVar
from urllib.parse import quote, quote_plus

from app.core import clock, faults
from app.core.exchange import Call, Mail, Outcome, Reply
from app.core.http import CUT, encode
from app.core.redaction import scrub
from app.outbound.kinds import RESPONSE_LIMIT
from app.outbound.results import How

DETAIL_LIMIT = 500
SHORTEST_SECRET = 8  # a shorter one is a word of many answers, which would be read wrong without it
ELLIPSIS = "…".encode()
CUT_DETAIL = "Cut by shutdown: it may have arrived"
Sort = TypeVar("Sort", contravariant=True)
Built = TypeVar("Built", Call, Call | Mail)


class Unsendable(Exception):
    """Raised by an adapter's `build`, with words for people: there is no sending this, and no defect either."""


class Carrier(Protocol[Sort]):
    """What makes calls of some sort: `core.http.Client`, `Carriers`."""

    def send(self, call: Sort, *, timeout_s: float) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one call came to, its words scrubbed. `call` is None when none could be built, and for e-mail, which nobody
    is shown; `fault` is a defect of ours, in building or in reading, for the caller to log."""

    outcome: Outcome | list[Outcome]
    how: How
    started_at: datetime
    call: Call | None = None
    duration_ms: int = 0
    http_status: int | None = None
    response: str | None = None
    is_answered: bool = False
    fault: Exception | None = None


def exchange(
    client: Carrier[Built],
    build: Callable[[], Built],
    read: Callable[[Reply], Outcome | list[Outcome]],
    *,
    timeout_s: float,
    secret: str = "",
    others: Sequence[str] = (),
    response_limit: int = RESPONSE_LIMIT,
) -> Exchange:
    """Builds a call, makes it and reads the answer; raises nothing for what an adapter or a platform does. Of the
    answer, `secret` and `others` are taken out before anybody reads it: a platform may quote the token that it
    refuses. `response_limit`: characters that are kept of it."""
    started_at = clock.now()
    try:
        call = _whole(build())
    except Unsendable as refusal:
        return Exchange(Outcome.rejected(_words(str(refusal))), How.UNBUILT, started_at, fault=refusal)
    except Exception as error:
        return Exchange(Outcome.rejected(_failed("built", error)), How.UNBUILT, started_at, fault=error)
    faults.point("before_send")
    reply = _without((secret, *others), client.send(call, timeout_s=timeout_s))
    faults.point("after_send")
    outcome, how, fault = _outcome(read, reply)
    # NUL: PostgreSQL takes none, and one platform's odd answer must not hold up everybody's results
    response = scrub(reply.text, response_limit).replace("\x00", "") if reply.body else reply.error
    one = Exchange(outcome, how, started_at, None, reply.duration_ms, None, response, reply.status is not None, fault)
    return replace(one, call=call, http_status=reply.status) if isinstance(call, Call) else one


def _whole(call: Built) -> Built:
    """With the bytes of its body, so that what is kept of a call is what went out."""
    if isinstance(call, Call) and call.json is not None and call.body is None:
        return replace(call, body=encode(call.json))
    return call


def _outcome(
    read: Callable[[Reply], Outcome | list[Outcome]], reply: Reply
) -> tuple[Outcome | list[Outcome], How, Exception | None]:
    if reply.error == CUT:
        return Outcome.retry(CUT_DETAIL), How.CUT, None
    try:
        said = read(reply)
        return [_clean(each) for each in said] if isinstance(said, list) else _clean(said), How.CALL, None
    except Exception as error:
        return Outcome.rejected(_failed("read", error)), How.CALL, error


def _clean(outcome: Outcome) -> Outcome:
    """An adapter's words may quote the platform, and a platform may quote our token."""
    if not outcome.detail:
        return outcome
    return replace(outcome, detail=_words(outcome.detail))


def _words(text: str) -> str:
    return scrub(text, DETAIL_LIMIT).replace("\x00", "")


def _without(secrets: Iterable[str], reply: Reply) -> Reply:
    body = reply.body
    for secret in sorted(secrets, key=len, reverse=True):
        for form in _forms(secret) if len(secret) >= SHORTEST_SECRET else ():
            body = body.replace(form, ELLIPSIS)
    return reply if body is reply.body else replace(reply, body=body)


@lru_cache(256)
def _forms(secret: str) -> list[bytes]:
    """How an answer may quote it: as it is, in JSON (once more inside a text of JSON) and in a URL; the longest first,
    for one may hold another."""
    in_json = [encode(secret)[1:-1].decode(), json.dumps(secret)[1:-1]]
    found = {secret, *in_json, *(encode(text)[1:-1].decode() for text in in_json)}
    found |= {text.replace("/", "\\/") for text in found} | {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return [form.encode() for form in sorted(found, key=len, reverse=True)]


def _failed(verb: str, error: Exception) -> str:
    return f"Could not be {verb} ({type(error).__name__})"
