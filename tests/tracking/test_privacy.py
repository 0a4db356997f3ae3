"""Planted details of a person, searched for wherever a byte may stay: none in clear."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from flask import Flask

from app.core import logs
from app.core.settings import Settings
from app.simulator import Simulator
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_REGISTRATION, META_PURCHASE, Sender

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PERSON = {
    "email": "Ana.Zumbinski@Example.com",
    "phone": "+55 (11) 98765-4321",
    "first_name": "Anastacia",
    "last_name": "Zumbinski",
    "city": "Quixeramobim",
    "zip": "63800-123",
    "date_of_birth": "1987-06-05",
    "external_id": "cliente-zq-77",
}
CPF = "529.982.247-25"
QUERY = (
    f"?email={quote(PERSON['email'])}&fone=11987654321&nome=Anastacia&cpf={quote(CPF)}&senha=hunter2zq&utm_source=kwai"
)
PLANTED = {
    **PERSON,
    "cpf": CPF,
    "note": "Anastacia Zumbinski",
    "event_source_url": f"https://loja.example/ok{QUERY}#e=ana.zumbinski@example.com",
    "referrer": f"https://ana.zumbinski%40example.com:x@loja.example/{QUERY}",
    "content_name": "Kit de ana.zumbinski@example.com",
    "search_string": "+55 11 98765-4321",
    "order_id": "ana.zumbinski@example.com",
    "content_id": "ana.zumbinski@example.com",
    "content_ids": ["ana.zumbinski@example.com"],
    "contents": [{"id": "ana.zumbinski@example.com", "name": f"cpf {CPF}", "quantity": 1}],
    "coupon": CPF,
    "client_user_agent": "Mozilla/5.0 (ana.zumbinski@example.com)",
}
TRACES = [
    "zumbinski", "98765", "anastacia", "quixeramobim", "63800", "cliente-zq", "529.982", "52998224725", "hunter2zq",
    "198.51.100.77", "1987-06-05", "19870605",
]  # fmt: skip
BROWSER = {
    "Origin": "https://loja.example",
    "Referer": f"https://loja.example/fim{QUERY}",
    "User-Agent": "Mozilla/5.0 zumbinski@example.com",
    "X-Forwarded-For": "198.51.100.77",
}


@pytest.fixture
def app_log(app: Flask, settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Everything that is logged, as the product writes it, from DEBUG up."""
    file = tmp_path / "app.log"
    handler = logging.FileHandler(file)
    handler.setFormatter(logs.JsonLine())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield file
    root.removeHandler(handler)
    root.setLevel(level)


def traces(where: str, found: bytes) -> list[tuple[str, str]]:
    lowered = found.lower()
    return [(where, trace) for trace in TRACES if trace.encode() in lowered]


def everything_in(valkey_url: str) -> bytes:
    with redis.Redis.from_url(valkey_url) as client:
        keys = list(client.scan_iter())
        return b"\n".join([*keys, *(client.dump(key) or b"" for key in keys)])


@sqlite
def test_no_detail_of_a_person_stays_in_clear(
    sender: Sender,
    with_settings: Callable[..., Flask],
    make_sender: Callable[..., Sender],
    drain: Callable[..., None],
    settings: Settings,
    valkey_url: str,
    app_log: Path,
    simulator: Simulator,
) -> None:
    limited = make_sender("limitado", per_minute=100)
    there = Sender(with_settings(trusted_proxies=1), limited.token, limited.id)
    kwai = {**KWAI_REGISTRATION, **PLANTED}
    meta = {**META_PURCHASE, **PLANTED, "client_ip_address": "203.0.113.1"}
    for number, body in enumerate((kwai, meta, {**meta, "client_user_agent": None, "event_id": "7"})):
        key = f"pedido {number} de ana.zumbinski@example.com"
        assert there.post(body, **{**ASYNC, **BROWSER, "Idempotency-Key": key}).status_code == 202
    assert there.post({"events": [{**kwai, "value": 3}, {**meta, "value": "x"}]}, f"{EVENTS}/batch").status_code == 202
    assert there.post({**meta, "email": 5}, **BROWSER).status_code == 400
    drain()
    assert len(simulator.received()) >= 2

    found: list[tuple[str, str]] = []
    assert settings.database_file is not None
    for file in (*settings.data_dir.glob("kalitrack.db*"), *settings.logs_dir.glob("*"), app_log):
        found += traces(file.name, file.read_bytes())
    found += traces("valkey", everything_in(valkey_url))
    assert found == []
    assert list(settings.logs_dir.glob("tracking_events_*.log"))
    assert settings.database_file.stat().st_size > 0


def test_what_meta_takes_in_clear_is_kept_with_the_identity_alone(
    sender: Sender, stored: Callable[[str], Any], drain: Callable[..., None], simulator: Simulator
) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64)"
    sent = {**META_PURCHASE, "client_ip_address": "203.0.113.9", "client_user_agent": agent}
    event = stored(sender.post(sent, **ASYNC).get_json()["request_id"])
    assert (event.identity["client_ip_address"], event.identity["client_user_agent"]) == ("203.0.113.9", agent)
    assert "203.0.113.9" not in json.dumps(event.fields)
    assert len(event.em_hash) == len(event.ph_hash) == 64
    assert event.identity["em"] == [event.em_hash]
    drain()
    (row,) = simulator.received("facebook")[0].body["data"]
    assert row["user_data"]["em"] == [event.em_hash]


@sqlite
def test_hashed_details_pass_as_they_are(sender: Sender, stored: Callable[[str], Any]) -> None:
    body = {**META_PURCHASE, "email": "A" * 64, "phone": "b" * 64}
    event = stored(sender.post(body, **ASYNC).get_json()["request_id"])
    assert (event.em_hash, event.ph_hash) == ("a" * 64, "b" * 64)
