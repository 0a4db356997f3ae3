"""Puts a backup into an empty database, or in the place of one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, migrate
from app.core.db import begin_write
from app.core.runtime import Runtime, runtime
from app.opens.recording import spool
from app.upkeep.backup import afterwards, archive, keys, quiet
from app.upkeep.backup.into_postgresql import IntoPostgresql
from app.upkeep.backup.into_sqlite import IntoSqlite
from app.upkeep.backup.manifest import Manifest
from app.upkeep.backup.refusal import Refused
from app.upkeep.backup.taking import SECRETS, Progress, first_line, shares

Content = Iterable[bytes]
Taker = Callable[[str, Content], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    replace: bool = False  # what is in the database now gives way
    new_keys: bool = False  # keys that do not fit are no hindrance
    paused: bool = False  # nothing is sent until a person resumes each target


@dataclass(frozen=True, slots=True)
class Restored:
    manifest: Manifest
    open: afterwards.Open
    paused: int  # targets
    migrated_to: str | None  # None: the backup was at our revision
    aside: Path | None  # the database that was there


def restore(app: Flask, file: Path, wishes: Wishes, progress: Progress) -> Restored:
    """Checks all of the file, then puts it in, checks what arrived and lets go of leases. Raises Refused; until the
    checks are over nothing is touched."""
    state = runtime(app)
    try:
        with archive.reading(file) as peeked:
            told = shares("checking", peeked.manifest.size, progress)
        described = archive.verify(file, told)
        _refuse_unfit(app, described)
        secrets = _fitting_secrets(state, file, described, wishes)
        with quiet.alone(state.settings.data_dir):
            return _put(app, file, described, wishes, secrets, progress)
    except OSError as error:
        raise Refused(f"The backup could not be restored: {error.strerror}.") from None
    except (sqlite3.Error, psycopg.Error, SQLAlchemyError) as error:
        raise Refused(f"The database refused the backup: {first_line(error)}.") from None


def _put(
    app: Flask, file: Path, described: Manifest, wishes: Wishes, secrets: Mapping[str, str], progress: Progress
) -> Restored:
    state = runtime(app)
    ending = f".before_restore-{clock.now():%Y%m%d-%H%M%S}"
    into = (IntoSqlite if state.settings.is_sqlite else IntoPostgresql)(app, described, ending)
    into.prepare(replace=wishes.replace)
    told = shares("restoring", described.size, progress)
    with archive.reading(file) as opened, into:
        for member, content in opened.members():
            if member.name == spool.NAME:
                _put_spool(state, _heard(content, told), ending)
            elif member.name == SECRETS:
                for _chunk in content:
                    pass
            else:
                into.take(member.name, _heard(content, told))
    keys.put(state.settings.data_dir, secrets, ending)
    migrated_to = _migrate(app, described)
    with begin_write(state.engine) as connection:
        still_open = afterwards.let_go(connection)
        paused = afterwards.pause_all(connection) if wishes.paused else 0
    return Restored(described, still_open, paused, migrated_to, into.aside)


def _heard(content: Content, told: archive.Told) -> Content:
    for chunk in content:
        told(len(chunk))
        yield chunk


def _refuse_unfit(app: Flask, described: Manifest) -> None:
    ours = "sqlite" if runtime(app).settings.is_sqlite else "postgresql"
    if described.database != ours:
        raise Refused(f"This is a backup of {described.database}, and DATABASE_URL names {ours}.")
    if not _is_known(app, described.revision):
        raise Refused(
            f"The backup is of a newer version of Kalitrack (revision {described.revision}); install that one first."
        )


def _is_known(app: Flask, revision: str) -> bool:
    with suppress(CommandError):
        return ScriptDirectory(app.extensions["migrate"].directory).get_revision(revision) is not None
    return False


def _fitting_secrets(state: Runtime, file: Path, described: Manifest, wishes: Wishes) -> dict[str, str]:
    """Those of the backup that are to be written into the data folder. Raises Refused when the keys that the product
    would then have cannot read it."""
    held = _secrets_of(file) if described.has_secrets else {}
    given = keys.given(state.settings)
    wrong = keys.misfits(described.proof, {**keys.texts(state.settings), **held, **given})
    if wrong and not wishes.new_keys:
        raise Refused(
            f"{' and '.join(wrong)} are not those of the backup, so that what it keeps encrypted could not be read. "
            f"Set them, or copy the old data folder's `secrets` over {state.settings.data_dir / 'secrets'}; or give "
            "--new-keys, and enter the access tokens of all pixels again."
        )
    return {name: text for name, text in held.items() if name not in given}


def _secrets_of(file: Path) -> dict[str, str]:
    with archive.reading(file) as opened:
        for member, content in opened.members():
            text = b"".join(content) if member.name == SECRETS else b""
            if text:
                found = json.loads(text)
                return {name: str(found[name]) for name in ("secret_key", "encryption_keys", "pii_hash_key")}
            for _chunk in content:
                pass
    raise Refused("The backup is damaged: its keys are missing.")


def _put_spool(state: Runtime, content: Content, ending: str) -> None:
    """Opens that waited for the database; their replay writes each once."""
    path = state.settings.data_dir / spool.NAME
    if path.exists():
        path.rename(path.with_name(f"{path.name}{ending}"))
    archive.write_file(path, content)


def _migrate(app: Flask, described: Manifest) -> str | None:
    head = migrate.head_revision(app)
    if described.revision == head:
        return None
    migrate.upgrade(app)
    return head
