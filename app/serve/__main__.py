"""`python -m app.serve`: everything of one machine, started in order, kept alive, stopped in order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from app.core.settings import SettingError, Settings
from app.serve import readiness, valkey
from app.serve.children import Child
from app.serve.locks import own_port, sole_run
from app.serve.prepare import migrated
from app.serve.refusal import Refusal
from app.serve.roles import Role, roles_of
from app.serve.supervisor import WRONG_SETTING, Supervisor
from app.serve.terminal import say

Preparation = Callable[[Settings], str | None]


def run(settings: Settings, roles: Sequence[Role], prepare: Preparation) -> int:
    """Valkey, then `prepare` (migrations; returns what to do first, if there is anything), then the roles; until a stop
    signal. Returns the exit code. Raises Refusal and SettingError."""
    with sole_run(settings.data_dir), own_port(settings.host, settings.port), Supervisor() as supervisor:
        if settings.redis_url is None:
            valkey.start(supervisor, settings)
        else:
            valkey.warn_about_external(settings)
        advice = None if supervisor.is_stopping else prepare(settings)
        for role in roles:
            supervisor.start(Child(role))
        readiness.announce(supervisor, settings, advice)
        code = supervisor.watch()
        say("Stopping…")
        supervisor.stop_children()
        say("Stopped.")
        return code


def main(list_roles: Callable[[Settings], Sequence[Role]] = roles_of, prepare: Preparation = migrated) -> int:
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without UTF-8 loses no line
    try:
        settings = Settings.load()
        return run(settings, list_roles(settings), prepare)
    except SettingError as error:
        say(f"Kalitrack cannot start: {error}")
        return WRONG_SETTING
    except Refusal as error:
        say(f"Kalitrack cannot start: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
