"""An export on the wire."""

from __future__ import annotations

from typing import Literal

from app.contacts.schemas import ContactFilter


class ExportQuery(ContactFilter):
    """The filters of the list, and the format of the file."""

    format: Literal["csv", "xlsx"] = "csv"
