"""POST /api/tracking/events and its kin: checked, recorded in the group commit, answered with the first verdict."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.core import clock
from app.core.api import bearer_token
from app.core.errors import AppError, Malformed, TooMany, Unauthorized, Unavailable
from app.core.frontdoor import Answer, Environ, FrontDoor
from app.core.jsonbody import check_content_encoding, check_content_type, parse, read_request
from app.core.ratelimit import RateLimiter
from app.core.settings import Settings
from app.core.writer import Ticket, Writer
from app.outbound.verdicts import Waiter, WaitingRoom
from app.tracking import answers
from app.tracking.draft import Browser, Draft, Drafter
from app.tracking.lookup import KnownClient, Lookups
from app.tracking.recheck import refuse_client
from app.tracking.recorder import EventRecorder

EVENT_BYTES = 64 * 1024
BATCH_BYTES = 2 * 1024 * 1024
MAX_BATCH = 1_000
SPARE_THREADS = 8  # always free for images, pages and what answers at once
IDEMPOTENCY_KEY_LENGTH = 255
SINGLE_PATHS = ("/api/tracking/events", "/api/tracking_events.php")
BATCH_PATHS = ("/api/tracking/events/batch",)


class Intake:
    """The handlers, with what one process shares among its requests."""

    def __init__(
        self, settings: Settings, lookups: Lookups, writer: Writer, room: WaitingRoom, limiter: RateLimiter
    ) -> None:
        self._settings = settings
        self._lookups = lookups
        self._writer = writer
        self._room = room
        self._limiter = limiter
        self._drafter = Drafter(settings, lookups)
        self._recorder = EventRecorder(lookups)
        self._busy = threading.BoundedSemaphore(max(1, settings.web_threads - SPARE_THREADS))
        self._waiting = threading.BoundedSemaphore(max(1, settings.web_threads // 2))

    def register(self, door: FrontDoor) -> None:
        """Takes its paths at the front door, with and without the version."""
        for paths, handler in ((SINGLE_PATHS, self.single), (BATCH_PATHS, self.batch)):
            both = [*paths, *(path.replace("/api/", "/api/v1/", 1) for path in paths)]
            door.add(both, {"POST": handler, "OPTIONS": self.preflight})

    # -- handlers -----------------------------------------------------------------------------------------------

    def preflight(self, environ: Environ) -> Answer:
        """Answered without credentials, as browsers ask."""
        allowed = [
            ("Access-Control-Allow-Methods", "POST, OPTIONS"),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Prefer"),
            ("Access-Control-Max-Age", "600"),
        ]
        origin = self._origin(environ)
        return Answer(204, b"", [*origin, *(allowed if len(origin) > 1 else ())])

    def single(self, environ: Environ) -> Answer:
        return self._with_origin(environ, self._single)

    def batch(self, environ: Environ) -> Answer:
        return self._with_origin(environ, self._batch)

    def _with_origin(self, environ: Environ, handler: Any) -> Answer:
        """CORS headers belong to refusals too, or a browser's script could not read them."""
        try:
            answer: Answer = handler(environ)
        except AppError as error:
            for name, value in self._origin(environ):
                error.headers[name] = value
            raise
        answer.headers += self._origin(environ)
        return answer

    def _origin(self, environ: Environ) -> list[tuple[str, str]]:
        """The one configured origin, compared whole; `Vary` either way, since the answer depends on it."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin == self._settings.cors_origin:
            return [("Vary", "Origin"), ("Access-Control-Allow-Origin", origin)]
        return [("Vary", "Origin")]

    def _single(self, environ: Environ) -> Answer:
        deadline = clock.monotonic() + self._settings.answer_timeout
        client = self._client(environ)
        self._check_rate(client, 1)
        raw = self._read(environ, EVENT_BYTES)
        body = parse(raw)
        draft = self._drafter.draft(body, _hash(raw), client, _browser(environ), _header_key(environ))
        draft.caller = environ.get("REMOTE_ADDR")
        return self._record_and_answer(draft, deadline, wants_wait=_wants_wait(environ, client))

    def _batch(self, environ: Environ) -> Answer:
        client = self._client(environ)
        events = parse(self._read(environ, BATCH_BYTES)).get("events")
        if not isinstance(events, list) or not 1 <= len(events) <= MAX_BATCH:
            raise Malformed(f"events must be a list of 1 to {MAX_BATCH} events")
        self._check_rate(client, len(events))
        browser, caller = _browser(environ), environ.get("REMOTE_ADDR")
        handed_in = [self._hand_in(each, client, browser, caller) for each in events]
        deadline = clock.monotonic() + self._settings.answer_timeout
        results = [_result(index, each, deadline) for index, each in enumerate(handed_in)]
        rejected = sum("error" in result for result in results)
        return Answer(202, {"accepted": len(results) - rejected, "rejected": rejected, "results": results})

    # -- steps --------------------------------------------------------------------------------------------------

    def _client(self, environ: Environ) -> KnownClient:
        try:
            token = bearer_token(environ.get("HTTP_AUTHORIZATION"))
        except Unauthorized:
            raise Unauthorized("Unauthorized") from None
        for fresh in (False, True):
            client = self._lookups.client(token, fresh=fresh)
            refusal = refuse_client(client)
            if refusal is None and client is not None:
                return client
        assert refusal is not None
        raise refusal

    def _check_rate(self, client: KnownClient, cost: int) -> None:
        if any(client.limits):
            wait_s = self._limiter.check_client(client.id, client.limits, cost)
            if wait_s is not None:
                raise TooMany(wait_s)

    def _read(self, environ: Environ, limit: int) -> bytes:
        check_content_type(environ.get("CONTENT_TYPE"))
        check_content_encoding(environ.get("HTTP_CONTENT_ENCODING"))
        if not self._busy.acquire(blocking=False):
            raise Unavailable(1)
        try:
            return read_request(environ, limit)
        finally:
            self._busy.release()

    def _hand_in(
        self, body: Any, client: KnownClient, browser: Browser, caller: str | None
    ) -> tuple[Draft, Ticket] | AppError:
        if not isinstance(body, dict):
            return Malformed("An event must be an object")
        canonical = json.dumps(body, sort_keys=True, default=str, separators=(",", ":")).encode()
        try:
            draft = self._drafter.draft(body, _hash(canonical), client, browser, None)
        except AppError as error:
            return error
        draft.caller = caller
        return draft, self._writer.submit(self._recorder, draft)

    def _record_and_answer(self, draft: Draft, deadline: float, *, wants_wait: bool) -> Answer:
        waits = wants_wait and not draft.consent_denied and self._enter()
        if not waits:
            self._commit(draft, deadline)
            return self._answer_at_once(draft, wants_wait)
        waiter = self._room.enter(draft.client.account_id, draft.id)
        draft.waiter = self._room.process
        try:
            self._commit(draft, deadline)
            if draft.original_id is not None and draft.verdict is None and not draft.held:
                self._room.leave(waiter)
                waiter = self._wait_with_original(draft, draft.original_id)
            elif draft.held or draft.verdict is not None:
                return self._answer_at_once(draft, wants_wait)
            verdict = waiter.wait(deadline - clock.monotonic())
            return answers.accepted(draft) if verdict is None else answers.first_verdict(draft, verdict)
        finally:
            self._room.leave(waiter)
            self._busy.release()
            self._waiting.release()

    def _enter(self) -> bool:
        """Half of the threads may wait, and some are always left over."""
        if not self._waiting.acquire(blocking=False):
            return False
        if not self._busy.acquire(blocking=False):
            self._waiting.release()
            return False
        return True

    def _wait_with_original(self, draft: Draft, original_id: UUID) -> Waiter:
        """Its verdict may have come between the commit and now: looked up once, after registering."""
        waiter = self._room.enter(draft.client.account_id, original_id)
        self._room.sweep([(draft.client.account_id, original_id)])
        return waiter

    def _commit(self, draft: Draft, deadline: float) -> None:
        ticket = self._writer.submit(self._recorder, draft)
        if not ticket.wait(deadline - clock.monotonic()):
            raise Unavailable(2)
        if draft.refusal is not None:
            raise draft.refusal

    def _answer_at_once(self, draft: Draft, wants_wait: bool) -> Answer:
        if draft.consent_denied and draft.original_id is None:
            return answers.not_sent(draft)
        if draft.verdict is not None and (wants_wait or draft.verdict.status == "done"):
            return answers.repeated(draft, draft.verdict)
        return answers.accepted(draft)


def _result(index: int, handed_in: tuple[Draft, Ticket] | AppError, deadline: float) -> Mapping[str, Any]:
    """One event's line in the answer of a batch."""
    if isinstance(handed_in, AppError):
        return _refused(index, handed_in)
    draft, ticket = handed_in
    if not ticket.wait(deadline - clock.monotonic()):
        raise Unavailable(2)  # the whole batch may be sent again: each event is known by its keys
    if draft.refusal is not None:
        return _refused(index, draft.refusal)
    result: dict[str, Any] = {"index": index, "request_id": draft.request_id, "event_id": draft.event_id}
    if draft.original_id is not None:
        result["duplicate"] = True
    return result


def _refused(index: int, error: AppError) -> Mapping[str, Any]:
    fields: Mapping[str, Sequence[Any]] = error.fields
    shown = {name: [str(text) for text in texts] for name, texts in fields.items()}
    return {"index": index, "error": str(error.message), "fields": shown}


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _browser(environ: Environ) -> Browser:
    """Only a request that a browser sent tells the person's own address, agent and page."""
    if "HTTP_ORIGIN" not in environ and "HTTP_SEC_FETCH_SITE" not in environ:
        return Browser()
    agent, page = environ.get("HTTP_USER_AGENT"), environ.get("HTTP_REFERER")
    return Browser(environ.get("REMOTE_ADDR"), _decoded(agent, 1024), _decoded(page, 2000))


def _decoded(header: str | None, length: int) -> str | None:
    """WSGI hands headers over as Latin-1; what is no UTF-8 or holds control characters is left out."""
    if header is None:
        return None
    text = header.encode("latin-1", "replace").decode("utf-8", "replace")[:length].strip()
    return text if text.isprintable() and text else None


def _header_key(environ: Environ) -> str | None:
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_LENGTH or not key.isprintable():
        raise Malformed(f"Idempotency-Key must be 1 to {IDEMPOTENCY_KEY_LENGTH} printable characters")
    return key


def _wants_wait(environ: Environ, client: KnownClient) -> bool:
    return client.answer_mode == "wait" and "respond-async" not in environ.get("HTTP_PREFER", "").lower()
