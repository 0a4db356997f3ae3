"""`/api/account`."""

from __future__ import annotations

from app.accounts.account import service
from app.accounts.account.schemas import AccountChange, AccountOut
from app.accounts.models import Account
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.runtime import runtime

bp = resource_blueprint("api_account", __name__, "/account")


@bp.get("")
@endpoint(summary="Get the account's settings", permission="account.edit", answers={200: AccountOut})
def show() -> AccountOut:
    return shown(service.get(db.session(), current().account_id))


@bp.put("")
@endpoint(
    summary="Change the account's settings",
    permission="account.edit",
    body=AccountChange,
    answers={200: AccountOut, 409: None},
    confirmed=True,
)
def update(body: AccountChange) -> AccountOut:
    """A shorter `retentionDays` removes at night what is older, for good. To require a second factor of administrators
    you need one yourself."""
    longest = runtime().settings.retention_days
    with presenting(Account, shown), write() as session:
        account = service.update(session, current_actor(), body.given(), longest, body.version)
    return shown(account)


def shown(account: Account) -> AccountOut:
    return AccountOut.of(account, runtime().settings.retention_days)
