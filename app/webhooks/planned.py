"""Events of webhooks themselves, and those that the sources name and the product has no cause for yet: a receiver may
subscribe to them today and hears them from the day on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask_babel import lazy_gettext as _l
from pydantic import Field

from app.core.event_types import EventType, declare, declare_internal
from app.core.schema import Out

TEST = "webhook.test"
ID = "01937a43-6c97-7e88-b6ba-9ff5e2d1c409"
CONTACT = "01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01"
AT = "2026-11-22T12:00:00.123Z"


class WebhookTest(Out):
    message: str = Field(description="A sentence for whoever reads it.")
    test: Literal[True] = Field(description="Nothing happened.")


class ConversationNews(Out):
    conversation_id: UUID = Field(description="The conversation.")
    contact_id: UUID = Field(description="With whom.")
    channel: Literal["whatsapp"] = Field(description="By which channel.")
    status: Literal["open", "closed"] = Field(description="How it stands.")


class ToldMessage(Out):
    id: UUID = Field(description="The message.")
    type: str = Field(description="text, image, audio, …")
    at: datetime = Field(description="When it was written.")


class MessageNews(Out):
    conversation_id: UUID = Field(description="The conversation it belongs to.")
    contact_id: UUID = Field(description="With whom.")
    message: ToldMessage = Field(description="The message, without what it says.")


class WorkflowCompleted(Out):
    workflow_id: UUID = Field(description="The workflow.")
    contact_id: UUID = Field(description="For whom it ran.")
    at: datetime = Field(description="When it ended.")


class BroadcastCompleted(Out):
    campaign_id: UUID = Field(description="The campaign.")
    sent: int = Field(ge=0, description="Messages that went out.")
    failed: int = Field(ge=0, description="Messages that did not.")
    at: datetime = Field(description="When it ended.")


class CampaignActivated(Out):
    campaign_id: UUID = Field(description="The campaign.")
    at: datetime = Field(description="When it was activated.")


class ContentPublished(Out):
    content_id: UUID = Field(description="The piece of content.")
    type: str = Field(description="post, landing_page, …")
    at: datetime = Field(description="When it was published.")


def declare_events() -> None:
    talk: dict[str, Any] = {"conversationId": ID, "contactId": CONTACT}
    begun = talk | {"channel": "whatsapp", "status": "open"}
    message = talk | {"message": {"id": "01937a44-7da8-7f99-87cb-a006f3e2d50a", "type": "text", "at": AT}}
    workflow, campaign = {"workflowId": ID, "contactId": CONTACT, "at": AT}, {"campaignId": ID}
    declare(
        EventType(TEST, _l("Sent by hand, to try a webhook out"), WebhookTest, {"message": "Hello 👋", "test": True}),
        _planned("message.received", _l("A message came in"), MessageNews, message),
        _planned("message.sent", _l("A message went out"), MessageNews, message),
        _planned("conversation.created", _l("A conversation began"), ConversationNews, begun),
        _planned("conversation.updated", _l("A conversation changed"), ConversationNews, begun),
        _planned(
            "conversation.closed", _l("A conversation was closed"), ConversationNews, begun | {"status": "closed"}
        ),
        _planned("workflow.completed", _l("A workflow came to its end"), WorkflowCompleted, workflow),
        _planned(
            "broadcast.completed",
            _l("A campaign was sent to the end"),
            BroadcastCompleted,
            campaign | {"sent": 980, "failed": 20, "at": AT},
        ),
        _planned("campaign.activated", _l("A campaign was activated"), CampaignActivated, campaign | {"at": AT}),
        _planned(
            "content.published",
            _l("Content was published"),
            ContentPublished,
            {"contentId": ID, "type": "landing_page", "at": AT},
        ),
    )
    declare_internal(
        account__discarded="nobody joined the account: its rows go, those of its webhooks too",
        mail__requested="a letter with a link that opens doors",
    )


def _planned(name: str, summary: Any, payload: type[Out], example: dict[str, Any]) -> EventType:
    return EventType(name, summary, payload, example, is_emitted=False)
