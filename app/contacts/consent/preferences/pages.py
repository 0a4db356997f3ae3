"""/preferences/<token>: what a person wants to receive. No sign-in and no cookie: the link is the proof.

Opening it changes nothing, since scanners of mail follow links too. The form carries a token of its own, so that only
this page can send it; one-click unsubscribing needs none by its design (RFC 8058, 3.2), and only ever says no."""

from __future__ import annotations

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh

from app.accounts.pages import private
from app.contacts.consent.links import form_token, is_form_token
from app.contacts.consent.preferences import service
from app.contacts.consent.preferences.service import Person
from app.contacts.consent.states import Channel
from app.contacts.consent.words import CHANNELS
from app.core.access import public
from app.core.db import db, write
from app.core.errors import TOO_OLD, Malformed, NotFound, TooMany, localized
from app.core.htmx import go, page
from app.core.i18n import DEFAULT_LOCALE, LOCALES
from app.core.masking import masked_email, masked_phone
from app.core.ratelimit import Limit, limiter

bp = Blueprint("preferences", __name__, url_prefix="/preferences")
WRONG_LINKS = Limit("preferences-wrong", 60, 3600)  # of a caller: somebody is guessing
CHANGES = Limit("preferences-changes", 30, 3600)  # of a person: the log of consents keeps every one
ONE_CLICK = ("List-Unsubscribe", "One-Click")


@bp.errorhandler(NotFound)
def wrong(error: NotFound) -> Response:
    return dressed(page("preferences/wrong.html", words=localized(error.message), status=404))


@bp.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    return show_page(wanted(token), token)


@bp.post("/<token>")
@public
def choose(token: str) -> ResponseReturnValue:
    person = wanted(token)
    if person.contact is None:
        return show_page(person, token)
    if not is_form_token(person.contact.id, request.form.get("form_token", "")):
        return show_page(person, token, refused=localized(TOO_OLD), status=400)
    count(person)
    ticked = [channel for channel in Channel if channel in request.form.getlist("channel")]
    with write() as session:
        found = service.find(session, token, lock=True)
        service.choose(session, found, [] if "stop" in request.form else ticked, request.remote_addr)
    return private(go(url_for(".show", token=token, saved=1, lang=asked_language())))


@bp.get("/<token>/unsubscribe")
@public
def unsubscribe_page(token: str) -> ResponseReturnValue:
    """For mail programs that open the address of the header."""
    return private(go(url_for(".show", token=token, lang=asked_language())))


@bp.post("/<token>/unsubscribe")
@public
def unsubscribe(token: str) -> ResponseReturnValue:
    """From mail. Answers alike whether or not something is held."""
    if request.form.get(ONE_CLICK[0]) != ONE_CLICK[1]:
        raise Malformed
    person = wanted(token)
    if person.contact is not None and person.contact.email_consent != "denied":
        count(person)
        with write() as session:
            service.stop(session, service.find(session, token, lock=True), [Channel.EMAIL], request.remote_addr)
    return dressed(Response(_("You get no more e-mail from us.") + "\n", mimetype="text/plain"))


def wanted(token: str) -> Person:
    """Speaks the person's language from here on. Raises NotFound and TooMany."""
    speak(asked_language() or of_browser())
    try:
        person = service.find(db.session(), token)
    except NotFound:
        if (wait_s := limiter().hit(WRONG_LINKS, request.remote_addr or "")) is not None:
            raise TooMany(wait_s) from None
        raise
    if person.contact is not None and asked_language() is None and person.contact.locale in LOCALES:
        speak(person.contact.locale)
    return person


def count(person: Person) -> None:
    """Raises TooMany."""
    if person.contact is not None and (wait_s := limiter().hit(CHANGES, str(person.contact.id))) is not None:
        raise TooMany(wait_s)


def show_page(person: Person, token: str, *, refused: str | None = None, status: int = 200) -> Response:
    contact = person.contact
    return dressed(
        page(
            "preferences/show.html",
            person=person,
            token=token,
            form_token=None if contact is None else form_token(contact.id),
            channels=[(channel, CHANNELS[channel], masked(person, channel)) for channel in person.channels],
            is_saved="saved" in request.args,
            refused=refused,
            languages=LOCALES,
            status=status,
        )
    )


def masked(person: Person, channel: Channel) -> str:
    """The number or the address, for everybody: the link may have been passed on."""
    if person.contact is None:
        return ""
    if channel == Channel.WHATSAPP:
        return masked_phone(person.contact.phone or "")
    return masked_email(person.contact.email or "")


def dressed(response: Response) -> Response:
    """The address is a secret, and no matter of search engines."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.vary.add("Accept-Language")
    return private(response)


def asked_language() -> str | None:
    asked = request.args.get("lang")
    return asked if asked in LOCALES else None


def of_browser() -> str:
    best = request.accept_languages.best_match(("pt-BR", "pt", "en"))
    return "en" if best == "en" else DEFAULT_LOCALE


def speak(language: str) -> None:
    g.locale = language
    refresh()
