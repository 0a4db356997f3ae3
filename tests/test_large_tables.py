"""How the tables that grow are laid out, so that PostgreSQL can drop their months and shard them by account."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Index, Table, UniqueConstraint

from app.core import partitions
from app.core.db import Base

ROOT = Path(__file__).parent.parent
for file in sorted((ROOT / "app").rglob("models.py")):
    import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))

# Grow with the traffic and are kept by months: retention drops a partition.
BY_MONTH = {"tracked_event", "attempt", "email_open", "audit_entry", "webhook_message"}
# Grow with the traffic, and are no log: `delivery` changes for as long as it is owed, `event_key` and the ids are
# looked up by what a client gave, whenever that was, so that a month in their key would let a repeat through.
BY_ROW = {"delivery", "event_key", "opened_id", "mailed_id"}
# Figures: grow with the hours and what is told apart, and are kept for ever.
FIGURES = {
    "open_hour", "open_slice_hour", "open_slice_day", "open_miss_hour", "delivery_hour", "delivery_tally", "match_hour",
    "mailing_delay", "open_day_hours", "open_share_day", "open_share_month", "webhook_hour",
}  # fmt: skip
# Known to every account alike: its key is the text itself, at most 2,000 new ones a day and process. Sharded, each node
# has a copy ("reference table").
SHARED = {"user_agent"}
# As many rows as there are people, settings and wishes of theirs, or cleared soon (sessions, jobs, findings, runs).
SMALL = {
    "account", "users", "user_session", "setup_link", "api_client", "target", "pixel", "image", "image_content",
    "open_settings", "open_rule", "mailing", "finding", "job", "job_part", "config_version", "lease", "cron_run",
    "heartbeat", "opens_closed", "refresh_token", "client_token", "second_factor", "recovery_code", "pending_sign_in",
    "registration", "mailed_link", "invitation", "social_login", "target_window", "mail_message",
    "user_choice", "category", "tag", "custom_field", "segment", "contact_import", "import_part", "privacy_request",
    "privacy_action", "funnel", "stage", "card_rule", "webhook", "webhook_secret", "alert_rule", "alert",
}  # fmt: skip
# As many rows as an account has people in its contacts. Each contact has a number of its own, by which search and links
# find it: a sharded database keeps all of an account's on one node, and these tables are not laid out for it yet.
PEOPLE = {
    "contact", "contact_category", "contact_tag", "consent_event", "suppression", "timeline_entry", "contact_merge",
    "import_problem", "import_change", "card", "card_change", "rule_run",
}  # fmt: skip
LARGE = BY_MONTH | BY_ROW | FIGURES
# Indexes of large tables that do not begin with the account. A target, a client and a mailing belong to one account
# each, so that within a shard such an index finds what one that began with the account would find.
WITHOUT_ACCOUNT = {
    "ix_delivery_due": "the engine takes what is due of one target; a sharded claim has to name its account too",
    "ix_delivery_target": "the deliveries of one target",
    "ix_delivery_dead_target": "the dead ones of one target",
    "ix_attempt_target": "the calls of one webhook, newest first",
    "ix_attempt_target_failed": "those that failed",
    "ix_tracked_event_target": "the events of one pixel, newest first",
    "ix_tracked_event_client": "the events of one client app, newest first",
    "ix_mailed_id_mailing_id": "the ids of one mailing; PostgreSQL deletes them by it when the mailing goes",
    "ix_email_open_undescribed": "the ticker tells the opens of an agent what it is, whose ever they are",
}
FOREIGN_KEYS = {"mailed_id.mailing_id": "a small table, which a sharded database keeps whole on each node"}


def table(name: str) -> Table:
    return Base.metadata.tables[name]


def keys_of(name: str) -> Iterator[tuple[str, list[str]]]:
    """Primary key, unique constraints and unique indexes: name and columns."""
    found = table(name)
    yield "primary key", [column.name for column in found.primary_key.columns]
    for one in found.constraints:
        if isinstance(one, UniqueConstraint):
            yield str(one.name), [column.name for column in one.columns]
    for index in found.indexes:
        if index.unique:
            yield str(index.name), [column.name for column in index.columns]


def indexes() -> Iterator[Index]:
    for name in sorted(LARGE):
        yield from table(name).indexes


def test_every_table_is_said_to_be_large_or_small() -> None:
    groups = [BY_MONTH, BY_ROW, FIGURES, SHARED, SMALL, PEOPLE]
    assert sorted(name for group in groups for name in group) == sorted(Base.metadata.tables)


def test_the_months_are_of_the_tables_that_say_so() -> None:
    months = {
        name
        for name, one in Base.metadata.tables.items()
        if one.dialect_options["postgresql"]["partition_by"] == "RANGE (created_at)"
    }
    assert months == set(partitions.PARTITIONED) == BY_MONTH


@pytest.mark.parametrize("name", sorted(LARGE))
def test_every_key_of_a_large_table_begins_with_the_account(name: str) -> None:
    for key, columns in keys_of(name):
        assert columns[0] == "account_id", f"{name}: {key} {columns}"
        assert name not in BY_MONTH or "created_at" in columns, f"{name}: {key} {columns}"
    assert not table(name).c.account_id.nullable


def test_no_foreign_key_points_at_a_large_table_and_none_of_one_at_much() -> None:
    links = [key for one in Base.metadata.tables.values() for key in one.foreign_keys]
    assert not [str(key.parent) for key in links if key.column.table.name in LARGE]
    outgoing = {str(key.parent) for key in links if key.parent.table.name in LARGE}
    assert outgoing == set(FOREIGN_KEYS)
    assert {key.column.table.name for key in links if str(key.parent) in outgoing} <= SMALL


def test_indexes_of_large_tables_begin_with_the_account_or_say_why_not() -> None:
    other = {str(index.name) for index in indexes() if next(iter(index.columns)).name != "account_id"}
    assert other == set(WITHOUT_ACCOUNT)
