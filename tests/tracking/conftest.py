"""Everything here sends events."""

from tests.tracking_fixtures import (
    deliveries,
    drain,
    make_pixel,
    make_sender,
    other_app,
    rows,
    sender,
    settings,
    simulator,
    stored,
    with_settings,
)

__all__ = [
    "deliveries",
    "drain",
    "make_pixel",
    "make_sender",
    "other_app",
    "rows",
    "sender",
    "settings",
    "simulator",
    "stored",
    "with_settings",
]
