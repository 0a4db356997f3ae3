"""Meta's answers: the error code decides, not the HTTP status (facts/destinations.md §1.6)."""

from __future__ import annotations

from typing import Any

from app.core.exchange import Json, Outcome, Reply
from app.destinations.answers import asked_wait_s, plainly, words

DEAD_TOKEN = {190}  # with 460, 463 … as subcodes
NO_PERMISSION = {3, 10, 200, 294}
THROTTLED = {4, 17, 32, 613, 80003}
BLOCKED_FOR_A_WHILE = {341, 368, 5000, 21009}  # limits and blocks that last; they arrive as HTTP 400
BLOCKED_WAIT_S = 1800.0
BAD_PARAMETER = 100
UNKNOWN_PIXEL = 33  # subcode of 100: no such object, or not for this token
TOO_LARGE = 413


def read_answer(reply: Reply, count: int) -> Outcome:
    """One outcome for a call of `count` events. Never raises, whatever the body holds."""
    if reply.error or reply.status is None:
        return Outcome.retry(plainly(reply))
    answer = reply.json()
    if answer.get("error"):
        return _failure(reply, answer["error"])
    if reply.ok:
        return _success(answer, count)
    if reply.status == 429:
        return Outcome.throttled(plainly(reply), asked_wait_s(reply))
    if reply.status == TOO_LARGE:
        return Outcome.rejected(plainly(reply))  # a smaller batch may pass: the engine bisects what was rejected
    return Outcome.retry(plainly(reply), asked_wait_s(reply))


def _success(answer: Json, count: int) -> Outcome:
    received = _integer(answer.get("events_received"))
    trace = _trace(answer)
    if received is None:
        return Outcome.retry("Unexpected answer: no count of events received")
    if received <= 0:
        return Outcome.retry(_joined(f"Meta received none of {count} events", trace))
    if received < count:
        # Meta does not say which, and a repeat past its 48 h of deduplication would count twice: tell, do not resend
        return Outcome.sent(_joined(f"Meta received only {received} of {count} events", trace))
    return Outcome.sent(trace)


def _failure(reply: Reply, error: Any) -> Outcome:
    fields = error if isinstance(error, dict) else {"message": error}
    code, subcode = _integer(fields.get("code")), _integer(fields.get("error_subcode"))
    detail = _explained(fields, code, subcode) or plainly(reply)
    if code in DEAD_TOKEN | NO_PERMISSION or (code, subcode) == (BAD_PARAMETER, UNKNOWN_PIXEL):
        return Outcome.auth(detail)
    if code in THROTTLED or reply.status == 429:
        return Outcome.throttled(detail, asked_wait_s(reply))
    if code in BLOCKED_FOR_A_WHILE:
        return Outcome.retry(detail, asked_wait_s(reply) or BLOCKED_WAIT_S)
    if code == BAD_PARAMETER and fields.get("is_transient") is not True:
        return Outcome.rejected(detail)
    return Outcome.retry(detail, asked_wait_s(reply))  # 1, 2, transient, and what nobody has documented


def _explained(fields: Json, code: int | None, subcode: int | None) -> str:
    """What Meta wrote for people, else what it wrote for programs, then the code and the trace id."""
    title, told = words(fields.get("error_user_title")), words(fields.get("error_user_msg"))
    said = ": ".join(filter(None, (title, told))) or words(fields.get("message"))
    number = "" if code is None else f"code {code}" if subcode is None else f"code {code}/{subcode}"
    return _joined(said, number, _trace(fields))


def _trace(fields: Json) -> str:
    trace = words(fields.get("fbtrace_id"))[:64]  # Meta's support asks for it
    return f"fbtrace_id {trace}" if trace else ""


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _integer(value: Any) -> int | None:
    if isinstance(value, str) and len(value) <= 9 and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
