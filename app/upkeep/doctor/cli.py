"""The command `flask doctor [--json] [--language …]`."""

from __future__ import annotations

import json
import os

import click
from flask.cli import with_appcontext


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs: a list of findings.")
@click.option("--language", type=click.Choice(["en", "pt_BR"]), help="Without it, the terminal's (LANG).")
@with_appcontext
def doctor(as_json: bool, language: str | None) -> None:
    """Checks settings, database, Valkey, clock, disk, permissions, keys, workers, queue and backups. Exit code 1 when
    there is a problem. It reads; it changes nothing."""
    import logging

    from flask_babel import force_locale

    from app.upkeep.doctor.findings import Level  # when it runs: every process of the product loads this file
    from app.upkeep.doctor.looking import look, words_of

    logging.getLogger("alembic").setLevel(logging.WARNING)  # it would tell of itself between our lines
    with force_locale(language or terminal_language()):
        findings = list(look())
        if as_json:
            told = [
                {"check": each.check, "level": each.level, "text": each.text, "advice": each.advice}
                for each in findings
            ]
            click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            for line in words_of(findings):
                click.echo(line)
    if any(each.level is Level.PROBLEM for each in findings):
        raise SystemExit(1)


def terminal_language() -> str:
    """Portuguese where the terminal speaks it, else English, as the other commands."""
    wish = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "pt_BR" if wish.lower().startswith("pt") else "en"
