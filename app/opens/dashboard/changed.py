"""What changed against the period before, in a few sentences."""

from __future__ import annotations

from collections import Counter

from flask_babel import gettext as _

from app.charts.week import day_names
from app.core import i18n
from app.core.periods import DAY
from app.opens.dashboard.numbers import Comparison, Dashboard
from app.opens.figures import OpenFigures
from app.opens.models import COUNTED
from app.opens.rules.words import client_word
from app.opens.shares import Share

SMALL = 0.05  # a smaller change is not worth words
FEW = 20  # nor is one of so few views


def sentences(found: Dashboard) -> list[str]:
    """Views and what moved them, automatic loads, and the busiest hour; at most three."""
    past = found.comparison
    said = [_views(found, past), _automatic(past)] if past else []
    return [one for one in [*said, _busiest(found)] if one]


def _views(found: Dashboard, past: Comparison) -> str:
    ours, theirs = past.ours.shown(found.automatic), past.total.shown(found.automatic)
    if max(ours, theirs) < FEW:
        return ""
    if not theirs:
        return str(_("There were no views in the period before."))
    change = (ours - theirs) / theirs
    if abs(change) < SMALL:
        return str(_("About as many views as in the period before."))
    words = {"percent": i18n.percent(abs(change), 0), "before": i18n.number(theirs)}
    first = (
        _("Views rose by %(percent)s, from %(before)s.", **words)
        if change > 0
        else _("Views fell by %(percent)s, from %(before)s.", **words)
    )
    return f"{first} {_mover(found, past, ours - theirs)}".strip()


def _mover(found: Dashboard, past: Comparison, change: int) -> str:
    """The program behind most of it."""
    moved = _by_client(past.our_clients, found.automatic)
    moved.subtract(_by_client(past.clients, found.automatic))
    sign = 1 if change > 0 else -1
    client, number = max(moved.items(), key=lambda pair: sign * pair[1], default=("", 0))
    if not client or abs(number) < abs(change) / 3 or number * sign <= 0:
        return ""
    signed = ("+" if number > 0 else "−") + i18n.number(abs(number))
    return str(_("Most of it: %(program)s (%(number)s).", program=client_word(client), number=signed))


def _by_client(clients: Share, automatic: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    for (client, open_class), one in clients.items():
        if automatic or open_class in COUNTED:
            found[client] += one.views
    return found


def _automatic(past: Comparison) -> str:
    ours, theirs = _machine_share(past.ours), _machine_share(past.total)
    if ours is None or theirs is None or abs(ours - theirs) < SMALL:
        return ""
    words = {"now": i18n.percent(ours, 0), "before": i18n.percent(theirs, 0)}
    return str(_("Automatic loads went from %(before)s to %(now)s of all viewings.", **words))


def _machine_share(figures: OpenFigures) -> float | None:
    whole = figures.views + figures.automatic
    return figures.automatic / whole if whole >= FEW else None


def _busiest(found: Dashboard) -> str:
    if found.views < FEW or found.period.last - found.period.first < DAY * 2:
        return ""
    most, day, hour = max(
        (views or 0, -day, -hour) for day, row in enumerate(found.weekdays) for hour, views in enumerate(row)
    )
    words = {"day": day_names("wide")[-day], "hour": -hour, "views": i18n.number(most)}
    return str(_("Busiest: %(day)s at %(hour)s:00, %(views)s views.", **words))
