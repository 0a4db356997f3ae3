"""/profile/providers: with whom I can sign in besides."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts.social import letters, service
from app.accounts.social.providers import Provider, configured, front_of
from app.core.access import current_actor, requires
from app.core.browser_headers import CSP
from app.core.db import db, write
from app.core.errors import Conflict, NotFound, localized
from app.core.htmx import go, notify, page
from app.core.runtime import runtime
from app.core.settings import Settings

bp = Blueprint("providers", __name__, url_prefix="/profile/providers")


@bp.get("")
@requires("profile.edit", confirmed=True)
def index() -> ResponseReturnValue:
    settings = runtime().settings
    own = service.linked(db.session(), current_user.id)
    shown = [one for one in Provider if one in own or one in configured(settings)]
    response = page("social/index.html", shown=shown, own=own, usable=configured(settings))
    response.headers["Content-Security-Policy"] = policy(settings)
    return response


@bp.post("/<provider>/unlink")
@requires("profile.edit", confirmed=True)
def unlink(provider: str) -> ResponseReturnValue:
    if provider not in set(Provider):
        raise NotFound
    usable, news = configured(runtime().settings), letters.unlinked(current_user, Provider(provider))
    try:
        with write() as store:
            service.unlink(store, current_actor(), Provider(provider), usable, news)
    except Conflict as error:
        notify(localized(error.message), "danger")
    else:
        notify(_("Unlinked from %(provider)s.", provider=Provider(provider).label))
    return go("/profile/providers")


def policy(settings: Settings) -> str:
    """The CSP with the providers beside ourselves: browsers hold a form to it on each redirect that follows."""
    fronts = (urlsplit(front_of(one, settings)) for one in configured(settings))
    sites = " ".join(f"{front.scheme}://{front.netloc}" for front in fronts)
    return CSP.replace("form-action 'self'", f"form-action 'self' {sites}".rstrip())
