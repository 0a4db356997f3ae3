"""The hub's deliveries in the engine: what is loaded for a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection, select

from app.core.exchange import Call
from app.outbound.kinds import Kind, Leased, Owed, Party, Subject
from app.outbound.models import Target
from app.outbound.policy import PLATFORM
from app.webhooks import messages
from app.webhooks.hub.adapter import Hub, HubEvents, HubMessage
from app.webhooks.hub.intake import KIND

HIDDEN = "***"


class HubCalls(Kind):
    """What the company's hub is told. Without INTERNAL_API_TOKEN nothing goes: what is owed is dead, for a person to
    see and to send again."""

    key = KIND
    policy = PLATFORM

    @property
    def timeout_s(self) -> float:
        return self.runtime.settings.outbound_timeout

    def parties(self, connection: Connection, target_ids: Sequence[UUID]) -> Mapping[UUID, Party]:
        settings = self.runtime.settings
        hub = Hub(settings.hub_url, settings.internal_api_token or "")
        known = select(Target.id).where(Target.id.in_(target_ids))
        return {id_: Party(_events, hub, hub.token) for id_ in connection.scalars(known)}

    def items(self, connection: Connection, rows: Sequence[Leased]) -> Mapping[UUID, HubMessage]:
        return {id_: HubMessage(id_, event, body.encode()) for id_, event, body in messages.of(connection, rows)}

    def subjects(self, connection: Connection, account_id: UUID, rows: Sequence[Owed]) -> Mapping[UUID, Subject]:
        return {id_: Subject(event) for id_, event in messages.names_of(connection, rows).items()}

    def rebuild(self, connection: Connection, owed: Owed) -> Call | None:
        """The token is the installation's: no account's people see it."""
        call = super().rebuild(connection, owed)
        return call and replace(call, headers={**call.headers, "X-Internal-Token": HIDDEN})


_events = HubEvents()
