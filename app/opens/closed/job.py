"""The nightly closing of days."""

from __future__ import annotations

import logging

from app.core import clock
from app.core.runtime import runtime
from app.opens.closed.closing import close_all

log = logging.getLogger(__name__)


def job() -> None:
    """The RQ job."""
    from app import create_app

    closed = close_all(runtime(create_app()).engine, clock.now())
    log.info("closed %d days of opens", closed)
