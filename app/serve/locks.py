"""What two copies must not share: the data folder and the port."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.settings import SettingError
from app.serve.refusal import Refusal


@contextmanager
def sole_run(data_dir: Path) -> Iterator[None]:
    """Holds the data folder for this process; the kernel gives it back however we end. Raises Refusal."""
    descriptor = os.open(data_dir / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise Refusal(f"it already runs on {data_dir} (process {owner})") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def numeric_address(host: str) -> str:
    """HOST as an address to listen on (the web server takes no names). Raises SettingError."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise SettingError(f"HOST: {host} is not an address of this machine") from None
    return str(found[0][4][0])


@contextmanager
def own_port(host: str, port: int) -> Iterator[None]:
    """Makes sure that nobody listens there, and on Linux keeps it ours while the web server is down. Raises Refusal.

    The web server's processes listen with SO_REUSEPORT, so two products on one port would silently share its requests.
    """
    address = numeric_address(host)
    with _bound(address, port, shared=False):
        pass
    if sys.platform != "linux":  # there a bound socket would need the web server to share it on purpose
        yield
        return
    with _bound(address, port, shared=True):
        yield


def _bound(address: str, port: int, *, shared: bool) -> socket.socket:
    """A socket that is bound and never listens. SO_REUSEADDR: a port in TIME_WAIT after a quick restart is free."""
    holder = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        holder.bind((address, port))
        if not shared and sys.platform != "linux":
            holder.listen(1)  # elsewhere SO_REUSEADDR lets a bind pass beside a listener
    except OSError as error:
        holder.close()
        raise Refusal(_bind_sentence(error, address, port)) from None
    return holder


def _bind_sentence(error: OSError, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"PORT {port} on {address} is taken by another program; stop that one or set PORT"
    if error.errno == errno.EACCES:
        return f"PORT {port} may only be opened by root; set PORT to 1024 or more"
    return f"HOST {address}, PORT {port} cannot be opened: {error.strerror}"
