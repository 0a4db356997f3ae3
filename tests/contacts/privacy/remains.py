"""Looks for a person everywhere: each column of each table, the files of the data folder, each key of Valkey.

    python -m tests.contacts.privacy.remains --email ana@example.com --phone +5511987654321 --name "Ana Prado"

prints what remains, table by table, of the database and data folder that the environment names."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import Engine, create_engine, inspect, text

from app.contacts.identity import other_form
from app.core.folding import fold
from app.core.settings import Settings

BETWEEN_DIGITS = str.maketrans("", "", " ()-.")


def needles_of(email: str = "", phone: str = "", name: str = "") -> list[str]:
    """The ways in which the person can be written: clear, national, with and without the ninth digit, hashed as the
    platforms do."""
    digits = phone.removeprefix("+")
    forms = [form for form in (digits, other_form(digits)) if form]
    clear = [email, *forms, *(form.removeprefix("55") for form in forms), name, fold(name)]
    hashed = [sha256(value.encode()).hexdigest() for value in (email, *forms) if value]
    return [needle.lower() for needle in dict.fromkeys([*clear, *hashed]) if needle]


def in_database(engine: Engine, needles: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Table -> rows, and rows that name the person. The tables of the search index among them."""
    found: dict[str, tuple[int, int]] = {}
    with engine.connect() as connection:
        for table in _tables(engine):
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            found[table] = (len(rows), sum(_names(_written(row), needles) for row in rows))
    return found


def _tables(engine: Engine) -> list[str]:
    return sorted(inspect(engine).get_table_names())


def _written(row: Any) -> str:
    return "\n".join(_text(value) for value in row)


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)


def _names(written: str, needles: Sequence[str]) -> bool:
    lowered = written.lower()
    plain = lowered.translate(BETWEEN_DIGITS)
    return any(needle in lowered or (needle.isdigit() and needle in plain) for needle in needles)


def in_files(folder: Path, needles: Sequence[str]) -> list[str]:
    """Files with the person in them, the database's own among them (what SQLite deletes, it overwrites)."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        str(path.relative_to(folder))
        for path in files
        if _names(path.read_bytes().decode("latin-1"), [*needles, *_in_utf8(needles)])
    ]


def _in_utf8(needles: Sequence[str]) -> list[str]:
    """As they look to who reads bytes one by one."""
    return [needle.encode().decode("latin-1") for needle in needles if not needle.isascii()]


def in_valkey(url: str, needles: Sequence[str]) -> list[str]:
    with redis.Redis.from_url(url) as client:
        return [key.decode() for key in client.scan_iter() if _names(" ".join(_values(client, key)), needles)]


def _values(client: Any, key: bytes) -> Iterator[str]:
    yield key.decode("utf-8", "replace")
    yield (client.dump(key) or b"").decode("utf-8", "replace")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("email", "phone", "name"):
        parser.add_argument(f"--{name}", default="")
    given = parser.parse_args()
    needles, settings = needles_of(given.email, given.phone, given.name), Settings.load()
    for table, (rows, naming) in in_database(create_engine(settings.database_url), needles).items():
        print(f"{table:28} {rows:8} rows  {naming:8} with the person")
    print("files:", in_files(settings.data_dir, needles) or "none")
    print("Valkey:", in_valkey(settings.redis_url, needles) if settings.redis_url else "none")


if __name__ == "__main__":
    main()
