"""That nothing of the product runs on what is about to be replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.health import FRESH
from app.core.models import Heartbeat
from app.serve.locks import sole_run
from app.serve.refusal import Refusal
from app.upkeep.backup.refusal import Refused

AHEAD = timedelta(minutes=5)  # a heartbeat from further in the future is no sign of life but of a clock


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Holds the data folder, so that the product neither runs on it nor starts. Raises Refused."""
    try:
        with sole_run(data_dir):
            yield
    except Refusal as error:
        raise Refused(f"The product cannot be running during a restore: {error}.") from None


def refuse_live_processes(engine: Engine) -> None:
    """By their heartbeats, on whatever machine. Raises Refused."""
    now = clock.now()
    alive = select(Heartbeat.process).where(Heartbeat.seen_at > now - FRESH, Heartbeat.seen_at < now + AHEAD)
    try:
        with engine.connect() as connection:
            names = sorted(connection.execute(alive).scalars())
    except SQLAlchemyError:  # no such table: nothing has ever run on it
        return
    if names:
        raise Refused(
            f"The product runs on this database ({', '.join(names)}); stop it on every machine, and wait "
            f"{FRESH.total_seconds():.0f} seconds if it was killed."
        )
