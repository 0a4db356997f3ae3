"""The file of a backup: a compressed tar whose first member is the manifest, written aside and renamed."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.upkeep.backup import manifest
from app.upkeep.backup.manifest import Manifest, Member
from app.upkeep.backup.refusal import Refused

CHUNK = 1024 * 1024
LEVEL = 1  # of compression: a third of the size at a fifth of the processor time of the usual level
Told = Callable[[int], None]  # bytes done since the last call


def member_of(name: str, path: Path) -> Member:
    """A file as the manifest tells it; reads it once."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return Member(name=name, size=path.stat().st_size, sha256=digest.hexdigest())


def write(target: Path, described: Manifest, folder: Path, told: Told) -> None:
    """Packs the members (files of `folder` by their names) into `target`, mode 0600, on disk before it has its name.
    Raises OSError."""
    draft = folder / "archive"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=LEVEL, filename="", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            text = described.model_dump_json(indent=1).encode()
            _add(tar, described, manifest.NAME, len(text), io.BytesIO(text))
            for member in described.members:
                with (folder / member.name).open("rb") as file:
                    _add(tar, described, member.name, member.size, _Counted(file, told))
        raw.flush()
        os.fsync(raw.fileno())
    if target.exists():
        raise FileExistsError(target)
    draft.rename(target)
    sync_folder(target.parent)


def _add(tar: tarfile.TarFile, described: Manifest, name: str, size: int, content: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(described.taken_at.timestamp())
    tar.addfile(entry, content)


class _Counted(io.BytesIO):
    """A file whose reading is told."""

    def __init__(self, file: IO[bytes], told: Told) -> None:
        super().__init__()
        self._file, self._told = file, told

    def read(self, size: int | None = -1) -> bytes:
        found = self._file.read(-1 if size is None else size)
        self._told(len(found))
        return found


def write_file(path: Path, content: Iterable[bytes]) -> None:
    """A file of these contents, mode 0600 and on disk; a draft of an earlier try is written over."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in content:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """A name is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Archive:
    """A backup being read, from its beginning to its end: the members in the manifest's order."""

    def __init__(self, tar: tarfile.TarFile, described: Manifest) -> None:
        self._tar = tar
        self.manifest = described

    def members(self) -> Iterator[tuple[Member, Iterator[bytes]]]:
        """Each member and its content, which has to be read to the end: the last chunk of one that is not what the
        manifest says raises Refused."""
        for member in self.manifest.members:
            entry = self._tar.next()
            if entry is None or entry.name != member.name or not entry.isreg() or entry.size != member.size:
                raise Refused(f"The backup is damaged: {member.name} is missing or of another size.")
            content = self._tar.extractfile(entry)
            assert content is not None  # a regular file has content
            yield member, _checked(content, member)


def _checked(content: IO[bytes], member: Member) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    while chunk := content.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if size == member.size and digest.hexdigest() != member.sha256:
            raise Refused(f"The backup is damaged: the checksum of {member.name} is another.")
        yield chunk
    if size != member.size:
        raise Refused(f"The backup is damaged: {member.name} ends early.")


@contextmanager
def reading(path: Path) -> Iterator[Archive]:
    """Opens a backup. Raises Refused for a file that is none, here and wherever it is read."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from None
    try:
        with raw, gzip.GzipFile(fileobj=raw) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
            entry = tar.next()
            if entry is None or entry.name != manifest.NAME or not entry.isreg() or entry.size > manifest.MAX_BYTES:
                raise Refused(f"{path} is no backup of Kalitrack.")
            content = tar.extractfile(entry)
            assert content is not None  # a regular file has content
            yield Archive(tar, Manifest.parse(content.read()))
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile):
        raise Refused(f"{path} is damaged, or no backup of Kalitrack.") from None


def verify(path: Path, told: Told) -> Manifest:
    """Reads all of it and compares every checksum. Raises Refused."""
    with reading(path) as archive:
        for _member, content in archive.members():
            for chunk in content:
                told(len(chunk))
        return archive.manifest
