"""The files of deploy/ name what there is: settings, commands, roles, ports, and times that fit the product's."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.bodies import FORM_SLACK, MOST_BYTES
from app.core.settings import SECRET_VARIABLES, Settings, variable_name
from app.opens.images.picture import MAX_BYTES as IMAGE_BYTES
from app.opens.mailings.reading import MAX_BYTES as LIST_BYTES
from app.serve.roles import GRACE_S
from app.tracking.intake import EVENT_BYTES

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SETTINGS = {variable_name(field) for field in Settings.model_fields}
KNOWN = SETTINGS | {f"{name}_FILE" for name in SECRET_VARIABLES} | {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
THEIRS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "KALITRACK_SITE", "KALITRACK_UPSTREAM", "PATH"}


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def entries(unit: Path) -> dict[str, list[str]]:
    """NAME=value lines of a unit; a name may stand several times."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def commands() -> Iterator[tuple[str, list[str]]]:
    """Where, and what comes after the name of the Python, of everything that deploy/ starts."""
    for unit in UNITS:
        program, *arguments = entries(unit)["ExecStart"][0].split()
        if program.endswith("python"):
            yield unit.name, arguments
    for found in re.findall(r"^ +command: \[python, (.*)\]$", read("deploy/compose.yaml"), re.M):
        yield "compose.yaml", [word.strip().strip('"') for word in found.split(",")]
    (command,) = re.findall(r'^CMD \["python", (.*)\]$', read("deploy/Containerfile"), re.M)
    yield "Containerfile", [word.strip().strip('"') for word in command.split(",")]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("deploy/compose.yaml", r"^ +([A-Z][A-Z_]+): "),
        ("deploy/Containerfile", r"([A-Z][A-Z_]+)="),
        ("docs/deploy.md", r"^([A-Z][A-Z_]+)="),
        (".env.example", r"^#([A-Z][A-Z_]+)="),
        *((f"deploy/systemd/{unit.name}", r"^Environment=.*?([A-Z][A-Z_]+)=") for unit in UNITS),
    ],
)
def test_every_variable_is_a_setting(name: str, pattern: str) -> None:
    found = set(re.findall(pattern, read(name), re.M))
    assert found <= KNOWN | THEIRS, found - KNOWN


def test_the_example_has_every_setting() -> None:
    assert set(re.findall(r"^#([A-Z][A-Z_]+)=", read(".env.example"), re.M)) == SETTINGS


@pytest.mark.parametrize(("where", "arguments"), list(commands()))
def test_every_command_is_one_of_the_procfile_or_comes_before_it(where: str, arguments: list[str]) -> None:
    known = [line.partition(": python ")[2] for line in read("Procfile").splitlines()]
    text = " ".join(arguments).replace("%i", "1")
    assert text in [*known, "-m app.serve", "-m app.serve.prepare"], where
    if arguments[0] == "-m":
        path = ROOT / arguments[1].replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def test_every_role_has_a_unit_and_a_service() -> None:
    started = {" ".join(arguments).replace("%i", "1") for where, arguments in commands()}
    in_compose = {" ".join(arguments) for where, arguments in commands() if where == "compose.yaml"}
    for line in read("Procfile").splitlines():
        assert line.partition(": python ")[2] in started & in_compose
    wanted = " ".join(entries(DEPLOY / "systemd/kalitrack.target")["Wants"]).split()
    files = {unit.name for unit in UNITS}
    assert {re.sub(r"@\d", "@", name) for name in wanted} <= files


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_give_time_to_stop_and_run_boxed_in(unit: Path) -> None:
    found = {name: values[-1] for name, values in entries(unit).items()}
    assert (found["User"], found["NoNewPrivileges"], found["ProtectSystem"]) == ("kalitrack", "yes", "strict")
    if found["Type"] != "oneshot":
        all_stages = sum(GRACE_S.values())
        assert float(found["TimeoutStopSec"]) > all_stages
        assert found["KillMode"] == "mixed"  # its children are the main process's to stop


def test_services_in_containers_have_the_time_to_stop() -> None:
    graces = re.findall(r"stop_grace_period: (\d+)s", read("deploy/compose.yaml"))
    assert min(map(float, graces)) > sum(GRACE_S.values())


def test_proxies_lead_to_the_port_and_wait_longer_than_an_answer_takes() -> None:
    port, answer = Settings.model_fields["port"].default, Settings.model_fields["answer_timeout"].default
    nginx, caddy = read("deploy/nginx.conf"), read("deploy/Caddyfile")
    assert f"server 127.0.0.1:{port};" in nginx
    assert f":127.0.0.1:{port}}}" in caddy
    assert f"KALITRACK_UPSTREAM: web:{port}" in read("deploy/compose.yaml")
    assert f"EXPOSE {port}" in read("deploy/Containerfile")
    assert float(re.findall(r"proxy_read_timeout (\d+)s", nginx)[0]) > answer + 5
    assert float(re.findall(r"response_header_timeout (\d+)s", caddy)[0]) > answer + 5


def test_proxies_take_what_the_product_takes() -> None:
    wanted = {
        "64k": EVENT_BYTES,
        "2m": MOST_BYTES,
        "5184k": IMAGE_BYTES + FORM_SLACK,
        "19596k": LIST_BYTES + FORM_SLACK,
    }
    unit = {"k": 1024, "m": 1024 * 1024}
    for text, most in wanted.items():
        assert 0 <= int(text[:-1]) * unit[text[-1]] - most < 1024, text
        assert f"client_max_body_size {text};" in read("deploy/nginx.conf")
        assert f"max_size {text[:-1]}{text[-1].upper()}iB" in read("deploy/Caddyfile")


def test_no_proxy_writes_down_who_opened_what() -> None:
    (log_format,) = re.findall(r"log_format .*?;", read("deploy/nginx.conf"), re.S)
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", log_format)
    assert r'request>uri regexp \?.* ""' in read("deploy/Caddyfile")
    assert "request>headers delete" in read("deploy/Caddyfile")


def test_secrets_are_made_once_and_the_product_starts_with_them(tmp_path: Path) -> None:
    write: Any = runpy.run_path(str(DEPLOY / "make_secrets.py"))["write"]
    made = {path.name for path in write(tmp_path / "secrets")}
    assert made == set(re.findall(r"file: \./secrets/([\w.]+) ", read("deploy/compose.yaml")))
    assert write(tmp_path / "secrets") == []
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700

    names = re.findall(r"^ +(\w+_FILE): /run/secrets/(\w+)$", read("deploy/compose.yaml"), re.M)
    given = {name: str(tmp_path / "secrets" / file) for name, file in names if name != "POSTGRES_PASSWORD_FILE"}
    settings = Settings.load(given, data_dir=tmp_path / "data")
    assert settings.database_url.startswith("postgresql+psycopg://kalitrack:")
    assert not (tmp_path / "data" / "secrets").exists()  # nothing had to be made up
    (tmp_path / "secrets" / "redis_url").unlink()
    with pytest.raises(SystemExit, match=r"one of redis_url and valkey\.conf"):
        write(tmp_path / "secrets")
