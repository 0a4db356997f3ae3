"""This machine: clock, disk, who may read the data folder, open files, the age of keys."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from app.attention.checks import Severity
from app.attention.vitals import CLOCK_MS, DISK
from app.core import clock, skew
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.upkeep.backup import keys
from app.upkeep.backup.places import megabytes
from app.upkeep.doctor.findings import Finding, Level, ok, problem, warning

SYNCS = 25
SYNC_BYTES = 4096
SLOW_SYNC_MS, BAD_SYNC_MS = 20.0, 100.0
FEW_FILES, TOO_FEW_FILES = 4096, 1024  # a web process has a connection for each visitor
OLD_KEY_DAYS = 365
LEVEL_OF = {Severity.DANGER: Level.PROBLEM, Severity.WARNING: Level.WARNING}
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter


def check(state: Runtime) -> Iterator[Finding]:
    yield from _clock(state)
    yield _room(state.settings.data_dir)
    yield _disk_speed(state.settings.data_dir)
    yield from _permissions(state.settings)
    yield from _key_age(state.settings)
    yield _open_files()


def _clock(state: Runtime) -> Iterator[Finding]:
    synchronised = _is_synchronised()
    if synchronised is False:
        yield warning(
            "ntp",
            _("This machine's clock is not synchronised."),
            _("Switch on time synchronisation: timedatectl set-ntp true."),
        )
    elif synchronised:
        yield ok("ntp", _("This machine's clock is synchronised (NTP)."))
    try:
        with state.engine.connect() as connection:
            ahead_ms = skew.of_database_ms(connection)
    except SQLAlchemyError:
        return  # said already
    if ahead_ms is not None:
        yield _skewed(ahead_ms)


def _skewed(ahead_ms: int) -> Finding:
    told = _("This machine's clock and the database's are %(ms)s ms apart.", ms=abs(ahead_ms))
    severity = next((each for each, limit in CLOCK_MS.items() if abs(ahead_ms) > limit), None)
    if severity is None:
        return ok("clock", told)
    return Finding("clock", LEVEL_OF[severity], told, _("Switch on time synchronisation (NTP) on both."))


def _is_synchronised() -> bool | None:
    """What systemd says; None where it says nothing."""
    command = shutil.which("timedatectl")
    if command is None:
        return None
    try:
        told = subprocess.run(  # noqa: S603  a fixed command
            [command, "show", "--property=NTPSynchronized", "--value"], capture_output=True, text=True, timeout=2
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(told)


def _room(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    told = _("Disk of the data folder: %(free)s of %(total)s free.",
             free=megabytes(usage.free), total=megabytes(usage.total))  # fmt: skip
    for severity, (share, least) in DISK.items():
        if usage.free < share * usage.total or usage.free < least:
            advice = _("Make room: old backups, log files, or RETENTION_DAYS. A full disk stops intake with 503.")
            return Finding("disk", LEVEL_OF[severity], told, advice)
    return ok("disk", told)


def _disk_speed(folder: Path) -> Finding:
    """How long a commit waits for the disk."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
        waits = []
        for _number in range(SYNCS):
            started = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(SYNC_BYTES), 0)
            _sync(file.fileno())
            waits.append((time.perf_counter() - started) * 1000)
    p50 = median(waits)
    told = _("A write reaches the disk in %(ms)s ms (half of %(number)s tries).", ms=f"{p50:.1f}", number=SYNCS)
    advice = _("Every commit waits for it: use a local SSD, and look for other programs that write.")
    if p50 > BAD_SYNC_MS:
        return problem("disk_speed", told, advice)
    return warning("disk_speed", told, advice) if p50 > SLOW_SYNC_MS else ok("disk_speed", told)


def _permissions(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    exposed = [path for path in (folder, *sorted((folder / "secrets").glob("*"))) if _others_may(path)]
    strangers = [path for path in (folder, settings.database_file) if path and path.exists() and not _is_ours(path)]
    if exposed:
        yield problem(
            "permissions",
            _("Other users of this machine may read: %(paths)s.", paths=", ".join(map(str, exposed))),
            _("Run: chmod -R go= %(folder)s", folder=folder),
        )
    if strangers:
        yield warning(
            "owner",
            _("This command does not run as the owner of %(paths)s.", paths=", ".join(map(str, strangers))),
            _("Run it as the user that runs the product, or files that it makes will be unreadable to it."),
        )
    if not exposed and not strangers:
        yield ok("permissions", _("Only its own user may read the data folder %(folder)s.", folder=folder))


def _others_may(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def _is_ours(path: Path) -> bool:
    return path.stat().st_uid == os.geteuid()


def _key_age(settings: Settings) -> Iterator[Finding]:
    if len(settings.encryption_keys) > 1:
        yield ok(
            "key_ring",
            _("ENCRYPTION_KEYS has %(number)s keys: the first one writes, the others still read.",
              number=len(settings.encryption_keys)),
        )  # fmt: skip
    if "encryption_keys" in keys.given(settings):
        yield ok("key_age", _("The keys come from the environment, which does not tell their age."))
        return
    made_at = datetime.fromtimestamp((settings.data_dir / "secrets" / "encryption_keys").stat().st_mtime, UTC)
    days = (clock.now() - made_at).days
    told = _("The generated encryption key is %(days)s days old.", days=days)
    if days > OLD_KEY_DAYS:
        yield warning("key_age", told, _("Put a new key before it in ENCRYPTION_KEYS (docs/operating.md, rotation)."))
    else:
        yield ok("key_age", told)


def _open_files() -> Finding:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= FEW_FILES:
        return ok("open_files", _("A process started here may open enough files."))
    told = _("A process started here may open %(number)s files: each visitor is one.", number=soft)
    advice = _("Raise it: LimitNOFILE=16384 in the systemd unit, or ulimit -n 16384.")
    return (problem if soft < TOO_FEW_FILES else warning)("open_files", told, advice)
