"""The audit in words: what happened, which fields, from what to what. What is unknown here is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.accounts.audit import SYSTEM
from app.accounts.models import AuditEntry
from app.accounts.sign_in import UNKNOWN
from app.core.i18n import datetime_text

LONGEST = 300  # characters of a value

ACTIONS: dict[str, Any] = {
    "access.denied": _l("A page was refused: no permission"),
    "account.created": _l("Account created"),
    "account.discarded": _l("Unconfirmed account discarded"),
    "account.set_up": _l("Account set up"),
    "account.updated": _l("Account settings changed"),
    "alert_rule.updated": _l("Alert rule changed"),
    "audit.exported": _l("Audit exported"),
    "cards.exported": _l("Cards of a funnel exported"),
    "category.created": _l("Category created"),
    "category.deleted": _l("Category deleted"),
    "category.updated": _l("Category changed"),
    "client.created": _l("API client created"),
    "client.denied": _l("API client refused: from there, or for that, its token may not be used"),
    "client.revoked": _l("API client revoked"),
    "client.rotated": _l("Token of an API client replaced"),
    "client.token_issued": _l("Token for an hour issued to an API client"),
    "client.token_refused": _l("Token for an hour refused to an API client"),
    "client.updated": _l("API client changed"),
    "contact_field.created": _l("Custom field created"),
    "contact_field.deleted": _l("Custom field deleted"),
    "contact_field.updated": _l("Custom field changed"),
    "contacts.change_undone": _l("Change of many contacts undone"),
    "contacts.changed": _l("Many contacts changed"),
    "contacts.deleted": _l("Many contacts deleted"),
    "contacts.exported": _l("Contacts exported"),
    "contacts.import_discarded": _l("Upload of contacts discarded"),
    "contacts.import_started": _l("Import of contacts started"),
    "contacts.import_undone": _l("Import of contacts undone"),
    "contacts.imported": _l("Contacts imported"),
    "contact.deleted": _l("Contact deleted"),
    "contact.restored": _l("Contact brought back"),
    "contact.merged": _l("Contact merged into another one"),
    "deliveries.cancelled": _l("Deliveries cancelled"),
    "deliveries.replayed": _l("Deliveries sent again"),
    "email.changed": _l("E-mail address changed"),
    "email.wanted": _l("New e-mail address asked for"),
    "event.corrected": _l("Event corrected and sent again"),
    "events.exported": _l("Events exported"),
    "funnel.addition_undone": _l("Contacts taken off a funnel again"),
    "funnel.contacts_added": _l("Many contacts added to a funnel"),
    "funnel.created": _l("Funnel created"),
    "funnel.deleted": _l("Funnel deleted"),
    "funnel.restored": _l("Funnel brought back"),
    "funnel.updated": _l("Funnel changed"),
    "image.created": _l("Image uploaded"),
    "image.deleted": _l("Image deleted"),
    "image.replaced": _l("Image replaced"),
    "image.updated": _l("Image changed"),
    "invitation.accepted": _l("Invitation accepted"),
    "invitation.created": _l("Person invited"),
    "invitation.resent": _l("Invitation sent again"),
    "invitation.withdrawn": _l("Invitation withdrawn"),
    "mailing.created": _l("Mailing created"),
    "mailing.deleted": _l("Mailing deleted"),
    "mailing.exported": _l("Ids of a mailing exported"),
    "mailing.list_add": _l("Ids added to a mailing"),
    "mailing.list_clear": _l("Ids taken off a mailing"),
    "mailing.list_delete": _l("Mailing deleted with its ids"),
    "mailing.list_replace": _l("Ids of a mailing replaced"),
    "mailing.updated": _l("Mailing changed"),
    "open_rule.created": _l("Rule for opens created"),
    "open_rule.deleted": _l("Rule for opens deleted"),
    "open_settings.key_rotated": _l("Key of the account's images replaced"),
    "open_settings.updated": _l("Settings of opens changed"),
    "opens.exported": _l("Opens exported"),
    "opens.key_shown": _l("Key for signed image links shown"),
    "opens.reclassify_started": _l("Judging the recorded opens anew"),
    "outbox.passed_on": _l("Waiting e-mail passed on by hand"),
    "outbox.read": _l("Waiting e-mails read"),
    "password.changed": _l("Password changed"),
    "password.forgotten": _l("Link for a new password asked for"),
    "password.refused": _l("Present password was wrong"),
    "password.reset": _l("New password chosen by a mailed link"),
    "pixel.created": _l("Pixel created"),
    "pixel.deleted": _l("Pixel deleted"),
    "pixel.tested": _l("Test event sent to a pixel"),
    "pixel.updated": _l("Pixel changed"),
    "privacy.anonymise_started": _l("Anonymisation of a person started"),
    "privacy.anonymised": _l("Person anonymised"),
    "privacy.answered": _l("Privacy request closed as answered"),
    "privacy.created": _l("Privacy request recorded"),
    "privacy.declined": _l("Privacy request declined"),
    "privacy.delete_started": _l("Deletion of a person started"),
    "privacy.deleted": _l("Person deleted"),
    "privacy.exported": _l("Everything held about a person exported"),
    "privacy.lifted": _l("Forgotten person may come back"),
    "recovery_code.used": _l("Recovery code used"),
    "recovery_codes.renewed": _l("Recovery codes made anew"),
    "registration.asked": _l("Registration asked for"),
    "registration.resent": _l("Registration letter sent again"),
    "rule.created": _l("Rule of a funnel created"),
    "rule.deleted": _l("Rule of a funnel deleted"),
    "rule.updated": _l("Rule of a funnel changed"),
    "second_factor.confirmed": _l("Second factor set up"),
    "second_factor.refused": _l("Code of the second factor was wrong"),
    "second_factor.removed": _l("Second factor removed"),
    "second_factor.started": _l("Setting up a second factor began"),
    "segment.created": _l("Segment created"),
    "segment.deleted": _l("Segment deleted"),
    "segment.updated": _l("Segment changed"),
    "session.confirmed": _l("Confirmed who they are"),
    "session.ended": _l("Signed out"),
    "session.others_ended": _l("Other sessions ended"),
    "session.refused": _l("Sign-in refused"),
    "session.reuse": _l("A used refresh token came again: session ended"),
    "session.started": _l("Signed in"),
    "social.linked": _l("Sign-in with another service linked"),
    "social.unlinked": _l("Sign-in with another service unlinked"),
    "social.used": _l("Signed in with another service"),
    "stage.created": _l("Stage added to a funnel"),
    "stage.deleted": _l("Stage of a funnel deleted"),
    "stage.updated": _l("Stage of a funnel changed"),
    "stages.reordered": _l("Stages of a funnel put in another order"),
    "tag.created": _l("Tag created"),
    "tag.deleted": _l("Tag deleted"),
    "tag.merged": _l("Tag merged into another"),
    "tag.renamed": _l("Tag renamed"),
    "target.calls_reset": _l("Counted calls of a target forgotten"),
    "target.limited": _l("Limits of a target changed"),
    "target.paused": _l("Target paused"),
    "target.reset": _l("Circuit breaker reset"),
    "target.resumed": _l("Target resumed"),
    "user.created": _l("Person added"),
    "user.disabled": _l("Person disabled"),
    "user.enabled": _l("Person enabled"),
    "user.removed": _l("Person removed"),
    "user.sessions_ended": _l("Sessions of a person ended"),
    "user.updated": _l("Person changed"),
    "webhook.created": _l("Webhook created"),
    "webhook.deleted": _l("Webhook deleted"),
    "webhook.disabled": _l("Webhook disabled"),
    "webhook.enabled": _l("Webhook enabled"),
    "webhook.overlap_ended": _l("Replaced secrets of a webhook ended"),
    "webhook.secret_rotated": _l("Secret of a webhook replaced"),
    "webhook.tested": _l("Test message sent to a webhook"),
    "webhook.updated": _l("Webhook changed"),
}

GROUPS: dict[str, Any] = {
    "session.": _l("Sign-in and sessions"),
    "second_factor.": _l("Second factor"),
    "recovery_code.": _l("Recovery codes used"),
    "recovery_codes.": _l("Recovery codes"),
    "password.": _l("Passwords"),
    "email.": _l("E-mail addresses"),
    "social.": _l("Sign-in with other services"),
    "registration.": _l("Registrations"),
    "access.": _l("Denied pages"),
    "user.": _l("People"),
    "invitation.": _l("Invitations"),
    "account.": _l("Account"),
    "client.": _l("API clients"),
    "pixel.": _l("Pixels"),
    "target.": _l("Targets"),
    "webhook.": _l("Webhooks"),
    "deliveries.": _l("Deliveries"),
    "outbox.": _l("Outbox"),
    "event.": _l("Corrections of events"),
    "events.": _l("Exports of events"),
    "image.": _l("Images"),
    "mailing.": _l("Mailings"),
    "open_rule.": _l("Rules for opens"),
    "open_settings.": _l("Settings of opens"),
    "opens.": _l("Opens"),
    "privacy.": _l("Privacy"),
    "category.": _l("Categories"),
    "tag.": _l("Tags"),
    "contact_field.": _l("Custom fields"),
    "alert_rule.": _l("Alert rules"),
    "audit.": _l("Audit"),
    "contact.": _l("Contacts"),
    "contacts.": _l("Contacts: many at once, exports"),
    "segment.": _l("Segments"),
    "funnel.": _l("Funnels"),
    "stage.": _l("Stages of funnels"),
    "stages.": _l("Order of stages"),
    "rule.": _l("Rules of funnels"),
    "cards.": _l("Cards of funnels: exports"),
}

FILTERS: dict[str, Any] = {
    "action": _l("Action"),
    "actor": _l("Who"),
    "user": _l("Person"),
    "subject": _l("Subject ID"),
    "address": _l("IP address"),
    "from": _l("From"),
    "to": _l("Until"),
}

FIELDS: dict[str, Any] = {
    "accessToken": _l("Access token"),
    "action": _l("Action"),
    "active": _l("Active"),
    "addresses": _l("Allowed addresses"),
    "answer_mode": _l("How events are answered"),
    "by_mail": _l("By e-mail"),
    "by_webhook": _l("By webhook"),
    "calls_of_day": _l("Calls counted in 24 hours"),
    "calls_of_hour": _l("Calls counted this hour"),
    "calls_of_minute": _l("Calls counted this minute"),
    "calls_of_second": _l("Calls counted this second"),
    "calls_per_day": _l("Calls a day"),
    "calls_per_hour": _l("Calls an hour"),
    "calls_per_minute": _l("Calls a minute"),
    "calls_per_second": _l("Calls a second"),
    "chance": _l("Chance"),
    "color": _l("Colour"),
    "counts": _l("Rows by table"),
    "country_code": _l("Country code"),
    "description": _l("Description"),
    "email": _l("E-mail"),
    "enabled": _l("Switched on"),
    "events": _l("Events"),
    "expires_at": _l("Expires"),
    "filters": _l("Filters"),
    "format": _l("Format"),
    "funnel": _l("Funnel"),
    "groups": _l("Tags or categories"),
    "headers": _l("Headers"),
    "into": _l("Into"),
    "key": _l("Key"),
    "kind": _l("Kind"),
    "label": _l("Name"),
    "locale": _l("Language"),
    "masks_people": _l("Masking"),
    "merged": _l("Merged"),
    "name": _l("Name"),
    "number": _l("How many"),
    "options": _l("Options"),
    "order": _l("Order"),
    "origins": _l("Allowed origins"),
    "overlapHours": _l("Hours of overlap"),
    "per_day": _l("Events a day"),
    "per_hour": _l("Events an hour"),
    "per_minute": _l("Events a minute"),
    "pixel_ids": _l("Allowed pixels"),
    "pixel_limits": _l("Limits per pixel"),
    "pixelId": _l("Pixel ID"),
    "platform": _l("Platform"),
    "position": _l("Place"),
    "previous_until": _l("Token before valid until"),
    "reason": _l("Reason"),
    "reasons": _l("Reasons why deals are lost"),
    "recipients": _l("Recipients"),
    "repeat_hours": _l("Said again after hours"),
    "retention_days": _l("Retention in days"),
    "role": _l("Role"),
    "rows": _l("Rows"),
    "schedule": _l("When a call failed"),
    "scopes": _l("What it may do"),
    "second_factor_roles": _l("Second factor required for"),
    "rule": _l("Rule"),
    "sessions": _l("Sessions"),
    "settings": _l("Settings"),
    "stage": _l("Stage"),
    "stalled_after": _l("Stalled after days"),
    "theme": _l("Theme"),
    "threshold": _l("Threshold"),
    "timezone": _l("Time zone"),
    "url": _l("Address (URL)"),
}


OF_ROLES = ("role", "second_factor_roles")
ROLES = {"admin": _l("Administrator"), "manager": _l("Manager"), "operator": _l("Operator"), "viewer": _l("Viewer")}


class Change(NamedTuple):
    """One field of an entry in words; `before` None where there was nothing."""

    field: Any
    before: str | None
    after: str


def action_word(action: str) -> Any:
    return ACTIONS.get(action, action)


def actor_word(actor: str) -> Any:
    return {SYSTEM: _l("Kalitrack itself"), UNKNOWN: _l("Somebody unknown")}.get(actor, actor)


def filter_word(name: str, value: str) -> Any:
    """How a chip says the value of a filter."""
    return GROUPS.get(value) or action_word(value) if name == "action" else value


def changes_of(entry: AuditEntry) -> list[Change]:
    """Every field that an entry names, in its own order."""
    return [_change(str(name), pair) for name, pair in (entry.changes or {}).items()]


def _change(name: str, pair: Any) -> Change:
    before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
    if name in OF_ROLES:
        before, after = _in_words(before), _in_words(after)
    return Change(FIELDS.get(name, name), None if before is None else _value(before), _value(after))


def _in_words(role: Any) -> Any:
    if isinstance(role, list):
        return [_in_words(each) for each in role]
    return ROLES.get(role, role) if isinstance(role, str) else role


def _value(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return str(_("Yes") if value else _("No"))
        case list():
            text = ", ".join(map(_value, value)) or "–"
        case Mapping():
            text = ", ".join(f"{name}: {_value(each)}" for name, each in value.items()) or "–"
        case str() if (at := _moment(value)) is not None:
            return str(datetime_text(at))
        case _:
            text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _moment(text: str) -> datetime | None:
    """A time as the audit keeps it: with its date, its clock and its offset."""
    if len(text) < len("2026-11-22T10:00+00:00") or text[4:5] != "-":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
