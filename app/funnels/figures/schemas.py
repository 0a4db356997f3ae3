"""What the API of the figures takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from app.core.masking import seen_text
from app.core.schema import Out, Schema
from app.funnels.figures.closings import Outcome, Side
from app.funnels.figures.forecast import Expected
from app.funnels.figures.report import Report, StageFigures
from app.funnels.figures.summary import Row


class FiguresQuery(Schema):
    """`from` and `to` are dates, both included, in the account's zone; without both, `period` counts. `ownerId` may be
    `none`: cards of nobody."""

    funnel_id: str | None = Field(None, max_length=40)
    owner_id: str | None = Field(None, max_length=40)
    start: str | None = Field(None, alias="from", max_length=40)
    end: str | None = Field(None, alias="to", max_length=40)
    period: str | None = Field(None, max_length=40)


class SideOut(Out):
    count: int
    value: float = Field(description="Reais, at the time of closing")

    @classmethod
    def of(cls, found: Side) -> SideOut:
        return cls(count=found.count, value=float(found.value))


class OutcomeOut(Out):
    """`winRate`: won of all that were won or lost, between 0 and 1."""

    won: SideOut
    lost: SideOut
    win_rate: float | None

    @classmethod
    def of(cls, found: Outcome) -> OutcomeOut:
        return cls(won=SideOut.of(found.won), lost=SideOut.of(found.lost), win_rate=found.rate)


class FunnelRowOut(Out):
    """`openCards` and `openValue` (reais) are of now, the rest of the period."""

    funnel_id: UUID
    name: str
    open_cards: int
    open_value: float
    won: SideOut
    lost: SideOut
    win_rate: float | None

    @classmethod
    def of(cls, found: Row) -> FunnelRowOut:
        return cls(
            funnel_id=found.funnel_id,
            name=found.name,
            open_cards=found.open_count,
            open_value=float(found.open_value),
            won=SideOut.of(found.outcome.won),
            lost=SideOut.of(found.outcome.lost),
            win_rate=found.outcome.rate,
        )


class StageOut(Out):
    """An open stage. `entered`, `wentOn`, `lost`: cards; `rate`: went on of entered. `stays`: that ended in the period;
    `standing`: cards there now. Times in seconds, null where there is nothing to average."""

    stage_id: UUID
    name: str
    entered: int
    went_on: int
    lost: int
    rate: float | None
    stays: int
    average_stay_s: float | None
    median_stay_s: float | None
    standing: int
    average_standing_s: float | None

    @classmethod
    def of(cls, found: StageFigures) -> StageOut:
        stays, standing = found.stays, found.standing
        return cls(
            stage_id=found.id,
            name=found.name,
            entered=found.flow.entered,
            went_on=found.flow.went_on,
            lost=found.flow.lost,
            rate=found.flow.rate,
            stays=stays.count if stays else 0,
            average_stay_s=stays.average_s if stays else None,
            median_stay_s=stays.median_s if stays else None,
            standing=standing.count if standing else 0,
            average_standing_s=standing.average_s if standing else None,
        )


class DayOut(Out):
    """`openValue`: of the open cards at the end of the day; `wonValue`: won on it. Reais."""

    day: date
    open_value: float
    won_value: float

    @classmethod
    def of(cls, day: date, open_value: Decimal, won: Decimal) -> DayOut:
        return cls(day=day, open_value=float(open_value), won_value=float(won))


class ReasonOut(SideOut):
    reason: str | None


class OwnerOut(OutcomeOut):
    owner_id: UUID | None


class ExpectedOut(Out):
    """`when`: the first day of a month, or overdue, later, undated. `weighted`: value times the chance of its stage."""

    when: str
    count: int
    value: float
    weighted: float

    @classmethod
    def of(cls, found: Expected) -> ExpectedOut:
        return cls(when=str(found.when), count=found.count, value=float(found.value), weighted=float(found.weighted))


class ReportOut(Out):
    """Everything of one funnel. `created`: cards made in the period; `createdAndWon`: those that stand as won at its
    end."""

    created: int
    created_and_won: int
    outcome: OutcomeOut
    average_deal: float | None
    average_days_to_won: float | None
    stages: list[StageOut]
    days: list[DayOut]
    won_by_reason: list[ReasonOut]
    lost_by_reason: list[ReasonOut]
    by_owner: list[OwnerOut]
    forecast: list[ExpectedOut]

    @classmethod
    def of(cls, found: Report) -> ReportOut:
        won = found.outcome.won
        return cls(
            created=found.cohort.created,
            created_and_won=found.cohort.won,
            outcome=OutcomeOut.of(found.outcome),
            average_deal=None if won.average is None else float(won.average),
            average_days_to_won=won.days,
            stages=[StageOut.of(one) for one in found.stages],
            days=[DayOut.of(*one) for one in zip(found.days, found.values, found.won, strict=True)],
            won_by_reason=[_reason(*one) for one in found.won_by_reason],
            lost_by_reason=[_reason(*one) for one in found.lost_by_reason],
            by_owner=[OwnerOut(owner_id=id_, **OutcomeOut.of(outcome).model_dump()) for id_, outcome in found.by_owner],
            forecast=[ExpectedOut.of(one) for one in found.forecast],
        )


class FunnelFiguresOut(Out):
    """A row per funnel; `report` of the one that `funnelId` names, else null."""

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    timezone: str
    as_of: datetime
    funnels: list[FunnelRowOut]
    report: ReportOut | None


def _reason(reason: str | None, side: Side) -> ReasonOut:
    return ReasonOut(reason=seen_text(reason), count=side.count, value=float(side.value))
