"""The bell of every page, and the page behind it: /attention."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.attention import service
from app.attention.present import look_again, present, reconciler
from app.core.access import current_actor, has_permission, requires
from app.core.htmx import is_shown, page, unchanged

BELL_S = 30.0  # how old the last look of this process may be while somebody has a page of ours open

bp = Blueprint("attention", __name__, url_prefix="/attention")


@bp.get("")
@requires("attention.view")
def index() -> ResponseReturnValue:
    """A live fragment asks with the mark of what it shows."""
    look_again()
    shown = service.shown(current_actor().account_id)
    if is_shown(shown.mark):
        return unchanged()
    return page(
        "attention/index.html",
        fragment="attention/_findings.html",
        mark=shown.mark,
        found=[present(finding) for finding in shown.open],
        resolved=[present(finding) for finding in shown.resolved],
    )


@bp.get("/bell")
@requires("attention.view")
def bell() -> ResponseReturnValue:
    look_again(BELL_S)
    found = service.bell(current_actor().account_id)
    if is_shown(found.mark):
        return unchanged()
    return page("attention/_bell.html", bell=found)


def bell_of_viewer() -> service.Bell | None:
    """The bell of whoever looks at this page; None where there is nobody, or nobody who may see it."""
    if not has_permission("attention.view"):
        return None
    # When no ticker runs, this is how anybody learns of it. The page being rendered keeps its snapshot and waits for
    # nobody: what is new shows at the bell's next refresh.
    reconciler().run_if_older(BELL_S, wait=False)
    return service.bell(current_actor().account_id)
