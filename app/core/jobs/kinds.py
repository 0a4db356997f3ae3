"""The kinds of long work that features contribute."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, cast

from app.core.errors import NotFound
from app.core.models import Job
from app.core.runtime import Runtime

if TYPE_CHECKING:
    from app.core.jobs.hold import Hold

# kind -> dotted path, loaded on first use, so that core imports no feature
KINDS = {
    "replay": "app.deliveries.bulk:Replay",
    "cancel": "app.deliveries.bulk:Cancel",
    "export_events": "app.tracking.export:EventExport",
    "export_audit": "app.accounts.trail.export:AuditExport",
    "export_opens": "app.opens.log.export:OpenExport",
    "mail_list": "app.opens.mailings.job:MailList",
    "export_mailed": "app.opens.mailings.export:IdExport",
    "check_import": "app.contacts.importing.jobs:CheckImport",
    "import_contacts": "app.contacts.importing.jobs:ImportContacts",
    "undo_import": "app.contacts.importing.jobs:UndoImport",
    "export_contacts": "app.contacts.exporting.export:ContactExport",
    "export_cards": "app.funnels.figures.exporting.export:CardExport",
    "erase_person": "app.contacts.privacy.job:ErasePerson",
    "change_contacts": "app.contacts.bulk.job:ChangeContacts",
    "delete_category": "app.contacts.dissolving_job:DeleteCategory",
    "delete_tag": "app.contacts.dissolving_job:DeleteTag",
    "merge_tags": "app.contacts.dissolving_job:MergeTags",
    "delete_contact_field": "app.contacts.fields.job:DeleteField",
    "empty_stage": "app.funnels.structure.stages.emptying_job:EmptyStage",
    "add_to_funnel": "app.funnels.adding.job:AddToFunnel",
    "reclassify": "app.opens.rules.reclassify:Reclassify",
}


class LongJob(ABC):
    """One kind of long work. `run` may begin anew at any time after its last part: it goes on from `hold.cursor`."""

    title: ClassVar[Any]  # a lazy string
    permission: ClassVar[str]  # who may see and stop it
    back: ClassVar[str]  # endpoint of the list it belongs to, with the arguments of `back_to`
    undo: ClassVar[str | None] = None  # endpoint that takes it back (POST, the job's id as `job`)

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    @abstractmethod
    def run(self, hold: Hold) -> dict[str, Any] | None:
        """Does the work; the result is what `words` needs."""

    def words(self, job: Job) -> str:
        """The result for people, when there is more to say than how many were done."""
        return ""

    def back_to(self, job: Job) -> dict[str, Any]:
        return {}

    def can_undo(self, job: Job) -> bool:
        """Whether to offer `undo`; the endpoint judges anew."""
        return False


def kind_of(key: str) -> type[LongJob]:
    """The class behind a kind. Raises NotFound for one that this version does not have."""
    if key not in KINDS:
        raise NotFound
    module, _, name = KINDS[key].partition(":")
    return cast(type[LongJob], getattr(import_module(module), name))
