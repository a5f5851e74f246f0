"""The sign-in to Microsoft Entra ID: tokens by audience, each fetched once, and one clear line where that fails."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Final

from pullready.collectors.answers import Unreadable
from pullready.config import Cloud
from pullready.snapshot import Status

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.identity import DefaultAzureCredential

_EARLY: Final = 300
_ENTRA_CODE: Final = re.compile(r"AADSTS\d+")
REMEDY: Final = (
    "Run az login, or in a pipeline sign in with a federated identity (OIDC: azure/login on GitHub, "
    "AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE elsewhere), then run again"
)


class SignIn:
    """A sign-in to one cloud, to the tenant that *tenant* names, else to the one that the credential is at home in.

    Tokens are kept here, for not every credential keeps them: sixteen threads that each start ``az`` would take long.
    """

    def __init__(self, cloud: Cloud, tenant: str | None) -> None:
        self._cloud = cloud
        self._tenant = tenant
        self._lock = threading.Lock()
        self._credential: DefaultAzureCredential | None = None
        self._tokens: dict[str, AccessToken | str] = {}

    def token(self, audience: str) -> str:
        """Return a token for *audience* (``https://management.azure.com``); raise :class:`Unreadable` without one."""
        with self._lock:
            known = self._tokens.get(audience)
            if known is None or (not isinstance(known, str) and known.expires_on - time.time() < _EARLY):
                known = self._tokens[audience] = self._fetch(audience)
        if isinstance(known, str):
            raise Unreadable(Status.FAILED, known, REMEDY)
        return known.token

    def _fetch(self, audience: str) -> AccessToken | str:
        from azure.core.exceptions import AzureError

        try:
            return self._connected().get_token(f"{audience}/.default", tenant_id=self._tenant)
        except (AzureError, ValueError, OSError) as error:
            # The text lists every way that was tried over many lines; only Entra's own code tells what is wrong.
            codes = ", ".join(dict.fromkeys(_ENTRA_CODE.findall(str(error))))
            reason = f"Microsoft Entra ID answered {codes}" if codes else "no way to sign in worked"
            where = f" to tenant {self._tenant}" if self._tenant else ""
            return f"signing in to Azure{where} for {audience} failed: {reason}"

    def _connected(self) -> DefaultAzureCredential:
        """Return the credential: environment, workload or managed identity, or a developer's login."""
        if self._credential is None:
            from azure.identity import DefaultAzureCredential

            self._credential = DefaultAzureCredential(
                authority=self._cloud.authority,
                disable_instance_discovery=not self._cloud.instance_discovery,
                additionally_allowed_tenants=[self._tenant] if self._tenant else [],
            )
        return self._credential

    def close(self) -> None:
        """Close the connections to Entra."""
        if self._credential is not None:
            self._credential.close()
