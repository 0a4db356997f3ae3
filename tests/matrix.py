"""Every method of every path with the permission it asks for, and who has it: the table of docs/permissions.md, which
`python -m tests.matrix` writes anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from app import create_app
from app.accounts.callers import callers_of
from app.accounts.roles import Role
from app.core import openapi
from app.core.access import PUBLIC, permission_of
from app.core.settings import Settings

FILE = Path(__file__).parents[1] / "docs" / "permissions.md"
FRAMEWORK = ("/static/",)
HEAD = """\
# Who may what

Made by `python -m tests.matrix` from the URL map and the two tables `app/accounts/roles.py` (roles) and
`app/accounts/clients/lookup.py` (scopes of API clients); a test fails when it is stale, and another calls every line as
every role, as a client of each scope, as somebody half signed in, as nobody, and about the objects of another account.

- Everything under `/api` is also there under `/api/v1`. API calls take a bearer token, pages a session cookie.
- **confirmed**: only within 30 minutes of a sign-in or of the page "Confirm that it is you".
- What belongs to another account is not found (404), whoever asks. Every other method is refused (405).
- `profile.edit` is what everybody may: their own profile, password, second factor, sessions.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """`permission` None: nobody said, which a test finds."""

    method: str
    path: str
    endpoint: str
    permission: str | None
    confirmed: bool

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def roles(self) -> tuple[str, ...]:
        return callers_of(self.permission).roles if self.permission else ()

    @property
    def scopes(self) -> tuple[str, ...]:
        return callers_of(self.permission).scopes if self.permission and self.is_api else ()


def lines(app: Flask) -> list[Line]:
    return sorted(_lines(app), key=lambda line: (line.is_api, line.path, line.method))


def _lines(app: Flask) -> Iterator[Line]:
    told = {(route.rule.rule, route.method): route.operation for route in openapi.routes(app)}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/api/v1/", *FRAMEWORK)):
            continue
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = told.get((rule.rule, method))
            if operation is not None:
                permission, confirmed = operation.permission or PUBLIC, operation.confirmed
                yield Line(method, rule.rule, rule.endpoint, permission, confirmed)
            else:
                yield Line(method, rule.rule, rule.endpoint, permission_of(view), getattr(view, "confirmed", False))


def table(app: Flask) -> str:
    """The whole file."""
    parts = [HEAD]
    for title, is_api in (("Pages", False), ("API", True)):
        parts.append(f"\n## {title}\n\n| method | path | permission | {' | '.join(Role)} | client | confirmed |")
        parts.append(f"|---|---|---|{'---|' * len(Role)}---|---|")
        parts += [_row(line) for line in lines(app) if line.is_api is is_api]
    return "\n".join(parts) + "\n"


def _row(line: Line) -> str:
    path = line.path.replace("|", "\\|")
    marks = ["✓" if line.permission == PUBLIC or role in line.roles else "–" for role in Role]
    client = "✓" if line.permission == PUBLIC else " ".join(f"`{scope}`" for scope in line.scopes) or "–"
    told = [line.method, f"`{path}`", f"`{line.permission}`", *marks, client, "yes" if line.confirmed else ""]
    return f"| {' | '.join(told)} |"


def product(data_dir: Path) -> Flask:
    """The app as it is in production: without the gallery and the demo."""
    return create_app(Settings.load({}, data_dir=data_dir))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        FILE.write_text(table(product(Path(folder))), "utf-8")
    print(f"{FILE.name} is written anew")
