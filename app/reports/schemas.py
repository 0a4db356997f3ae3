"""What the API of the overview takes and gives."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.core.buckets import Bucket
from app.core.figure_cards import Change
from app.core.period import Compare
from app.core.schema import Out, Schema
from app.deliveries.standing import State
from app.opens.figures import OpenFigures
from app.outbound.figures import Figures
from app.reports.health import Health
from app.reports.overview import Overview
from app.tracking.matches import Matches


class OverviewQuery(Schema):
    """`from` and `to` are dates or times; a `to` without a time includes its day. Without both, `period` counts."""

    start: str | None = Field(None, alias="from", max_length=40)
    end: str | None = Field(None, alias="to", max_length=40)
    period: str | None = Field(None, max_length=40)
    compare: Compare = Compare.PREVIOUS


class FiguresOut(Out):
    """Counted by the hour of acceptance. Shares are between 0 and 1, null where there is nothing to share."""

    accepted: int
    delivered: int
    dead: int
    cancelled: int
    waiting: int
    delivered_share: float | None
    success_share: float | None
    p95_delay_s: float | None

    @classmethod
    def of(cls, found: Figures) -> FiguresOut:
        return cls(
            accepted=found.accepted,
            delivered=found.done,
            dead=found.dead,
            cancelled=found.cancelled,
            waiting=found.waiting,
            delivered_share=found.delivered_share,
            success_share=found.success_share,
            p95_delay_s=found.p95_s,
        )


class MatchesOut(Out):
    """Share of Meta's events that carried each sign, and their average."""

    events: int
    quality: float | None
    shares: dict[str, float | None]

    @classmethod
    def of(cls, found: Matches) -> MatchesOut:
        return cls(events=found.events, quality=found.quality, shares={sign: found.share(sign) for sign in found.signs})


class ChangeOut(Out):
    """Against the previous period: `share` of it (0.12 is 12 % more), or `points` between two shares."""

    share: float | None
    points: float | None

    @classmethod
    def of(cls, found: Change | None) -> ChangeOut | None:
        return cls(share=found.share, points=found.points) if found else None


class PlaceOut(Out):
    """One hour, or one day of a period longer than a week; `isPartial` while it is running."""

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    accepted: int
    before: int | None
    views: int = Field(description="Counted opens of e-mail images")
    is_partial: bool

    @classmethod
    def of(cls, place: Bucket, found: Figures, before: int | None, views: int) -> PlaceOut:
        return cls(
            start=place.start,
            end=place.end,
            accepted=found.accepted,
            before=before,
            views=views,
            is_partial=place.is_partial,
        )


class OpensOut(Out):
    """Opens of e-mail images. `views`: counted, after folding; `uniqueViews`: ids whose first counted open falls in the
    period; `automaticViews`: of prefetches and bots; `hits`: every load."""

    views: int
    unique_views: int
    automatic_views: int
    hits: int

    @classmethod
    def of(cls, found: OpenFigures) -> OpensOut:
        return cls(views=found.views, unique_views=found.firsts, automatic_views=found.automatic, hits=found.hits)


class HealthOut(Out):
    """One pixel; `state`, `open`, `dead`, `dueAt` and the last error are of the present, `figures` of the period."""

    pixel: UUID
    platform: str
    name: str
    state: State
    figures: FiguresOut
    open: int
    dead: int
    due_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None

    @classmethod
    def of(cls, found: Health) -> HealthOut:
        return cls(
            pixel=found.target_id,
            platform=found.platform,
            name=found.name,
            state=found.state,
            figures=FiguresOut.of(found.figures),
            open=found.now.open,
            dead=found.now.dead_total,
            due_at=found.now.due_at,
            last_error=found.last_error,
            last_error_at=found.last_error_at,
        )


class ComparisonOut(Out):
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    figures: FiguresOut
    matches: MatchesOut


class OverviewOut(Out):
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    timezone: str
    as_of: datetime
    figures: FiguresOut
    matches: MatchesOut
    comparison: ComparisonOut | None
    changes: dict[str, ChangeOut | None]
    series: list[PlaceOut]
    weekday_hours: list[list[int | None]] = Field(description="Monday first, 24 hours each, in the account's zone")
    health: list[HealthOut]
    opens: OpensOut | None = Field(description="null for an account that never had an open")

    @classmethod
    def of(cls, found: Overview, now: datetime) -> OverviewOut:
        past = found.comparison
        before = [one.accepted for one in past.values] if past else [None] * len(found.places)
        views = [one.views for one in found.mail.values] if found.mail else [0] * len(found.places)
        return cls(
            start=found.period.start,
            end=found.period.end,
            timezone=str(found.period.zone),
            as_of=now,
            figures=FiguresOut.of(found.total),
            matches=MatchesOut.of(found.matches),
            comparison=ComparisonOut(
                start=past.period.start,
                end=past.period.end,
                figures=FiguresOut.of(past.total),
                matches=MatchesOut.of(past.matches),
            )
            if past
            else None,
            changes={name: ChangeOut.of(change) for name, change in found.changes.items()},
            series=[PlaceOut.of(*one) for one in zip(found.places, found.values, before, views, strict=True)],
            weekday_hours=found.weekdays,
            health=[HealthOut.of(one) for one in found.health],
            opens=OpensOut.of(found.mail.total) if found.mail else None,
        )
