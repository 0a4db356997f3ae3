"""A backup of a product in use, put back in another place."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import stat
import tarfile
from datetime import timedelta

import flask_migrate
import pytest
from sqlalchemy import insert, select, update

from app.core import clock, migrate
from app.core.db import begin_write
from app.core.models import Heartbeat, Job, Lease
from app.core.runtime import runtime
from app.opens.recording.spool import Spool
from app.outbound.models import Delivery, Status, Target
from app.upkeep.backup import sqlite_file
from tests.upkeep.conftest import rows_of

LEASE = {"lease_token": "a-token", "waiter": "web-1"}


@pytest.fixture
def filled(app, ledger, make_pixel):
    """Deliveries of every state, a job in somebody's hands, a ticker that leads; an event of last year; gives the ids
    of those in flight."""
    kwai = make_pixel("kwai")
    ledger.owe(kwai, 5, status=Status.DONE, done_at=clock.now())
    ledger.owe(kwai, 2, next_at=clock.now() + timedelta(hours=1))
    flying = ledger.owe(kwai, 3, status=Status.LEASED, next_at=clock.now() + timedelta(minutes=2), **LEASE)
    account_id = ledger.target(kwai).account_id
    held = {"state": "running", "lease_token": "x", "lease_until": clock.now() + timedelta(minutes=5)}
    with begin_write(ledger.engine) as connection:
        connection.execute(insert(Job), {
            "account_id": account_id, "kind": "x\t\\N\n", "params": {"é": "\\"}, "created_at": clock.now(), **held,
        })  # fmt: skip
        connection.execute(insert(Lease), {"name": "ticker", "holder": "t", "until": clock.now()})
        connection.execute(insert(Heartbeat), {"process": "t", "kind": "ticker", "seen_at": clock.now()})
    return flying


@pytest.fixture
def taken(filled, run, tmp_path):
    """The file of a backup."""
    result = run("backup", "--to", tmp_path / "kept")
    assert result.exit_code == 0, result.output
    (path,) = (tmp_path / "kept").glob("kalitrack-*.tar.gz")
    return path


def test_what_was_backed_up_is_there_again(app, taken, run, other_place, filled, ledger):
    other = other_place()

    result = run("restore", taken, of=other)

    assert result.exit_code == 0, result.output
    assert "2 deliveries wait and 3 were in flight" in result.output
    before, after = rows_of(app), rows_of(other)
    let_go = {"delivery", "job", "lease", "heartbeat", "cron_run"}
    assert {name for name in before if before[name] != after[name]} <= let_go
    assert {name: len(after[name]) for name in ("delivery", "job")} == {"delivery": 10, "job": 1}
    assert (after["lease"], after["heartbeat"], after["cron_run"]) == ([], [], [])
    assert_only_those_in_flight_are_due_sooner(app, other, filled)


def assert_only_those_in_flight_are_due_sooner(app, other, flying):
    ours, theirs = ({row.id: row for row in deliveries(each)} for each in (app, other))
    for id, row in theirs.items():
        if id in flying:
            assert (row.status, row.lease_token, row.waiter) == (Status.PENDING, None, None)
            assert row.next_at <= clock.now()
        else:
            assert row == ours[id]


def deliveries(app):
    with runtime(app).engine.connect() as connection:
        return connection.execute(select(Delivery.__table__)).all()


def test_a_database_in_use_or_with_data_is_not_replaced_unasked(app, taken, run, other_place):
    other = other_place()
    assert run("restore", taken, of=other).exit_code == 0
    with begin_write(runtime(other).engine) as connection:
        connection.execute(insert(Heartbeat), {"process": "jobs-a", "kind": "jobs", "seen_at": clock.now()})
        connection.execute(update(Target).values(label="changed here"))

    refused = run("restore", taken, of=other)
    alive = run("restore", taken, "--replace", of=other)
    with begin_write(runtime(other).engine) as connection:
        connection.execute(update(Heartbeat).values(seen_at=clock.now() - timedelta(minutes=1)))
    replaced = run("restore", taken, "--replace", "--paused", of=other)

    assert (refused.exit_code, "holds data" in refused.output) == (1, True)
    assert (alive.exit_code, "jobs-a" in alive.output) == (1, True)
    assert (replaced.exit_code, "1 targets are paused" in replaced.output) == (0, True), replaced.output
    with runtime(other).engine.connect() as connection:
        row = connection.execute(select(Target.label, Target.state, Target.reason_code)).one()
    assert (row.label != "changed here", row.state, row.reason_code) == (True, "paused", "user")
    assert (
        bool(list(runtime(other).settings.data_dir.glob("*.db.before_restore-*"))) is runtime(other).settings.is_sqlite
    )


def test_a_damaged_backup_touches_nothing(taken, run, other_place, tmp_path):
    other = other_place()
    whole = gzip.decompress(taken.read_bytes())
    at = whole.rindex(b"EVENT_PURCHASE")
    for number, damaged in enumerate((
        gzip.compress(whole[:at] + b"X" + whole[at + 1 :]),
        taken.read_bytes()[: taken.stat().st_size // 2],
        gzip.compress(whole.replace(b'"revision": "', b'"revision": "9', 1).replace(b'"product"', b'"roduct"', 1)),
        b"something else",
    )):  # fmt: skip
        file = tmp_path / f"damaged-{number}.tar.gz"
        file.write_bytes(damaged)
        result = run("restore", file, of=other)
        assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
        assert result.output.startswith("Error: ")
    assert migrate.current_revision(other) is None


def test_a_newer_version_is_refused_and_an_older_one_migrated(run, tmp_path, other_place):
    old, other = other_place(), other_place()
    with old.app_context():
        flask_migrate.upgrade(revision="0003")
    assert run("backup", "--to", tmp_path / "old.tar.gz", of=old).exit_code == 0
    with begin_write(runtime(old).engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert run("backup", "--to", tmp_path / "new.tar.gz", of=old).exit_code == 0

    newer, older = (run("restore", tmp_path / f"{name}.tar.gz", of=other) for name in ("new", "old"))

    assert (newer.exit_code, "newer version" in newer.output) == (1, True)
    assert (older.exit_code, "Migrated from revision 0003 to 0008" in older.output) == (0, True), older.output
    assert migrate.current_revision(other) == "0008"
    assert len(rows_of(other)["account"]) == 1


class TestOnSqlite:
    """What does not depend on the database."""

    @pytest.fixture
    def database_url(self, tmp_path, migrated_sqlite):
        file = tmp_path / "kalitrack.db"
        file.write_bytes(migrated_sqlite.read_bytes())
        return f"sqlite:///{file}"

    def test_the_file_is_private_and_says_what_it_is(self, taken):
        with tarfile.open(taken) as tar:
            first = tar.next()
            told = json.loads(tar.extractfile(first).read())

        assert stat.S_IMODE(os.stat(taken).st_mode) == 0o600
        assert [path.name for path in taken.parent.iterdir() if "partial" in path.name] == []
        assert (first.name, told["database"], told["revision"]) == ("manifest.json", "sqlite", "0008")
        assert (told["counts"]["delivery"], told["has_secrets"]) == (10, False)

    def test_keys_of_another_installation_are_refused(self, taken, run, other_place):
        other = other_place(encryption_keys=("Zt0hMxXG7e5oQ0v2p7gXjvN2l2m3v0yqYc8p8m5m5mA=",), pii_hash_key="y" * 40)

        refused, forced = run("restore", taken, of=other), run("restore", taken, "--new-keys", of=other)

        assert (refused.exit_code, forced.exit_code) == (1, 0), forced.output
        assert "ENCRYPTION_KEYS and PII_HASH_KEY are not those" in refused.output

    def test_keys_travel_only_when_asked(self, filled, run, tmp_path, settings):
        run("backup", "--to", tmp_path / "a.tar.gz")
        run("backup", "--to", tmp_path / "b.tar.gz", "--with-secrets")

        held = [settings.secret_key.encode() in gzip.decompress((tmp_path / f"{n}.tar.gz").read_bytes()) for n in "ab"]
        assert held == [False, True]

    def test_generated_keys_give_way_to_those_of_the_backup(self, filled, run, tmp_path, settings, other_place):
        run("backup", "--to", tmp_path / "b.tar.gz", "--with-secrets")
        fresh = "Zt0hMxXG7e5oQ0v2p7gXjvN2l2m3v0yqYc8p8m5m5mA="
        other = other_place(encryption_keys=(fresh,))
        folder = runtime(other).settings.data_dir / "secrets"
        folder.mkdir(mode=0o700)
        (folder / "encryption_keys").write_text(fresh)

        result = run("restore", tmp_path / "b.tar.gz", of=other)

        assert result.exit_code == 0, result.output
        assert (folder / "encryption_keys").read_text() == settings.encryption_keys[0]
        assert [path.read_text() for path in folder.glob("encryption_keys.before_restore-*")] == [fresh]

    def test_opens_that_wait_in_the_spool_are_in_it(self, filled, settings, run, tmp_path, other_place):
        Spool(settings.data_dir).append(b'{"an": "open"}')
        run("backup", "--to", tmp_path / "s.tar.gz")
        other = other_place()

        assert run("restore", tmp_path / "s.tar.gz", of=other).exit_code == 0
        assert Spool(runtime(other).settings.data_dir).read(10).records == [b'{"an": "open"}']

    def test_only_so_many_are_kept(self, filled, run, tmp_path, travel):
        for _ in range(3):
            assert run("backup", "--to", tmp_path / "kept", "--keep", 2).exit_code == 0
            travel(timedelta(seconds=1))

        assert len(list((tmp_path / "kept").glob("kalitrack-*"))) == 2

    def test_a_folder_that_cannot_be_written_is_named(self, filled, run, tmp_path):
        (tmp_path / "file").write_text("")
        result = run("backup", "--to", tmp_path / "file")
        assert (result.exit_code, str(tmp_path / "file") in result.output) == (1, True)

    def test_a_process_that_has_the_file_open_stops_a_restore(self, taken, run, other_place):
        other = other_place()
        assert run("restore", taken, of=other).exit_code == 0
        reader = sqlite3.connect(runtime(other).settings.database_file)
        reader.execute("SELECT count(*) FROM account").fetchone()
        result = run("restore", taken, "--replace", of=other)
        reader.close()
        assert (result.exit_code, "still uses" in result.output) == (1, True)

    def test_writers_neither_wait_for_the_copy_nor_get_into_it(self, app, settings, tmp_path):
        write = "INSERT INTO pile SELECT hex(randomblob(2000)) FROM generated"
        numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000) SELECT x FROM n"
        with begin_write(runtime(app).engine) as connection:
            connection.exec_driver_sql("CREATE TABLE pile (text)")
            connection.exec_driver_sql(f"CREATE TABLE generated AS {numbers}")
            connection.exec_driver_sql(write)
        steps = []

        def told(done, _of):
            steps.append(done)
            with begin_write(runtime(app).engine) as connection:
                connection.exec_driver_sql(f"{write} LIMIT 100")

        sqlite_file.copy(settings.database_file, tmp_path / "copy.db", told)

        assert (len(steps) > 2, steps) == (True, sorted(steps))  # it never began anew
        assert sqlite_file.counts(tmp_path / "copy.db")["pile"] == 3000
        assert sqlite_file.counts(settings.database_file)["pile"] == 3000 + 100 * len(steps)
        assert not (tmp_path / "copy.db-wal").exists()
        with runtime(app).engine.connect() as connection:  # what the writers left was folded in for them
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        assert settings.database_file.stat().st_size == pages * 4096
