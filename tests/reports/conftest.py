"""Everything here counts what was sent."""

from tests.tracking_fixtures import drain, make_pixel, make_sender, sender, settings, simulator

__all__ = ["drain", "make_pixel", "make_sender", "sender", "settings", "simulator"]
