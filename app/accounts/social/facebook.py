"""Facebook Login, by hand as Meta documents it: the dialog, the code for a token, and the profile behind the token."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request

from app.accounts.social.flow import Flow
from app.accounts.social.providers import Identity, NotProven, Provider, ask, callback_of, text_of
from app.core.exchange import Call
from app.core.http import Client
from app.core.settings import Settings

SCOPE = "public_profile,email"
FIELDS = "id,name,email"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Facebook:
    def __init__(self, settings: Settings, client: Client) -> None:
        self._client = client
        self._id, self._secret = settings.facebook_app_id or "", settings.facebook_app_secret or ""
        self._dialog = f"{settings.facebook_dialog_url}/{settings.meta_graph_version}/dialog/oauth"
        self._graph = f"{settings.meta_graph_url}/{settings.meta_graph_version}"
        self._redirect_uri = callback_of(Provider.FACEBOOK, settings)

    def address(self, flow: Flow) -> str:
        return str(
            prepare_grant_uri(
                self._dialog,
                self._id,
                "code",
                redirect_uri=self._redirect_uri,
                scope=SCOPE,
                state=flow.state,
                code_challenge=flow.challenge,
                code_challenge_method="S256",
            )
        )

    def identify(self, flow: Flow, code: str) -> Identity:
        token = text_of(ask(self._client, self._exchange(flow, code)), "access_token", 4096)
        if token is None:
            raise NotProven("no access token")
        profile = ask(self._client, self._profile(token))
        subject = text_of(profile, "id", 255)
        if subject is None:
            raise NotProven("no id")
        # Meta says nowhere whether the address was confirmed: it is shown, and proves nothing
        return Identity(
            Provider.FACEBOOK, subject, text_of(profile, "email", 254), False, text_of(profile, "name", 120)
        )

    def _exchange(self, flow: Flow, code: str) -> Call:
        form = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self._redirect_uri,
            client_id=self._id,
            client_secret=self._secret,
            code_verifier=flow.verifier,
        )
        return Call("POST", f"{self._graph}/oauth/access_token", body=form.encode(), headers=FORM)

    def _profile(self, token: str) -> Call:
        """The token in a header, where no log has it; the proof shows that the caller has our secret too."""
        proof = hmac.new(self._secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        query = urlencode({"fields": FIELDS, "appsecret_proof": proof})
        return Call("GET", f"{self._graph}/me?{query}", headers={"Authorization": f"Bearer {token}"})
