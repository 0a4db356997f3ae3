"""The RSGI application that our server runs: the front door on the event loop, Flask in threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import Any

from app.core import steps, stopping
from app.core.bodies import most_bytes
from app.core.errors import begin_exchange
from app.core.frontdoor import EXTENSION, Answer, FrontDoor, Handlers, refusal
from app.core.logs import request_id
from app.core.steps import Steps, WouldBlock, Write
from app.serve.reception.body import Bodies
from app.serve.reception.environ import Environ, environ_of
from app.serve.reception.loop_writer import LoopWriter
from app.serve.reception.sending import GONE, KEPT_S, Head, send

log = logging.getLogger(__name__)
WsgiApp = Callable[..., Iterable[bytes]]


class Reception:
    """`app` is any WSGI app; ours brings a front door. `threads` run what may block."""

    def __init__(self, app: WsgiApp, threads: int) -> None:
        self._app = app
        self._door: FrontDoor | None = getattr(app, "extensions", {}).get(EXTENSION)
        self._threads = ThreadPoolExecutor(threads, "web")
        self._bodies = Bodies()
        self._loop: asyncio.AbstractEventLoop
        self._writer: LoopWriter

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.call_soon(stopping.stop_on_signals)  # a loop that starts puts its own wake-up descriptor in its place
        if self._door is not None:
            steps.forbid_blocking()
            self._writer = LoopWriter(self._door.writer, loop)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        environ = environ_of(scope)
        if self._door is not None:
            route, handlers = self._door.find(environ["PATH_INFO"])
            if handlers is not None:
                await self._answer_at_the_door(self._door, route, handlers, environ, proto)
                return
        await self._bodies.take(proto, environ, most_bytes(environ))
        await self._loop.run_in_executor(self._threads, self._ask_app, environ, proto)

    # -- hot paths ------------------------------------------------------------------------------------------------

    async def _answer_at_the_door(
        self, door: FrontDoor, route: str, handlers: Handlers, environ: Environ, proto: Any
    ) -> None:
        door.judge_proxies(environ)
        if environ["REQUEST_METHOD"] == "POST":
            await self._bodies.take(proto, environ, door.most_bytes(route))
        name = begin_exchange(environ)
        try:
            begun = door.begin(handlers, environ)
            answer = begun if isinstance(begun, Answer) else await self._run(begun, name)
        except WouldBlock:
            request_id.set(None)
            answer = await self._loop.run_in_executor(self._threads, self._answer_in_thread, door, handlers, environ)
        except Exception as error:
            answer = refusal(error)
        body = answer.body
        headers = door.sent(route, answer, name, len(body))
        request_id.set(None)
        with suppress(*GONE):
            if environ["REQUEST_METHOD"] == "HEAD":
                proto.response_empty(answer.status, headers)
            else:
                proto.response_bytes(answer.status, headers, body)

    async def _run(self, begun: Steps[Answer], name: str) -> Answer:
        """As `steps.run` does it in a thread. Other exchanges go on while this one waits, and the log must not take
        them for it."""
        try:
            wait = next(begun)
            while True:
                request_id.set(None)
                try:
                    if isinstance(wait, Write):
                        result: Any = await self._writer.commit(wait)
                    else:
                        result = await self._loop.run_in_executor(self._threads, wait.action)
                except Exception as error:
                    request_id.set(name)
                    wait = begun.throw(error)
                else:
                    request_id.set(name)
                    wait = begun.send(result)
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    @staticmethod
    def _answer_in_thread(door: FrontDoor, handlers: Handlers, environ: Environ) -> Answer:
        begin_exchange(environ)
        body = environ["wsgi.input"]
        if isinstance(body, BytesIO):
            body.seek(0)  # the loop had read it when it found that it would have to wait
        try:
            return door.answer(handlers, environ)
        finally:
            request_id.set(None)

    # -- everything else ------------------------------------------------------------------------------------------

    def _ask_app(self, environ: Environ, proto: Any) -> None:
        """In a thread, the answer's parts too: they may still read the database."""
        heads: list[Head] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
            heads[:] = [(int(status[:3]), headers)]

        parts = self._app(environ, start_response)
        try:
            file = send(proto, heads, parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        if file is not None:
            self._loop.call_soon_threadsafe(partial(self._loop.call_later, KEPT_S, file.unlink))
