"""What a process has to do the moment it is asked to stop, whoever owns its signal handlers."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})

log = logging.getLogger(__name__)
_lock = threading.Lock()
_callbacks: list[Callable[[], None]] = []
_asked = threading.Event()
_wake: tuple[socket.socket, socket.socket] | None = None  # kept, or the garbage collector would close them


def on_stop(callback: Callable[[], None]) -> None:
    """Runs `callback()` once when this process is asked to stop, in a thread of ours; at once if it already was.

    It must be quick (waiters are answered, flags are set): the server gives requests in hand less than 2 s.
    """
    with _lock:
        if not _asked.is_set():
            _callbacks.append(callback)
            return
    _run(callback)


def is_stopping() -> bool:
    """True from the first stop signal on: claim nothing, wait for nothing."""
    return _asked.is_set()


def wait_for_stop(at_most_s: float) -> bool:
    """Sleeps until a stop is asked for; True then, False when the time is over. For loops that work now and then."""
    return _asked.wait(at_most_s)


def stop() -> None:
    """What the signal does, for a process that stops by itself. A second call does nothing."""
    with _lock:
        if _asked.is_set():
            return
        _asked.set()
        callbacks = list(_callbacks)
    for callback in callbacks:
        _run(callback)


def _run(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:  # one bad callback must not keep the others, and the waiting requests, from their answer
        log.exception("a stop callback failed")


def stop_on_signals() -> None:
    """From now on SIGTERM and SIGINT also run the callbacks. Call it in the main thread of the process that works,
    after a fork, not before.

    The web server and RQ install signal handlers of their own and block the main thread, so a handler of ours would
    be replaced. The wake-up descriptor is written by the interpreter for every signal that has any Python handler. An
    event loop has one of its own: call this after it took its signals, and it is told everything too.
    """
    global _wake
    _asked.clear()
    _wake = socket.socketpair()
    for end in _wake:
        end.setblocking(end is _wake[0])
    others = signal.set_wakeup_fd(_wake[1].fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(_wake[0], others), name="stopping", daemon=True).start()


def take_stop_signals() -> None:
    """The same for a process that has no server of its own: SIGTERM and SIGINT do nothing but run the callbacks."""
    for number in STOP_SIGNALS:
        signal.signal(number, lambda _number, _frame: None)
    stop_on_signals()


def _listen(wake: socket.socket, others: int) -> None:
    while numbers := wake.recv(64):
        if others != -1:
            with suppress(OSError):  # a loop that is closed
                os.write(others, numbers)
        if not STOP_SIGNALS.isdisjoint(numbers):
            stop()


def _forget_in_child() -> None:
    """A forked child shares the descriptor: its own SIGTERM must not look like one of its parent."""
    global _wake
    if _wake is not None:
        signal.set_wakeup_fd(-1)
        _wake = None


os.register_at_fork(after_in_child=_forget_in_child)
