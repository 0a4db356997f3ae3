"""An import whose workers are killed in the middle of a part: the next one goes on, and takes no row twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import Channel
from app.contacts.importing import service
from app.contacts.importing.jobs import PART
from app.contacts.importing.plan import Answer, ConsentAnswer
from app.contacts.models import ContactTag
from app.core import events
from app.core.access import Actor
from app.core.db import db
from app.core.runtime import runtime
from tests.contacts.importing.runs import begin, counts, people, problems, read
from tests.jobs import run_jobs

ROWS = PART * 3
AGREED = ConsentAnswer(Answer.GRANTED, (Channel.WHATSAPP,), detail="Feira", on=date(2026, 11, 1))
MINUTE = timedelta(minutes=1)  # longer than a dead worker holds a job


def killed_worker(app: Flask, created: int) -> int:
    """A worker that takes up what waits, and is no more when it has made so many contacts; the signal that ended it."""
    db.session.rollback()
    pid = os.fork()
    if pid == 0:
        left = iter(range(created))

        def strike(*_news: Any) -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            runtime(app).engine.dispose(close=False)  # those connections are the parent's
            events.subscribe("contact.created", strike)
            run_jobs(app)
        finally:
            os._exit(1)
    return os.WTERMSIG(os.waitpid(pid, 0)[1])


def test_an_import_survives_workers_that_are_killed(
    app: Flask, actor: Actor, travel: Callable[[timedelta], None]
) -> None:
    lines = [f"A{n};119{80_000_000 + n};vip" for n in range(ROWS)]
    lines[10], lines[PART + 10], lines[PART + 20] = "X;nada;", lines[3], ""
    id_ = begin(actor, "nome;fone;tags\n" + "\n".join(lines) + "\n", consent=AGREED)

    for created in (PART + 50, PART + 50):  # in its second part, twice
        assert killed_worker(app, created) == signal.SIGKILL
        travel(MINUTE)
    row = read(actor, id_)
    assert (row.state, row.created % PART in (0, PART - 1, PART - 2)) == ("running", True)
    run_jobs(app)

    row = read(actor, id_)
    assert (counts(row), row.state) == ((ROWS - 3, 0, 0, 2), "done")
    assert problems(id_) == {11: "phone", PART + 11: "repeated"}
    names = [name for (name,) in people("name")]
    assert (len(names), len(set(names))) == (ROWS - 3, ROWS - 3)
    for model in (ConsentEvent, ContactTag):
        assert db.session.scalar(select(func.count()).select_from(model)) == ROWS - 3
    job = service.job_of(row)
    assert job is not None
    assert (job.done, job.skipped, job.tries) == (ROWS - 3, 2, 3)
