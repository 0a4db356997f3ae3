"""Everything here sends events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.core import clock
from app.core.runtime import runtime
from app.outbound.drain import Drain
from tests.outbound.ledger import Ledger
from tests.tracking_fixtures import drain, make_pixel, make_sender, sender, settings, simulator

__all__ = ["drain", "make_pixel", "make_sender", "sender", "settings", "simulator"]


@pytest.fixture
def outbound_timeout() -> float:
    return 1


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    return Ledger(app)


@pytest.fixture
def start_drain(app: Flask) -> Iterator[Callable[..., Drain]]:
    """`start_drain()` gives a drain that runs in a thread of its own until it is stopped."""
    started: list[tuple[Drain, threading.Thread]] = []

    def start(name: str = "running") -> Drain:
        engine = Drain(runtime(app), name)
        thread = threading.Thread(target=engine.run, args=(None,), daemon=True)
        started.append((engine, thread))
        thread.start()
        return engine

    yield start
    for engine, thread in started:
        engine.stop()
        thread.join(5)
        engine.close(grace_s=0.1)


@pytest.fixture
def wait_for() -> Callable[..., float]:
    """`wait_for(condition)` gives the seconds it took, and fails when it took too long."""

    def wait(condition: Callable[[], object], seconds: float = 5.0) -> float:
        started = clock.monotonic()
        while not condition():
            assert clock.monotonic() < started + seconds, "it did not happen in time"
            threading.Event().wait(0.005)
        return clock.monotonic() - started

    return wait
