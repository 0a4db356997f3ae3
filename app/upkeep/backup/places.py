"""Where a backup goes: its name, its room, and that one at a time is made in a folder."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from app.core.settings import Settings
from app.upkeep.backup.refusal import Refused

OWN = re.compile(r"kalitrack-\d{8}-\d{6}\.tar\.gz")
DRAFTS = ".kalitrack-backup-"
SPARE = 64 * 1024 * 1024  # room that a backup leaves


def target_of(settings: Settings, to: Path | None, now: datetime) -> Path:
    """The file: `to` itself when it is the name of one, else a dated one in that folder (default: `backups` of the
    data folder). Raises Refused."""
    folder = settings.data_dir / "backups" if to is None else to
    if folder.name.endswith(".tar.gz"):
        if folder.exists():
            raise Refused(f"{folder} is there already; give another name.")
        return folder.absolute()
    return (folder / f"kalitrack-{now:%Y%m%d-%H%M%S}.tar.gz").absolute()


@contextmanager
def drafting(folder: Path) -> Iterator[Path]:
    """A folder beside the target for what is not complete yet, gone afterwards, as are those of backups that were
    killed. Raises Refused when another backup is being made there, or it cannot be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / f"{DRAFTS}lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(f"{folder} cannot be written: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"Another backup is being made in {folder}.") from None
        for dead in folder.glob(f"{DRAFTS}*.partial"):
            shutil.rmtree(dead, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=DRAFTS, suffix=".partial", dir=folder) as draft:
            yield Path(draft)
    finally:
        os.close(lock)


def need_room(folder: Path, wanted: int) -> None:
    """Raises Refused when the disk has not so many bytes to spare."""
    free = shutil.disk_usage(folder).free
    if free < wanted + SPARE:
        raise Refused(f"{folder} has {megabytes(free)} free, and {megabytes(wanted + SPARE)} are needed.")


def existing(folder: Path) -> list[Path]:
    """The backups of a folder, the oldest first: those with names of our making."""
    return sorted(path for path in folder.glob("kalitrack-*.tar.gz") if OWN.fullmatch(path.name))


def keep(folder: Path, number: int) -> list[Path]:
    """Removes all but the newest; returns what went."""
    gone = existing(folder)[:-number]
    for path in gone:
        path.unlink()
    return gone


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.2f} GB"
