"""Numbers and sentences of charts, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from babel.numbers import format_compact_currency, format_compact_decimal
from flask_babel import gettext as _

from app.charts.model import Unit
from app.core import i18n

GAP = i18n.NOTHING
MINUTE_S = 60
HOUR_S = 60 * MINUTE_S


def short(value: float | None, unit: Unit) -> str:
    """For axes and legends: '12,3 mil', 'R$ 1,2 mi', '45%', '350 ms'."""
    if value is None:
        return GAP
    if unit is Unit.COUNT or unit is Unit.MONEY:
        value = float(f"{value:.3g}")  # else 999.999 becomes '1000 mil'
        if unit is Unit.COUNT:
            return format_compact_decimal(value, locale=i18n.locale(), fraction_digits=1)
        return format_compact_currency(value, "BRL", locale=i18n.locale(), fraction_digits=1)
    return full(value, unit)


def full(value: float | None, unit: Unit) -> str:
    """For read-outs and tables: '12.345', 'R$ 1.234,50', '45,2%', '1,25 s'."""
    if value is None:
        return GAP
    if unit is Unit.MONEY:
        return i18n.money(value)
    if unit is Unit.PERCENT:
        return i18n.percent(value).replace(",0%", "%").replace(".0%", "%")
    return i18n.number(round(value, 2)) if unit is Unit.COUNT else duration(value)


def duration(seconds: float) -> str:
    """'350 ms', '1,25 s', '12 s', '3 min', '22,5 h'."""
    if abs(seconds) < 1:
        return f"{i18n.number(round(seconds * 1000))} ms" if seconds else "0 s"
    if abs(seconds) < 2 * MINUTE_S:
        return f"{i18n.number(round(seconds, 2 if abs(seconds) < 10 else 0))} s"
    if abs(seconds) < 2 * HOUR_S:
        return f"{i18n.number(round(seconds / MINUTE_S, 1))} min"
    return f"{i18n.number(round(seconds / HOUR_S, 1))} h"


def told(label: str, values: Sequence[float | None], names: Sequence[str], unit: Unit) -> str:
    """A series in one sentence: its total, when it was highest and lowest. `names` are those of the buckets."""
    known = [(value, name) for value, name in zip(values, names, strict=True) if value is not None]
    if not known:
        return str(_("%(label)s: no data.", label=label))
    best, worst = max(known, key=lambda pair: pair[0]), min(known, key=lambda pair: pair[0])
    words = {
        "label": label,
        "best": full(best[0], unit),
        "when": best[1],
        "worst": full(worst[0], unit),
        "then": worst[1],
    }
    if not unit.adds_up:
        return str(_("%(label)s: highest %(best)s (%(when)s), lowest %(worst)s (%(then)s).", **words))
    words["total"] = full(sum(value for value, _name in known), unit)
    return str(_("%(label)s: total %(total)s, highest %(best)s (%(when)s), lowest %(worst)s (%(then)s).", **words))


def total_of(values: Sequence[float | None], unit: Unit) -> str | None:
    """The sum for a legend, where sums mean something and there is anything to add."""
    known = [value for value in values if value is not None]
    return short(sum(known), unit) if known and unit.adds_up else None
