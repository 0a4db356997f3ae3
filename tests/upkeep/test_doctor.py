"""What the doctor finds, and what it says to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import delete, insert, update

from app.core import clock
from app.core.db import begin_write
from app.core.models import Heartbeat
from app.core.runtime import runtime
from app.opens.recording.spool import Spool
from app.outbound.models import Target
from app.upkeep.doctor.cli import terminal_language

Look = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture
def look(run) -> Look:
    """`look(app)` gives the findings by the name of their check, the last one of each."""

    def ask(of: Flask, exit_code: int | None = None) -> dict[str, Any]:
        result = run("doctor", "--json", "--language", "en", of=of)
        found = json.loads(result.output)
        has_problem = any(each["level"] == "problem" for each in found)
        assert result.exit_code == has_problem
        assert all(bool(each["advice"]) is (each["level"] != "ok") for each in found)
        return {each["check"]: each for each in found}

    return ask


def live(app: Flask) -> None:
    """Every process says that it lives."""
    with begin_write(runtime(app).engine) as connection:
        connection.execute(delete(Heartbeat))
        connection.execute(
            insert(Heartbeat),
            [{"process": kind, "kind": kind, "seen_at": clock.now()} for kind in ("deliver", "jobs", "ticker")],
        )


def test_a_sound_installation_has_no_problem_and_a_sick_one_says_which(app, ledger, make_pixel, look, tmp_path, run):
    pixel = make_pixel("kwai")
    live(app)
    tmp_path.chmod(0o700)
    assert run("backup").exit_code == 0

    sound = look(app)

    assert {each["check"] for each in sound.values() if each["level"] == "problem"} <= {"durability", "disk"}
    durability = {"durability"} if runtime(app).engine.dialect.name == "postgresql" else {"integrity"}
    assert sound.keys() >= {"database", "revision", "valkey", "clock" if durability == {"durability"} else "disk"}
    assert sound.keys() >= {"workers", "queue", "spool", "encryption_keys", "backup", "open_files", *durability}
    ledger.owe(pixel, 2, status="dead", error="refused")
    ledger.owe(pixel, 1, next_at=clock.now() - timedelta(hours=1))
    Spool(tmp_path).append(b"{}")
    with begin_write(ledger.engine) as connection:
        connection.execute(delete(Heartbeat).where(Heartbeat.kind == "ticker"))
        connection.execute(update(Target).values(breaker="half_open"))
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")

    sick = look(app)

    with begin_write(ledger.engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0008'")
    levels = {
        name: sick[name]["level"] for name in ("workers", "queue", "dead_letters", "targets", "spool", "revision")
    }
    assert levels == {
        "workers": "problem", "queue": "problem", "dead_letters": "warning", "targets": "warning", "spool": "warning",
        "revision": "problem",
    }  # fmt: skip
    assert "ticker" in sick["workers"]["text"]
    assert "app.serve.prepare" in sick["revision"]["advice"]


class TestOnSqlite:
    """What does not depend on the database."""

    @pytest.fixture
    def database_url(self, tmp_path, migrated_sqlite):
        file = tmp_path / "kalitrack.db"
        file.write_bytes(migrated_sqlite.read_bytes())
        return f"sqlite:///{file}"

    def test_settings_that_are_not_wise_are_named(self, with_changes, look, make_pixel):
        make_pixel("kwai")
        key, password = Fernet.generate_key().decode(), "a secret that nobody guesses"
        bare = {
            "public_url": "http://track.example.com", "env": "development", "stats_public": True,
            "registration": "open",
            "tracking_token": "track123456",
            "internal_api_token": "short", "admin_password": password, "meta_graph_version": "v19.0",
            "encryption_keys": (key,),
        }  # fmt: skip
        behind = {"public_url": "https://track.example.com", "redis_url": "unix:///nothing/here.sock"}
        proxied = {"trusted_proxies": 1, "host": "0.0.0.0", "meta_graph_version": "v21.0"}  # noqa: S104

        for changes, expected in (
            (bare, {
                "public_url": "problem", "env": "warning", "stats_public": "warning", "tracking_token": "problem",
                "registration": "warning",
                "internal_api_token": "warning",
                "admin_password": "warning", "graph_version": "problem", "encryption_keys": "problem",
            }),
            (behind, {"trusted_proxies": "warning", "valkey": "problem", "graph_version": "ok"}),
            (proxied, {"host": "warning", "graph_version": "warning"}),
        ):  # fmt: skip
            found = look(with_changes(**changes))
            assert {name: found[name]["level"] for name in expected} == expected
            assert not any(secret in str(found) for secret in (key, password, "track123456"))

    @pytest.fixture
    def with_changes(self, app, settings):
        from app import create_app

        made = []

        def make(**changes):
            made.append(create_app(settings.model_copy(update=changes)))
            return made[-1]

        yield make
        for each in made:
            runtime(each).engine.dispose()

    def test_a_folder_that_others_read_and_a_damaged_file_are_problems(self, app, look, tmp_path, settings):
        with begin_write(runtime(app).engine) as connection:
            numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) SELECT x FROM n"
            connection.exec_driver_sql(f"CREATE TABLE many AS {numbers}")
        runtime(app).engine.dispose()
        with settings.database_file.open("r+b") as file:
            file.seek(-3 * 4096, 2)
            file.write(b"\xff" * 4096)
        tmp_path.chmod(0o755)

        found = look(app)

        assert (found["permissions"]["level"], found["integrity"]["level"]) == ("problem", "problem")
        assert "chmod -R go=" in found["permissions"]["advice"]
        assert "restore" in found["integrity"]["advice"]

    def test_a_database_that_is_away_is_one_problem_among_others(self, with_changes, look, tmp_path):
        found = look(with_changes(database_url=f"sqlite:////{tmp_path}/no/such/folder/x.db"))

        assert found["database"]["level"] == "problem"
        assert {"valkey", "disk", "spool"} <= found.keys()

    def test_it_speaks_the_language_of_the_terminal(self, app, run, monkeypatch):
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        assert terminal_language() == "en"
        monkeypatch.setenv("LANG", "pt_BR.UTF-8")
        assert terminal_language() == "pt_BR"
        assert "problemas" in run("doctor", of=app).output.splitlines()[-1]
