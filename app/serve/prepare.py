"""`python -m app.serve.prepare`: before the processes start: migrations, and what a first start makes of settings."""

from __future__ import annotations

import sys

from app.core.settings import SettingError, Settings
from app.serve.refusal import Refusal
from app.serve.terminal import say

WRONG_SETTING = 2


def migrated(settings: Settings) -> str | None:
    """The database at its newest revision; names the set-up link as long as nobody has used it. Safe on several hosts
    at once. Raises Refusal and SettingError."""
    from sqlalchemy.exc import OperationalError

    from app import create_app  # here, so that a wrong setting or a taken port is said without loading SQLAlchemy
    from app.accounts import first_start
    from app.core import migrate
    from app.core.runtime import runtime
    from app.outbound.mail import upkeep as mail_upkeep

    app = create_app(settings)
    try:
        migrate.upgrade(app)
        link = first_start.prepare(app)
        mail_upkeep.at_start(runtime(app))
        return None if link is None else f"Create the first administrator here (works once): {link}"
    except OperationalError as error:
        reason = str(error.orig).strip().partition("\n")[0]  # the driver's words; they hold no password
        raise Refusal(f"DATABASE_URL cannot be used: {reason}") from None
    finally:
        runtime(app).engine.dispose()


def main() -> int:
    try:
        advice = migrated(Settings.load())
    except SettingError as error:
        say(f"Kalitrack cannot start: {error}")
        return WRONG_SETTING
    except Refusal as error:
        say(f"Kalitrack cannot start: {error}")
        return 1
    say("The database is ready." if advice is None else f"The database is ready. {advice}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
