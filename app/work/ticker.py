"""The ticker: rings each second if something is due, and starts what is scheduled. One of them leads at a time."""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import suppress
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import Engine, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.alerts import sweep as alerts
from app.attention.reconcile import Reconciler
from app.core import clock, partition_upkeep, stopping
from app.core.db import begin_write
from app.core.heartbeat import Pulse, host_mark
from app.core.models import CronRun, Lease
from app.core.queue import ALWAYS_AWAY_ERRORS, connect, push_bell
from app.core.runtime import runtime
from app.core.valkey import redis_url
from app.opens import REPLAYER
from app.opens.recording.replay import Replayer
from app.opens.rules.describe import describe_new
from app.outbound.claim import open_targets
from app.outbound.mail.upkeep import sweep
from app.work import card_rules, long_jobs
from app.work.rq_workers import JOBS_QUEUE, queue_of
from app.work.schedule import SCHEDULE, Task

log = logging.getLogger(__name__)
TICK_S = 1.0
LEASE = "ticker"
LEASE_S = 10.0
ABSURD_LEASE_S = 60.0
RENEW_S = 3.0
ATTENTION_S = 5.0
PARTITIONS_S = 600.0  # a look at the catalogue
MAIL_S = 10.0
CARD_RULES_S = 30.0
ALERTS_S = 15.0


class Ticker:
    """One process's part in the lead: what it does in a second, if it leads."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._runtime = runtime(app)
        self._valkey = connect(redis_url(self._runtime.settings))
        self.name = f"ticker-{host_mark()}"
        # in containers every process has the same id, and hosts may have one name: two would lead under one
        self._holder = f"{self.name}-{os.getpid()}-{secrets.token_hex(4)}"
        self._leads_until = 0.0
        self._renew_at = 0.0
        self._partitions_at = 0.0
        self._mail_at = 0.0
        self._card_rules_at = 0.0
        self._alerts_at = 0.0
        self._complaint = ""  # the last one, said once
        self._pulse = Pulse(self._runtime.engine, self.name, "ticker", self._runtime.settings.data_dir)
        self._attention = Reconciler(self._runtime)
        self._replayer: Replayer = app.extensions[REPLAYER]

    def tick(self) -> None:
        """Everything that is to be done this second."""
        self._pulse.beat()
        self._replayer.try_to_replay(limit_s=TICK_S)  # of this machine's spool, whoever leads
        now = clock.monotonic()
        if now >= self._renew_at:
            leads = take_lease(self._runtime.engine, self._holder)
            self._renew_at = now + (RENEW_S if leads else TICK_S)  # who stands by is there a second after the end
            if leads:
                self._leads_until = now + LEASE_S - 1
        if clock.monotonic() < self._leads_until:  # asked anew: the database may have taken its time
            self._ring_if_due()
            self._ring_for_jobs()
            describe_new(self._runtime.engine)
            for task in SCHEDULE:
                self._start(task, clock.now())
            self._attention.run_if_older(ATTENTION_S)
            if now >= self._alerts_at:
                self._alerts_at = now + ALERTS_S
                with self._app.app_context():  # letters are rendered
                    alerts.sweep(self._runtime.engine)
            if now >= self._mail_at:
                self._mail_at = now + MAIL_S
                sweep(self._runtime.engine)
            if now >= self._card_rules_at:
                self._card_rules_at = now + CARD_RULES_S
                self._ring_for_card_rules()
            if now >= self._partitions_at:
                self._partitions_at = now + PARTITIONS_S
                partition_upkeep.keep_ahead(self._runtime.engine, clock.now())

    def try_to_tick(self) -> None:
        """A tick that never raises: the next one is a second away."""
        try:
            self.tick()
        except SQLAlchemyError as error:
            self._complain(f"the ticker could not use the database: {type(error).__name__}")
        except Exception:
            log.exception("the ticker met a defect and goes on")
        else:
            self._complaint = ""

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            self._complaint = text
            log.warning(text)

    def end(self) -> None:
        """Leaves the lead to the next one at once."""
        mine = (Lease.name == LEASE) & (Lease.holder == self._holder)
        with suppress(SQLAlchemyError), begin_write(self._runtime.engine) as connection:  # it ends by itself too
            connection.execute(update(Lease).where(mine).values(until=clock.now()))
        self._pulse.end()

    def _ring_if_due(self) -> None:
        now = clock.now()
        with self._runtime.engine.connect() as connection:
            due = any(target.ready_at and target.ready_at <= now for target in open_targets(connection))
        if due:
            push_bell(self._valkey)

    def _ring_for_jobs(self) -> None:
        with suppress(*ALWAYS_AWAY_ERRORS):  # they wait in the database
            long_jobs.ring(self._runtime.engine, self._valkey)

    def _ring_for_card_rules(self) -> None:
        with suppress(*ALWAYS_AWAY_ERRORS):  # what is due stays due
            card_rules.ring(self._runtime.engine, self._valkey)

    def _start(self, task: Task, now: datetime) -> None:
        """Enqueues a task that came due, then notes that it was: a kill in between doubles it, which tasks allow; the
        other way round would lose it."""
        due_at = task.last_due(now, self._runtime.settings.timezone)
        run = {"name": task.name, "due_at": due_at}
        with self._runtime.engine.connect() as connection:
            if connection.scalar(select(CronRun.name).filter_by(**run)) is not None:
                return
        try:
            queue_of(JOBS_QUEUE, self._valkey).enqueue(task.job, job_timeout=3600, result_ttl=0, failure_ttl=86_400)
        except ALWAYS_AWAY_ERRORS:
            return
        try:
            with begin_write(self._runtime.engine) as connection:
                connection.execute(insert(CronRun), {**run, "started_at": now})
        except IntegrityError:
            log.info("task %s was started by another ticker", task.name)


def take_lease(engine: Engine, holder: str) -> bool:
    """Leads for the next seconds if nobody else does."""
    now = clock.now()
    values = {"holder": holder, "until": now + timedelta(seconds=LEASE_S)}
    try:
        with begin_write(engine) as connection:
            # so long a lease nobody takes: its holder's clock was ahead, and this machine's may have been set right
            free = or_(
                Lease.holder == holder, Lease.until <= now, Lease.until > now + timedelta(seconds=ABSURD_LEASE_S)
            )
            taken = connection.execute(update(Lease).where(Lease.name == LEASE, free).values(**values))
            if taken.rowcount:
                return True
            if connection.scalar(select(Lease.name).where(Lease.name == LEASE)) is not None:
                return False
            connection.execute(insert(Lease), {"name": LEASE, **values})
            return True
    except IntegrityError:  # another one was first
        return False


def run(app: Flask) -> None:
    """Ticks until the process is asked to stop."""
    stopping.take_stop_signals()
    ticker = Ticker(app)
    while not stopping.wait_for_stop(TICK_S):
        ticker.try_to_tick()
    ticker.end()
