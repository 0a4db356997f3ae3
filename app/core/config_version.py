"""One number that moves with every change of a client or pixel, so that caches know when to look again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, update

from app.core.db import after_commit, sqlite_driver
from app.core.models import ConfigVersion

_CURRENT = "SELECT version FROM config_version"  # asked in every group commit
on_bump: list[Callable[[], None]] = []  # called after a commit that moved the version, in the process that did it


def bump(connection: Connection) -> None:
    """Moves the version in the caller's write transaction; after its commit the listeners are told. What they publish
    is a hint: the writer reads `current` in each group commit."""
    connection.execute(update(ConfigVersion).values(version=ConfigVersion.version + 1))
    after_commit(connection, "config", _tell)


def current(connection: Connection) -> int:
    driver = sqlite_driver(connection)
    if driver is None:
        return int(connection.exec_driver_sql(_CURRENT).scalar_one())
    return int(driver.execute(_CURRENT).fetchone()[0])


def is_moving(connection: Connection) -> bool:
    """Whether this very transaction has moved it: then `current` is a number that a rollback gives to another change,
    and nothing may be kept under it."""
    return "config" in connection.info.get("after_commit", {})


def _tell() -> None:
    for listener in on_bump:
        listener()
