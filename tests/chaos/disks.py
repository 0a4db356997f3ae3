"""Disks that fill up, in two ways: a limit on what the product's processes may write, and a small file system."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.chaos.product import WEB_WORKER, Product

KB = 1024
WRITERS = ("web", WEB_WORKER, "deliver", "jobs", "ticker")  # Valkey dies of a limit; of a full disk it does not
BALLAST = "ballast"


class Limit:
    """No file may grow beyond so many bytes, for the processes that run now. Needs no rights, and Linux."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def fill(self, left: int) -> None:
        self._set(left)

    def empty(self) -> None:
        self._set(resource.RLIM_INFINITY)

    def _set(self, size: int) -> None:
        for part in WRITERS:
            for pid in self._product.pids(part):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class SmallDisk:
    """A file system of its own; what is free is taken by one file."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / BALLAST

    def fill(self, left: int) -> None:
        """Takes all but `left` bytes, in ever smaller pieces, since others write meanwhile."""
        self.empty()
        size = 0
        with self._ballast.open("wb") as file:
            for piece in (1024 * KB, 64 * KB, 4 * KB):
                with suppress(OSError):  # no room for one more
                    while self._free() - piece >= left:
                        os.posix_fallocate(file.fileno(), size, piece)
                        size += piece

    def _free(self) -> int:
        found = os.statvfs(self._ballast.parent)
        return found.f_bavail * found.f_frsize

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)


def may_limit() -> bool:
    """Whether another process's limits can be set here: Linux has a call for it."""
    return hasattr(resource, "prlimit")


def may_mount() -> bool:
    """Whether this process may mount a file system (in a container mostly not, whoever it is)."""
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(_mount(Path(folder), 1), capture_output=True, check=False).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
        return True


@contextmanager
def mounts() -> Iterator[Callable[[Path, int], None]]:
    """`mount(folder, megabytes)`: an empty file system there until the end."""
    mounted: list[Path] = []

    def mount(folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(_mount(folder, megabytes), check=True)
        mounted.append(folder)

    try:
        yield mount
    finally:
        _unmount(reversed(mounted))


def _mount(folder: Path, megabytes: int) -> list[str]:
    return ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]


def _unmount(folders: Iterable[Path]) -> None:
    for folder in folders:
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)
