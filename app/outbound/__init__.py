"""The delivery engine: everything owed to an outside system, tried until a final state."""

from __future__ import annotations


def init_app() -> None:
    """Tells health and metrics how far behind the engine is."""
    from app.core import health, metrics
    from app.outbound import lag

    health.checks["queue"] = lag.check
    if lag.samples not in metrics.gauges:
        metrics.gauges.append(lag.samples)
