"""POST /api/tracking/events and its kin: checked, recorded in the group commit, answered with the first verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from app.accounts.clients.token import token_hash
from app.core import clock, faults
from app.core.access import Actor
from app.core.api import bearer_token
from app.core.errors import AppError, Forbidden, Malformed, TooLarge, Unauthorized, Unavailable
from app.core.frontdoor import Answer, Environ, FrontDoor
from app.core.jsonbody import check_content_encoding, check_content_type, parse, read_request
from app.core.logs import request_id
from app.core.seats import Seats
from app.core.settings import Settings
from app.core.steps import Steps, Write, may_block
from app.core.writer import Ticket, Writer
from app.outbound.waiting import Waiter, WaitingRoom
from app.tracking import answers, asked
from app.tracking.cors import Cors
from app.tracking.draft import CameFrom, Draft, Drafter, Sender
from app.tracking.lookup import KnownClient, Lookups
from app.tracking.rates import Rates
from app.tracking.recheck import refuse_client
from app.tracking.recorder import EventRecorder

EVENT_BYTES = 64 * 1024
BATCH_BYTES = 2 * 1024 * 1024
MAX_BATCH = 1_000
QUICKLY_READ = 8 * 1024  # bytes of an event that is parsed while others wait
SINGLE_PATHS = ("/api/tracking/events", "/api/tracking_events.php")
BATCH_PATHS = ("/api/tracking/events/batch",)
NoteDenial = Callable[[Actor, UUID, str], None]  # a client's token used for what or from where it may not be


class Intake:
    """The handlers, with what one process shares among its requests."""

    def __init__(
        self,
        settings: Settings,
        lookups: Lookups,
        writer: Writer,
        room: WaitingRoom,
        rates: Rates,
        seats: Seats,
        note_denial: NoteDenial,
    ) -> None:
        self._answer_timeout_s = settings.answer_timeout
        self._lookups = lookups
        self._writer = writer
        self._room = room
        self._rates = rates
        self._note_denial = note_denial
        self._drafter = Drafter(settings, lookups)
        self._recorder = EventRecorder(lookups)
        self._cors = Cors(settings.cors_origin)
        self._seats = seats
        self._pid = 0  # of the process in which the room is open

    def register(self, door: FrontDoor) -> None:
        """Takes its paths at the front door, with and without the version."""
        for paths, handler, most_bytes in (
            (SINGLE_PATHS, self.single, EVENT_BYTES),
            (BATCH_PATHS, self.batch, BATCH_BYTES),
        ):
            both = [*paths, *(path.replace("/api/", "/api/v1/", 1) for path in paths)]
            door.add(both, {"POST": self._cors.around(handler), "OPTIONS": self._cors.preflight}, most_bytes)

    # -- handlers -----------------------------------------------------------------------------------------------

    def single(self, environ: Environ) -> Steps[Answer]:
        deadline = clock.monotonic() + self._answer_timeout_s
        came_from = asked.came_from(environ)
        client = self._client(environ, came_from)
        self._rates.check(client, 1)
        raw = self._read(environ, EVENT_BYTES)
        if len(raw) > QUICKLY_READ:
            may_block()
        body = parse(raw)
        sender = asked.sender(environ, client, came_from, asked.idempotency_key(environ))
        draft = self._drafter.draft(body, asked.hash_body(raw), sender)
        if client.pixel_limits is not None:
            self._rates.check_pixel(client, draft.pixel)
        answer = yield from self._record_and_answer(draft, deadline, wants_wait=asked.wants_wait(environ, client))
        faults.point("before_answer")
        return answer

    def batch(self, environ: Environ) -> Answer:
        may_block()  # a thousand events take a while
        came_from = asked.came_from(environ)
        client = self._client(environ, came_from)
        events = parse(self._read(environ, BATCH_BYTES)).get("events")
        if not isinstance(events, list) or not 1 <= len(events) <= MAX_BATCH:
            raise Malformed(f"events must be a list of 1 to {MAX_BATCH} events")
        self._rates.check(client, len(events))
        sender = asked.sender(environ, client, came_from)
        drafts: Iterable[Draft | AppError] = (self._drafted(each, sender) for each in events)
        if client.pixel_limits is not None:
            drafts = self._rates.within(client, list(drafts))
        handed_in = [self._hand_in(draft) for draft in drafts]
        deadline = clock.monotonic() + self._answer_timeout_s
        return answers.batch([self._outcome(each, deadline) for each in handed_in])

    # -- the caller ---------------------------------------------------------------------------------------------

    def _client(self, environ: Environ, came_from: CameFrom) -> KnownClient:
        if self._pid != os.getpid():
            may_block()
            self._room.open()
            self._pid = os.getpid()
        try:
            token = bearer_token(environ.get("HTTP_AUTHORIZATION"))
        except Unauthorized:
            raise Unauthorized("Unauthorized") from None
        digest = token_hash(token)
        for fresh in (False, True):
            client = self._lookups.client(digest, fresh=fresh)
            refusal = refuse_client(client, came_from)
            if refusal is None and client is not None:
                return client
        assert refusal is not None
        if client is not None and isinstance(refusal, Forbidden):
            may_block()
            actor = Actor(client.account_id, None, client.name, came_from[0], request_id.get())
            self._note_denial(actor, client.id, str(refusal.message))
        raise refusal

    def _read(self, environ: Environ, limit: int) -> bytes:
        check_content_type(environ.get("CONTENT_TYPE"))
        check_content_encoding(environ.get("HTTP_CONTENT_ENCODING"))
        return self._seats.read(lambda: read_request(environ, limit))

    # -- a batch ------------------------------------------------------------------------------------------------

    def _drafted(self, body: Any, sender: Sender) -> Draft | AppError:
        if not isinstance(body, dict):
            return Malformed("An event must be an object")
        canonical = asked.canonical(body)
        if len(canonical) > EVENT_BYTES:
            return TooLarge(f"An event is larger than {EVENT_BYTES} bytes")
        try:
            return self._drafter.draft(body, asked.hash_body(canonical), sender)
        except AppError as error:
            return error

    def _hand_in(self, draft: Draft | AppError) -> tuple[Draft, Ticket] | AppError:
        return draft if isinstance(draft, AppError) else (draft, self._writer.submit(self._recorder, draft))

    def _outcome(self, handed_in: tuple[Draft, Ticket] | AppError, deadline: float) -> Draft | AppError:
        if isinstance(handed_in, AppError):
            return handed_in
        draft, ticket = handed_in
        if not ticket.wait(deadline - clock.monotonic()):
            raise Unavailable(2)  # the whole batch may be sent again: each event is known by its keys
        return draft.refusal or draft

    # -- one event ----------------------------------------------------------------------------------------------

    def _record_and_answer(self, draft: Draft, deadline: float, *, wants_wait: bool) -> Steps[Answer]:
        is_quick = not wants_wait or draft.consent_denied
        if not is_quick:
            may_block()
        if is_quick or not self._seats.take():
            yield from self._commit(draft, deadline)
            return answers.at_once(draft)
        waiter = self._room.enter(draft.client.account_id, draft.id)
        draft.waiter = self._room.process
        try:
            yield from self._commit(draft, deadline)
            if draft.held or draft.verdict is not None:
                return answers.at_once(draft)
            if draft.original_id is not None:
                self._room.leave(waiter)
                waiter = self._wait_with_original(draft, draft.original_id)
            verdict = waiter.wait(deadline - clock.monotonic())
            return answers.accepted(draft) if verdict is None else answers.first_verdict(draft, verdict)
        finally:
            self._room.leave(waiter)
            self._seats.leave()

    def _wait_with_original(self, draft: Draft, original_id: UUID) -> Waiter:
        """Its verdict may have come between the commit and now: looked up once, after registering."""
        waiter = self._room.enter(draft.client.account_id, original_id)
        self._room.sweep([(draft.client.account_id, original_id)])
        return waiter

    def _commit(self, draft: Draft, deadline: float) -> Steps[None]:
        if not (yield Write(self._recorder, draft, deadline - clock.monotonic())):
            raise Unavailable(2)
        if draft.refusal is not None:
            raise draft.refusal
