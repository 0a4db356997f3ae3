"""What people see of a request: masked, veiled, and as a command that is safe to paste."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.exchange import Call
from app.deliveries.requests import shown

TOKEN = "EAAB-a-token-that-nobody-may-see-9f3c"
HASH = "b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514"
HOSTILE = [
    "'; touch run; '",
    '"$(touch run)"',
    "`touch run`",
    "a\nb\r\n\tc",
    "!!",
    "\\'\"",
    "\x7f\x1b[31m",
    "$HOME",
    "é😀",
    "@/etc/passwd",
]


CURL = """#!{python}
import json, sys
json.dump(sys.argv[1:], sys.stdout)
"""


def call(url: str = "https://graph.example/v25.0/1/events", **body: Any) -> Call:
    return Call("POST", url, {"access_token": TOKEN, **body}, {"Access-Token": TOKEN, "X-Shop": "loja"})


def person(**values: Any) -> dict[str, Any]:
    return {"data": [{"user_data": {"em": [HASH], "client_user_agent": "Mozilla/5.0", **values}}]}


@pytest.fixture
def paste(tmp_path: Path) -> Callable[..., list[str]]:
    """`paste(command, ACCESS_TOKEN=…)`: what curl is started with when a person pastes the command into bash."""
    stand_in = tmp_path / "curl"
    stand_in.write_text(CURL.format(python=sys.executable), "utf-8")
    stand_in.chmod(0o755)

    def run(command: str, **environment: str) -> list[str]:
        path = f"{tmp_path}:/usr/bin:/bin"
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True, env={"PATH": path, **environment}
        )
        assert [one.name for one in tmp_path.iterdir()] == ["curl"]
        arguments: list[str] = json.loads(done.stdout)
        return arguments

    return run


@pytest.mark.parametrize("reveal", [True, False])
def test_the_token_is_never_shown(reveal: bool) -> None:
    request = shown(call(**person()), reveal=reveal)

    assert TOKEN not in str(request)
    assert json.loads(request.body_json_text)["access_token"] == "…9f3c"
    assert request.headers["Access-Token"] == "…9f3c"
    assert '"$ACCESS_TOKEN"' in request.curl


@pytest.mark.parametrize(
    ("reveal", "em", "address"), [(True, HASH, "203.0.113.77"), (False, "b4c9a289…", "203.0.113.0/24")]
)
def test_personal_values_are_short_for_who_may_not_see_them(reveal: bool, em: str, address: str) -> None:
    request = shown(call(**person(client_ip_address="203.0.113.77")), reveal=reveal)
    user = json.loads(request.body_json_text)["data"][0]["user_data"]

    assert user == {"em": [em], "client_user_agent": "Mozilla/5.0", "client_ip_address": address}
    assert (HASH in request.curl) is reveal


@pytest.mark.parametrize(("stored", "seen"), [("2001:db8:1:2::9", "2001:db8:1::/48"), ("not an address", "…")])
def test_other_addresses_are_cut_too(stored: str, seen: str) -> None:
    assert seen in shown(call(**person(client_ip_address=stored)), reveal=False).body_json_text


def test_a_pasted_command_sends_the_very_call(paste: Callable[..., list[str]]) -> None:
    url = "https://graph.example/v25.0/1/events?a[]={1}&b='$(touch run)'"
    sent = {**person(), "text": HOSTILE, "empty": ""}
    *options, data, body, named, target = paste(shown(call(url, **sent), reveal=True).curl, ACCESS_TOKEN=TOKEN)

    assert options == [
        "--globoff", "--request", "POST", "--header", "Content-Type: application/json",
        "--header", f"Access-Token: {TOKEN}", "--header", "X-Shop: loja",
    ]  # fmt: skip
    assert (data, named, target) == ("--data-raw", "--url", url)
    assert json.loads(body) == {"access_token": TOKEN, **sent}


def test_a_hostile_token_in_the_environment_is_not_run(paste: Callable[..., list[str]]) -> None:
    arguments = paste(shown(call(), reveal=True).curl, ACCESS_TOKEN="$(touch run) `touch run` *")

    assert "Access-Token: $(touch run) `touch run` *" in arguments


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_a_command_is_one_line_of_printable_characters_whatever_is_stored(text: str) -> None:
    command = shown(call(value=text, name={text: [text]}), reveal=False).curl

    assert command.isascii()
    assert command.isprintable()
    sent = shlex.split(command)[shlex.split(command).index("--data-raw") + 1]
    assert json.loads(sent)["value"] == text
