"""Why a sign-in failed, in one line, and what helps there: the texts of exceptions run over many lines.

Sources: https://learn.microsoft.com/entra/identity-platform/reference-error-codes and
https://learn.microsoft.com/entra/workload-id/workload-identity-federation
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pullready.collectors.answers import Unreadable
from pullready.collectors.credentials import PATIENCE, Destination, Kind
from pullready.collectors.pipelines import failure
from pullready.snapshot import Status

_CODE: Final = re.compile(r"AADSTS\d+")
_SUBJECT: Final = re.compile(r"[Ss]ubject:? '([!-&(-~ ]{1,200})'")
_AGAIN: Final = ", then run again"
#: What az calls the clouds that it does not assume.
_CLOUDS: Final = {"AzureUSGovernment": "AzureUSGovernment", "AzureChina": "AzureChinaCloud"}

_RENEWAL: Final = (
    "Put a valid secret into AZURE_CLIENT_SECRET (az ad app credential reset makes one), "
    "or sign in without any: with a federated identity (OIDC)"
)
_TENANT: Final = (
    "Correct AZURE_TENANT_ID, or tenant: in pullready.yaml; a tenant of another cloud needs that cloud under cloud:"
)
_FEDERATION: Final = (
    "Give the application a federated credential with just this issuer, subject and audience "
    "(az ad app federated-credential create)"
)
_APPLICATION: Final = (
    "Correct AZURE_CLIENT_ID and AZURE_TENANT_ID; in another tenant than its own, the application needs a service "
    "principal first (az ad sp create --id CLIENT_ID)"
)
_REGISTRATION: Final = (
    "Register its public part (az ad app credential reset --id CLIENT_ID --cert @FILE --append), "
    "or name another under AZURE_CLIENT_CERTIFICATE_PATH"
)
_INTERACTIVELY: Final = "Run az login --tenant {tenant} --scope {audience}/.default"
_POLICY: Final = f"{_INTERACTIVELY}, or ask who manages the Conditional Access policies"
_LOGIN: Final = "Run az login"
_CLOCK: Final = (
    "Set the machine's clock; where az login was given a federated token, which lasts minutes, let pullready fetch its "
    "own: docs/sign-in.md"
)
#: What Entra's codes mean, and what helps.
_MEANINGS: Final = {
    "AADSTS7000222": ("the client secret has expired", _RENEWAL),
    "AADSTS7000215": ("the client secret is wrong", _RENEWAL),
    "AADSTS7000112": ("the application is disabled", "Enable it, or sign in as another"),
    "AADSTS700016": ("the application is not known in the tenant", _APPLICATION),
    "AADSTS700027": ("the certificate is not registered with the application", _REGISTRATION),
    "AADSTS700024": ("the assertion has expired, or is not valid yet", _CLOCK),
    "AADSTS700211": ("no federated credential of the application has the token's issuer", _FEDERATION),
    "AADSTS700212": ("no federated credential of the application has the token's audience", _FEDERATION),
    "AADSTS700213": ("no federated credential of the application has the token's subject", _FEDERATION),
    "AADSTS7002138": ("the federated credential's subject has other capitals and small letters", _FEDERATION),
    "AADSTS70021": ("no federated credential of the application fits the token", _FEDERATION),
    "AADSTS90002": ("the tenant is not found in this cloud", _TENANT),
    "AADSTS900023": ("the tenant is neither an id nor a domain", _TENANT),
    "AADSTS900432": ("the application is of another cloud", _TENANT),
    "AADSTS500011": ("the tenant does not know the service, as in another cloud", _TENANT),
    "AADSTS50076": ("multi-factor authentication is required", _INTERACTIVELY),
    "AADSTS50079": ("multi-factor authentication is required", _INTERACTIVELY),
    "AADSTS53003": ("a Conditional Access policy blocks it", _POLICY),
    "AADSTS53000": ("a Conditional Access policy asks for a compliant device", _POLICY),
    "AADSTS50173": ("the sign-in was revoked", _LOGIN),
    "AADSTS70043": ("the sign-in has expired", _LOGIN),
    "AADSTS700082": ("the sign-in has expired", _LOGIN),
}


@dataclass(frozen=True)
class Attempt:
    """A kind that was thought of, why it gave no token, and the error where it was tried."""

    kind: Kind
    why: str
    error: Exception | None = None


def attempt(kind: Kind, error: Exception) -> Attempt:
    """Return the attempt at *kind* that ended in *error*."""
    from subprocess import TimeoutExpired

    text = " ".join(map(str, _causes(error)))
    if any(isinstance(cause, TimeoutExpired) for cause in _causes(error)):
        why = f"no answer within {PATIENCE} seconds"
    elif kind.programs:
        why = "not signed in" if re.search(r"az login|auth login|Connect-AzAccount|az account set", text) else "failed"
    elif "Identity not found" in text:
        why = "identity not found"
    else:
        why = "no answer" if "no response" in text else "not available"
    return Attempt(kind, why, error)


def explained(attempts: Sequence[Attempt], to: Destination, audience: str) -> Unreadable:
    """Say in one line why none of the *attempts* gave a token for *audience*, and what to do here."""
    what = f"signing in to Azure{f' to tenant {to.tenant}' if to.tenant else ''} for {audience}"
    for one in attempts:
        if one.error is not None and (one.kind.decides or any(_codes(one.error))):
            why, remedy = _meaning(one.kind, one.error, to, audience)
            return Unreadable(Status.FAILED, f"{what} ({one.kind.name}) failed: {why}", f"{remedy}{_AGAIN}")
    tried = ", ".join(f"{one.kind.name}: {one.why}" for one in attempts)
    return Unreadable(Status.FAILED, f"{what} failed: no way to sign in worked ({tried})", _here(to) + _AGAIN)


def _meaning(kind: Kind, error: Exception, to: Destination, audience: str) -> tuple[str, str]:
    codes = list(dict.fromkeys(_codes(error)))
    if codes:
        meaning, remedy = next((_MEANINGS[code] for code in codes if code in _MEANINGS), ("", _here(to)))
        if remedy is _FEDERATION:
            meaning += _subject(error)
        told = f"Microsoft Entra ID answered {', '.join(codes)}{f' ({meaning})' if meaning else ''}"
        return told, remedy.format(tenant=to.tenant or "TENANT", audience=audience)
    if isinstance(error, Unreadable):
        return error.detail, str(error.remedy).removesuffix(_AGAIN)
    if _is_of_network(error):
        why = failure(error, urlsplit(to.cloud.authority).netloc)
        return why.detail, str(why.remedy)
    return _of_setup(kind, error, to)


def _of_setup(kind: Kind, error: Exception, to: Destination) -> tuple[str, str]:
    """Say what is wrong with what was set up for *kind*, as far as *error* tells."""
    if kind.file and isinstance(error, OSError):
        return f"the file that {kind.file} names cannot be read", f"Correct or unset {kind.file}"
    if kind.file and isinstance(error, ValueError):
        needs = "a certificate and its private key, in PEM or PKCS#12" if "CERTIFICATE" in kind.file else "a token"
        return f"what {kind.file} names is not valid", f"Correct {' and '.join(kind.variables)}; the file holds {needs}"
    if (response := getattr(error, "response", None)) is not None and kind.decides:
        host = urlsplit(str(response.request.url)).netloc
        return f"{host} answered {response.status_code} and no ID token", _here(to)
    return "it gave no token", _here(to)


def _here(to: Destination) -> str:
    """Return what to do where nobody is signed in, at the place that this runs in."""
    if os.environ.get("GITHUB_ACTIONS"):
        return (
            "Give the job permissions: id-token: write, and AZURE_CLIENT_ID and AZURE_TENANT_ID in its env, "
            "or let azure/login run before"
        )
    if os.environ.get("TF_BUILD"):
        return (
            "Run it in an AzureCLI@2 task with azureSubscription: and, "
            "in its env, SYSTEM_ACCESSTOKEN: $(System.AccessToken)"
        )
    cloud = _CLOUDS.get(to.cloud.name)
    return (
        f"Run {f'az cloud set --name {cloud} and ' if cloud else ''}az login, or in a pipeline sign in with a "
        "federated identity (OIDC: azure/login on GitHub, an AzureCLI@2 task in Azure Pipelines, "
        "AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE elsewhere)"
    )


def _codes(error: Exception) -> Iterator[str]:
    for cause in _causes(error):
        yield from _CODE.findall(str(cause))


def _subject(error: Exception) -> str:
    """Return the subject of the token that was refused: it names a repository or a service account, and no secret."""
    found = next((_SUBJECT.search(str(cause)) for cause in _causes(error) if _SUBJECT.search(str(cause))), None)
    return f": {found[1]}" if found else ""


def _is_of_network(error: Exception) -> bool:
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    return any(
        isinstance(cause, ServiceRequestError | ServiceResponseError)
        or (isinstance(cause, OSError) and "CA certificate" in str(cause))
        for cause in _causes(error)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and what it was raised from, the innermost last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
