"""The delivery engine: everything owed to an outside system, tried until a final state."""

from __future__ import annotations


def init_app() -> None:
    """Tells health and metrics how far behind the engine is, and people what they have to do."""
    from app.core import health, metrics
    from app.outbound import lag, watch

    health.checks["queue"] = lag.check
    if lag.samples not in metrics.gauges:
        metrics.gauges.append(lag.samples)
    watch.watch()
