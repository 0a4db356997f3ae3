"""Findings as their readers meet them: looked for again, in words, with a next step that this reader may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app, url_for

from app.attention.models import Finding
from app.attention.reconcile import Reconciler
from app.attention.words import Words, in_words
from app.core.access import has_permission
from app.core.db import db

EXTENSION = "kalitrack.attention"
SOON_S = 2.0  # how old the last look may be for who opens the list: what was repaired disappears at once


def reconciler() -> Reconciler:
    return cast(Reconciler, current_app.extensions[EXTENSION])


def look_again(older_than_s: float = SOON_S) -> None:
    """Reconciles if the last look is that old, and lets this request read what came of it."""
    reconciler().run_if_older(older_than_s)
    db.session.rollback()  # its snapshot may be from before, also when it waited for another's look


@dataclass(frozen=True, slots=True)
class Presented:
    """A finding in words, with the page of its next step for this reader. `is_allowed`: the best one, or there is none
    for anybody."""

    finding: Finding
    words: Words
    label: str | None = None
    url: str | None = None
    is_allowed: bool = True


def present(finding: Finding, may: Callable[[str], bool] = has_permission) -> Presented:
    """`may` says which permissions the reader has."""
    words = in_words(finding.kind, finding.subject, finding.facts)
    for step in words.steps:
        if step.endpoint in current_app.view_functions and may(step.permission):
            url = url_for(step.endpoint, **step.values)
            return Presented(finding, words, step.label, url, step is words.steps[0])
    return Presented(finding, words, is_allowed=not words.steps)
