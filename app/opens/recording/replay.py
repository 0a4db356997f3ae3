"""Back from the spool into the database: by the ticker, and by a web process that has spooled something itself."""

from __future__ import annotations

import fcntl
import json
import logging
import math
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.core import clock, metrics
from app.core.db import begin_write
from app.core.ids import created_at
from app.opens.ids import Ref
from app.opens.models import MissReason, OpenClass
from app.opens.recording.hit import Hit
from app.opens.recording.judge import Load, judge, kept_address
from app.opens.recording.library import Library
from app.opens.recording.misses import count_unrecorded
from app.opens.recording.recorder import OpenRecorder
from app.opens.recording.spool import Part, Spool
from app.opens.rules.agents import agent_id
from app.opens.rules.classify import Verdict
from app.opens.rules.models import Addresses

log = logging.getLogger(__name__)
PART = 200  # records of one transaction
AGAIN_S = 1.0


def pack(hit: Hit, load: Load | None) -> bytes:
    """A record. The address is masked in it, whatever the account keeps; the verdict rests on the whole one."""
    told = asdict(hit) | {"id": hit.id.hex, "at": None, "address": kept_address(hit.address, Addresses.MASKED)}
    if load is not None and load.verdict is not None:
        told["verdict"] = [*load.verdict]
        told["signed"] = load.is_signed
        told["kept"] = load.address if load.account.addresses is not Addresses.FULL else told["address"]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "replace")


class Replayer:
    """Of one process. Two at once wait for neither: one of them does it."""

    def __init__(self, spool: Spool, engine: Engine, library: Library) -> None:
        self._spool = spool
        self._engine = engine
        self._library = library
        self._recorder = OpenRecorder(library)
        self._starting = threading.Lock()
        self._runs = False
        self._lost = 0  # what not even the spool could take, until the database hears of it

    def replay(self, limit_s: float = math.inf) -> int:
        """Writes what waits, for about so long, and answers how much that was. Raises SQLAlchemyError while the
        database is away, OSError for a disk that fails."""
        self._tell_lost()
        total, until = 0, clock.monotonic() + limit_s
        if self._spool.is_empty():
            return total
        with _alone(f"{self._spool.path}.lock") as is_mine:
            while is_mine and clock.monotonic() < until:
                part = self._spool.read(PART)
                if part.is_empty:
                    break
                self._write(part)
                self._spool.take_out(part)
                total += len(part.records)
        return total

    def try_to_replay(self, limit_s: float) -> None:
        """The same, for the ticker, which has more to do."""
        try:
            self.replay(limit_s)
        except (SQLAlchemyError, OSError) as error:
            log.warning("opens wait in the spool: %s", type(error).__name__)

    def lose(self) -> None:
        """An open that neither database nor spool could take: Attention tells it as soon as the database is back."""
        metrics.count("opens_unrecorded")
        with self._starting:
            self._lost += 1
        self.start()

    def _tell_lost(self) -> None:
        with self._starting:
            lost, self._lost = self._lost, 0
        if lost:
            try:
                self._record([], lost)
            except SQLAlchemyError:
                with self._starting:
                    self._lost += lost
                raise

    def start(self) -> None:
        """A thread that replays until the spool is empty, for a host without a ticker."""
        with self._starting:
            if self._runs:
                return
            self._runs = True
        threading.Thread(target=self._run, name="replay", daemon=True).start()

    def _run(self) -> None:
        waits = True
        while waits:
            threading.Event().wait(AGAIN_S)
            self.try_to_replay(math.inf)
            still = self._waits()
            with self._starting:
                waits = self._runs = still or self._lost > 0

    def _waits(self) -> bool:
        try:
            return not self._spool.is_empty()
        except OSError:
            return False  # a disk that fails: whoever spools next tries again

    def _write(self, part: Part) -> None:
        told = [found for record in part.records if (found := _read(record)) is not None]
        try:
            self._record(told, part.lost)
        except OperationalError:
            raise
        except SQLAlchemyError:  # one bad record must not hold up the others
            for one in told:
                self._record_alone(one)
            self._record([], part.lost)

    def _record_alone(self, told: dict[str, Any]) -> None:
        try:
            self._record([told], 0)
        except OperationalError:
            raise
        except SQLAlchemyError as error:
            log.error("an open of the spool cannot be written: %s", type(error).__name__)
            metrics.count("opens_unrecorded")

    def _record(self, told: Sequence[dict[str, Any]], lost: int) -> None:
        loads = [load for one in told if (load := self._load(one)) is not None]
        first = self._library.account("") if lost else None
        with begin_write(self._engine) as connection:
            self._recorder.record(connection, loads)
            if first is not None:
                count_unrecorded(connection, first.id, lost, MissReason.UNRECORDED)

    def _load(self, told: dict[str, Any]) -> Load | None:
        """None for an account that is no more, and for a record that another version of us wrote."""
        try:
            return self._judged(told)
        except (KeyError, TypeError, ValueError) as error:
            log.error("an open of the spool cannot be read: %s", type(error).__name__)
            metrics.count("opens_unrecorded")
            return None

    def _judged(self, told: dict[str, Any]) -> Load | None:
        hit = _hit(told)
        account = self._library.account(hit.account_key)
        if account is None:
            return None
        load = judge(hit, account, self._library.image(account.id, hit.file))
        if "verdict" in told and load.verdict is not None:  # None: the image, which was not known then, refuses it
            open_class, reason, version = told["verdict"]
            load.verdict = Verdict(OpenClass(open_class), reason, version)
            load.agent_id, load.address, load.is_signed = agent_id(hit.agent), told["kept"], told["signed"]
        load.misses = ()  # counters are not replayed
        load.is_late = True
        return load


def _read(record: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(record)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _hit(told: dict[str, Any]) -> Hit:
    id_ = UUID(told["id"])
    fields = {
        name: told[name] for name in ("file", "account_key", "signature", "preview", "agent", "referer", "is_ahead")
    }
    address = ip_address(told["address"]) if told["address"] else None
    return Hit(id=id_, at=created_at(id_), ref=Ref(*told["ref"]), address=address, **fields)


@contextmanager
def _alone(path: str) -> Iterator[bool]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(fd)
