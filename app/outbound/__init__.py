"""The delivery engine: everything owed to an outside system, tried until a final state."""

from __future__ import annotations


def init_app() -> None:
    """Tells health and metrics how far behind the engine is, and people what they have to do; takes letters."""
    from app.core import health, metrics
    from app.outbound import lag, watch
    from app.outbound.mail import intake
    from app.outbound.mail import watch as mail_watch

    health.checks["queue"] = lag.check
    if lag.samples not in metrics.gauges:
        metrics.gauges.append(lag.samples)
    watch.watch()
    mail_watch.watch()
    intake.subscribe()
