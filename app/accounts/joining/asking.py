"""What the audit keeps of somebody who typed an address, and is not signed in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import User
from app.accounts.sign_in import UNKNOWN, Caller, first_account
from app.core import clock
from app.core.access import Actor

AT_LEAST_S = 0.03  # several times what a letter takes to be sealed and kept


@contextmanager
def evenly() -> Iterator[None]:
    """Around the write that keeps a letter for known addresses alone: it takes as long without one."""
    until = clock.monotonic() + AT_LEAST_S
    yield
    time.sleep(max(0.0, until - clock.monotonic()))


def record(session: Session, caller: Caller, action: str, about: User | None) -> None:
    """One row, with the person whose address it is, else with the first account and without the address: known and
    unknown addresses take the same time."""
    account_id = about.account_id if about is not None else first_account(session).id
    audit.record(
        session,
        Actor(account_id, None, UNKNOWN, caller.address, caller.request_id),
        action,
        subject_id=about.id if about is not None else None,
        subject=about.email if about is not None else None,
    )
