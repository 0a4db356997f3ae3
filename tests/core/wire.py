"""A loopback server that says exactly the bytes a test wants said."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Talk = Callable[[socket.socket], None]


def hear(conn: socket.socket) -> bytes:
    """One request: its head and as much body as Content-Length says; empty when the client has gone."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = conn.recv(65536)
        if not piece:
            return b""
        text += piece
    head, _, body = text.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


def says(*pieces: bytes, pause_s: float = 0.0) -> Talk:
    """Hears one request, then says the pieces and closes."""

    def talk(conn: socket.socket) -> None:
        hear(conn)
        for piece in pieces:
            conn.sendall(piece)
            threading.Event().wait(pause_s)

    return talk


def reset(conn: socket.socket) -> None:
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


class Wire:
    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.connections = 0
        self.open: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/path?access_token=SECRET"

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                self.connections += 1
                self.open.append(conn)
                threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def _one(self, conn: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.talk(conn)
        with contextlib.suppress(OSError):
            conn.close()

    def hang_up(self, count: int) -> None:
        """Closes the first connections, in order, from this side."""
        for sock in self.open[:count]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for sock in (self.listener, *self.open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


@contextlib.contextmanager
def wire(talk: Talk) -> Iterator[Wire]:
    server = Wire(talk)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.close()
