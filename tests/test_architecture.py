"""Who may import whom, and who may open connections: the design, checked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.each import each

ROOT = Path(__file__).parent.parent
STEPS = [
    {"core"},
    {"accounts", "destinations", "charts", "attention"},
    {"outbound"},
    {"deliveries"},
    {"pixels", "contacts", "webhooks", "alerts"},
    {"tracking", "opens", "funnels"},
    {"reports"},
    {"work", "serve", "simulator"},
    {"upkeep"},
    {"demo"},
]
STEP_OF = {package: number for number, step in enumerate(STEPS) for package in step}
EDGES = ("/pages.py", "_pages.py", "/api.py", "/forms.py", "/schemas.py")
MAY_KNOW_HTTP = {  # outside core: what stands between a request and the verbs
    "accounts/browser_guard.py",
    "accounts/identity.py",
    "accounts/sessions.py",
    "accounts/audit.py",
}
CONNECTING = {"requests", "urllib3", "http.client", "urllib.request", "smtplib"}
MAY_CONNECT = {
    "core/http.py",
    "core/smtp.py",
    "core/pool.py",
    "core/deadline.py",
    "serve/readiness.py",  # asks our own /health/live
    "simulator/remote.py",  # asks its own child
}
FILES = sorted(path.relative_to(ROOT / "app").as_posix() for path in (ROOT / "app").rglob("*.py"))


@cache
def imports_of(name: str) -> frozenset[str]:
    """Dotted names a file imports, inside functions too (`from app.x import y` gives `app.x` and `app.x.y`)."""
    return frozenset(_imported(name))


def _imported(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / "app" / name).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(dotted: str) -> str | None:
    parts = dotted.split(".")
    return parts[1] if parts[0] == "app" and len(parts) > 1 and parts[1] in STEP_OF else None


@each([name for name in FILES if "/" in name])
def test_a_package_imports_only_packages_below_it(name: str) -> None:
    own = name.split("/")[0]
    for imported in filter(None, map(package_of, imports_of(name))):
        if imported != own:
            assert STEP_OF[imported] < STEP_OF[own], f"{name} imports app.{imported}"


def test_every_package_has_a_step() -> None:
    assert {name.split("/")[0] for name in FILES if "/" in name} == set(STEP_OF)


@each(FILES)
def test_only_the_http_client_opens_outgoing_connections(name: str) -> None:
    if name not in MAY_CONNECT:
        assert not CONNECTING.intersection(imports_of(name))


@each([name for name in FILES if "/" in name and not name.startswith("core/")])
def test_http_ends_at_the_edge(name: str) -> None:
    if not name.endswith(EDGES) and name not in MAY_KNOW_HTTP:
        assert not {"flask.request", "flask.session", "flask.g"}.intersection(imports_of(name))


@each([name for name in FILES if name.rsplit("/", 1)[-1] == "service.py"])
def test_a_service_never_commits(name: str) -> None:
    source = (ROOT / "app" / name).read_text("utf-8")
    assert ".commit()" not in source
    assert "with write()" not in source
