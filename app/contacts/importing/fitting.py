"""Whether a plan fits its file and its account: what the wizard and the API refuse alike."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from app.contacts.importing.plan import CUSTOM, Answer, ConsentAnswer, Plan, Target
from app.core.schema import CONTROLS

MAX_DETAIL = 255
MAX_VERSION = 64
OLDEST = date(2000, 1, 1)
UNREACHABLE = _l("Choose the column of the phone number or of the e-mail address.")
Wrong = dict[str, list[Any]]


def misfits(plan: Plan, width: int, custom_keys: Collection[str], today: date) -> Wrong:
    """What is wrong, by `mapping`, `channels`, `detail`, `on` and `textVersion`; empty for a plan that can go. `width`:
    columns of the file; `today` is the account's."""
    wrong = _of_consent(plan.consent, today) if plan.consent.answer == Answer.GRANTED else {}
    if text := _of_columns(plan, width, custom_keys):
        wrong["mapping"] = [text]
    return wrong


def _of_columns(plan: Plan, width: int, custom_keys: Collection[str]) -> Any:
    known = {str(target) for target in Target} | {f"{CUSTOM}{key}" for key in custom_keys}
    single = [target for target in plan.columns.values() if target != Target.TAGS]  # which add up
    if not set(plan.columns.values()) <= known or not all(0 <= place < width for place in plan.columns):
        return _l("A column or its meaning is not known.")
    if len(single) != len(set(single)):
        return _l("Two columns mean the same field.")
    return None if {Target.PHONE, Target.EMAIL} & set(single) else UNREACHABLE


def _of_consent(consent: ConsentAnswer, today: date) -> Wrong:
    """Proof is asked with a yes alone."""
    wrong: Wrong = {}
    if not consent.channels:
        wrong["channels"] = [_l("Choose at least one channel.")]
    if not consent.detail.strip():
        wrong["detail"] = [_l("Say where these people agreed.")]
    elif len(consent.detail) > MAX_DETAIL or CONTROLS.search(consent.detail):
        wrong["detail"] = [_l("At most %(max)d characters.", max=MAX_DETAIL)]
    if consent.on is None:
        wrong["on"] = [_l("Say when these people agreed.")]
    elif not OLDEST <= consent.on <= today:
        wrong["on"] = [_l("A day that has been.")]
    if consent.text_version and (len(consent.text_version) > MAX_VERSION or CONTROLS.search(consent.text_version)):
        wrong["textVersion"] = [_l("At most %(max)d characters.", max=MAX_VERSION)]
    return wrong
