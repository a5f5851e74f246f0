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
_RENEWAL: Final = (
    "Put a valid secret into AZURE_CLIENT_SECRET (az ad app credential reset makes one), "
    "or sign in without any: with a federated identity (OIDC), then run again"
)
#: What Entra's codes mean, and what helps, where a new sign-in does not.
#: Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_MEANINGS: Final = {
    "AADSTS7000222": ("the client secret has expired", _RENEWAL),
    "AADSTS7000215": ("the client secret is wrong", _RENEWAL),
}
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
        self._tokens: dict[str, AccessToken | Unreadable] = {}

    def token(self, audience: str) -> str:
        """Return a token for *audience* (``https://management.azure.com``); raise :class:`Unreadable` without one."""
        with self._lock:
            known = self._tokens.get(audience)
            if known is None or (not isinstance(known, Unreadable) and known.expires_on - time.time() < _EARLY):
                known = self._tokens[audience] = self._fetch(audience)
        if isinstance(known, Unreadable):
            raise Unreadable(known.status, known.detail, known.remedy)
        return known.token

    def _fetch(self, audience: str) -> AccessToken | Unreadable:
        from azure.core.exceptions import AzureError

        try:
            return self._connected().get_token(f"{audience}/.default", tenant_id=self._tenant)
        except (AzureError, ValueError, OSError) as error:
            # The text lists every way that was tried over many lines; only Entra's own code tells what is wrong.
            codes = list(dict.fromkeys(_ENTRA_CODE.findall(str(error))))
            reason = f"Microsoft Entra ID answered {', '.join(codes)}" if codes else "no way to sign in worked"
            meaning, remedy = next((_MEANINGS[code] for code in codes if code in _MEANINGS), ("", REMEDY))
            where = f" to tenant {self._tenant}" if self._tenant else ""
            why = f"{reason} ({meaning})" if meaning else reason
            return Unreadable(Status.FAILED, f"signing in to Azure{where} for {audience} failed: {why}", remedy)

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
