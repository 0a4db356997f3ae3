"""A product with something in it, and another place to restore it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import create_engine, make_url, text

from app import create_app
from app.core.db import Base
from app.core.runtime import runtime
from app.core.settings import Settings
from tests.outbound.ledger import Ledger
from tests.tracking_fixtures import make_pixel, simulator

__all__ = ["make_pixel", "simulator"]


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    return Ledger(app)


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    """`run("backup", "--to", folder)`: a command of the first product."""
    return lambda *arguments, of=app: of.test_cli_runner().invoke(args=[str(each) for each in arguments])


@pytest.fixture
def other_place(settings: Settings, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """`other_place(**changes)`: a product that has no data yet, with a folder (and a database) of its own."""
    urls: list[str] = []
    apps: list[Flask] = []

    def make(**changes: Any) -> Flask:
        folder = tmp_path / f"other-{len(apps)}"
        folder.mkdir()
        url = f"sqlite:///{folder / 'kalitrack.db'}"
        if not settings.is_sqlite:
            url = _run(settings.database_url, f"CREATE DATABASE other_{uuid4().hex}")
            urls.append(url)
        apps.append(create_app(settings.model_copy(update={"data_dir": folder, "database_url": url, **changes})))
        return apps[-1]

    yield make
    for app in apps:
        runtime(app).engine.dispose()
    for url in urls:
        _run(settings.database_url, f"DROP DATABASE {make_url(url).database}")


def _run(url: str, statement: str) -> str:
    """Runs it on the server of `url`; gives the URL of the database that it names."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
    return make_url(url).set(database=statement.split()[-1]).render_as_string(hide_password=False)


def rows_of(app: Flask) -> dict[str, list[Any]]:
    """Every row of every table."""
    with runtime(app).engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select()).all()))
            for table in Base.metadata.sorted_tables
        }
