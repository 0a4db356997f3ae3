"""What one process of the product holds: settings, engine, vault, writer. One per app, reached through `runtime()`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app
from sqlalchemy import Engine

from app.core.settings import Settings
from app.core.vault import Vault
from app.core.writer import Writer

EXTENSION = "kalitrack"


@dataclass(frozen=True, slots=True)
class Runtime:
    settings: Settings
    engine: Engine
    vault: Vault
    writer: Writer


def runtime(app: Flask | None = None) -> Runtime:
    """The runtime of an app, by default the current one."""
    return cast(Runtime, (app or current_app).extensions[EXTENSION])
