"""What a new target is limited to unless somebody sets it: by the API behind it."""

from __future__ import annotations

from collections.abc import Mapping

from app.outbound.limits.windows import Rates

NONE = Rates()  # pixels and subscriptions of webhooks
CONNECTION = Rates(per_minute=60, per_hour=1000, per_day=10_000)  # of an API that is not named below
BY_API: Mapping[str, Rates] = {
    "meta_marketing": Rates(per_hour=200),
    "instagram": Rates(per_hour=200),
    "google_ads": Rates(per_day=15_000),
    "internal": Rates(per_minute=60),  # CRM, Hub, Site
    "cloud_api": Rates(per_second=10),  # settable up to the 80 of a number
    "z_api": Rates(per_second=1, per_minute=10),  # a gateway to WhatsApp Web: faster numbers are banned
}


def of_connection(api: str) -> Rates:
    """For a connection to this API: its own figure alone, or the general one."""
    return BY_API.get(api, CONNECTION)
