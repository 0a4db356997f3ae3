"""The simulator's HTTP/1.1 server: one event loop, so that a call which waits or hangs costs no thread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct

from app.simulator.behaviour import Kind
from app.simulator.control import control
from app.simulator.platforms import Answer, addressee
from app.simulator.stage import Stage, parse

MAX_BODY = 32 * 1024 * 1024
MAX_HEAD = 64 * 1024
RST = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close sends a reset
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


class Unreadable(Exception):
    """What came is not HTTP, or too long."""


async def serve(stage: Stage, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serves until `stop` is set, then ends every connection."""
    open_now: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await converse(stage, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            open_now.discard(task)
            writer.close()

    server = await asyncio.start_server(accepted, sock=listener, limit=MAX_HEAD, backlog=512)
    await stop.wait()
    server.close()
    for task in open_now:
        task.cancel()
    await asyncio.gather(*open_now, return_exceptions=True)


async def converse(stage: Stage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Requests on one connection, one after the other."""
    while True:
        try:
            method, target, headers, body = await hear(reader, writer)
        except Unreadable as fault:
            writer.write(encode(Answer(400, {"error": str(fault)}), keep_alive=False))
            return await writer.drain()
        request = parse(method, target, headers, body)
        to = addressee(request)
        if to is None:
            reply = control(stage, request) or Answer(404, {"error": "Unknown path"})
        else:
            kind, wait_s, reply = stage.play(*to, request, target)
            if wait_s:
                await asyncio.sleep(wait_s)
            if kind in (Kind.HANG, Kind.RESET, Kind.DROP, Kind.LOSE, Kind.ENDLESS):
                return await fail(kind, reader, writer)
        keep_alive = headers.get("connection", "").lower() != "close"
        writer.write(encode(reply, keep_alive, with_body=method != "HEAD"))
        await writer.drain()
        if not keep_alive:
            return None


async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, str, dict[str, str], bytes]:
    """(method, target, headers with lower-case names, body) of the next request. Raises Unreadable, and
    IncompleteReadError when the client has gone."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise Unreadable("head too long") from None
    first, *lines = head[:-4].split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Unreadable("not HTTP/1.1")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdigit() or int(length) > MAX_BODY:
        raise Unreadable("a Content-Length up to 32 MB is needed")
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(length)) if length != "0" else b""
    return words[0], words[1], headers, body


def encode(reply: Answer, keep_alive: bool, with_body: bool = True) -> bytes:
    is_text = isinstance(reply.payload, str)
    body = (reply.payload if is_text else json.dumps(reply.payload, separators=(",", ":"))).encode()
    headers = {"Content-Type": "application/json", **reply.headers, "Content-Length": str(len(body))}
    if not keep_alive:
        headers["Connection"] = "close"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}\r\n{lines}\r\n".encode("latin-1")
    return head + body if with_body else head


async def fail(kind: Kind, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The ways to fail that are no answer; returns when the connection is to be closed."""
    if kind is Kind.HANG:
        while await reader.read(65536):  # until the client gives up
            pass
    elif kind is Kind.RESET:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        writer.transport.abort()
    elif kind is Kind.ENDLESS:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b'{"result":1} ' * 4096)
                await writer.drain()
