"""Running long jobs in the test's own process."""

from __future__ import annotations

from flask import Flask

from app.core import jobs
from app.core.runtime import runtime


def run_jobs(app: Flask) -> int:
    """Does every job that waits, as a worker would; returns how many."""
    state = runtime(app)
    with state.engine.connect() as connection:
        waiting = jobs.waiting(connection)
    with app.app_context():
        for id_ in waiting:
            jobs.run(state, id_)
    return len(waiting)
