"""The first event of a client as a request to copy."""

from __future__ import annotations

from typing import Any

from app.accounts.clients.pixel_choices import PixelChoice
from app.core.openapi.samples import Call, Sample, curl, javascript, laravel, php, python

PATH = "/api/tracking/events"
CLICK_FIELDS = {"kwai": "click_id", "facebook": "fbclid"}
NO_PIXEL = PixelChoice("", "kwai", "YOUR_PIXEL_ID", "")


def samples(public_url: str, token: str, pixel: PixelChoice | None) -> list[Sample]:
    """The same registration in each language, ready to run once the click id is a real one."""
    call = Call("POST", public_url + PATH, token, _body(pixel or NO_PIXEL))
    return [
        Sample("curl", "curl", curl(call)),
        Sample("php", "PHP", php(call)),
        Sample("laravel", "Laravel", laravel(call)),
        Sample("python", "Python", python(call)),
        Sample("javascript", "JavaScript", javascript(call)),
    ]


def _body(pixel: PixelChoice) -> dict[str, Any]:
    return {
        "platform": pixel.platform,
        "pixel_id": pixel.pixel_id,
        CLICK_FIELDS.get(pixel.platform, "click_id"): "CLICK_ID_FROM_THE_LANDING_PAGE",
        "event_name": "EVENT_COMPLETE_REGISTRATION",
        "email": "ana@example.com",
    }
