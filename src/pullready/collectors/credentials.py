"""The ways to sign in to Azure: what each needs, and the credential of azure-identity that goes it.

They are tried in the order of ``KINDS``. It is that of azure-identity's ``DefaultAzureCredential``, which is not used
because it hands the cloud's authority to some of its credentials and not to others, and waits long for what is not
there; the ID tokens of GitHub Actions and Azure Pipelines come on top.
Source: https://learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from pullready.collectors import id_tokens
from pullready.collectors.answers import Unreadable
from pullready.config import Cloud
from pullready.snapshot import Status

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

CHOICE: Final = "AZURE_TOKEN_CREDENTIALS"
SECRET: Final = "AZURE_CLIENT_SECRET"  # noqa: S105  (a variable's name)
CERTIFICATE: Final = "AZURE_CLIENT_CERTIFICATE_PATH"
TOKEN_FILE: Final = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105
_CLIENT: Final = "AZURE_CLIENT_ID"
_TENANT: Final = "AZURE_TENANT_ID"
_OF_PIPELINES: Final = "AZURESUBSCRIPTION_"
#: How long a program may take to answer, in seconds: ``az`` needs several on a machine that just started.
PATIENCE: Final = 20
#: What bounds the way to Microsoft Entra ID. azure-core would try ten times, and wait five minutes for each answer.
_BOUNDS: Final[Mapping[str, Any]] = {
    "connection_timeout": 10,
    "read_timeout": 30,
    "retry_total": 3,
    "retry_connect": 2,
    "retry_read": 1,
}
#: The machine's own service answers at once, or is not there; no proxy leads to it.
_LOCAL_BOUNDS: Final[Mapping[str, Any]] = {
    "connection_timeout": 1,
    "read_timeout": 10,
    "retry_total": 3,
    "retry_connect": 0,
    "retry_read": 0,
    "retry_status": 3,
    "use_env_settings": False,
}


class Credential(Protocol):
    """What azure-identity's credentials have in common."""

    def get_token(self, *scopes: str, claims: str | None = None, tenant_id: str | None = None) -> AccessToken:
        """Return a token for *scopes*."""

    def close(self) -> None:
        """Close every connection."""


@dataclass(frozen=True)
class Destination:
    """Where to sign in: *tenant* is the one that is asked for, where it is not the credential's own."""

    cloud: Cloud
    tenant: str | None

    @property
    def tenants(self) -> list[str]:
        """The tenants beside its own that a credential may sign in to."""
        return [self.tenant] if self.tenant else []

    @property
    def options(self) -> dict[str, Any]:
        """The options of every credential that asks Microsoft Entra ID itself."""
        return {
            "authority": self.cloud.authority,
            "disable_instance_discovery": not self.cloud.instance_discovery,
            "additionally_allowed_tenants": self.tenants,
            **_BOUNDS,
        }


@dataclass(frozen=True)
class Kind:
    """A way to sign in.

    ``choices`` are the values of AZURE_TOKEN_CREDENTIALS, in lower case, that let it be tried. It is tried where all
    ``variables`` are set (``A or B``: one of them) and one of ``programs`` is installed. Only where the variable
    ``place`` is set is it worth a word that it was not. ``file`` is the variable that may name a file.
    """

    name: str
    choices: tuple[str, ...]
    connect: Callable[[Destination], Credential]
    variables: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    place: str | None = None
    file: str | None = None

    @property
    def decides(self) -> bool:
        """Whether somebody has set it up, so that nothing else is tried where it fails."""
        return bool(self.variables)

    @property
    def is_out_of_place(self) -> bool:
        """Whether nobody would expect it here."""
        return self.place is not None and not os.environ.get(self.place)

    def lacks(self) -> str | None:
        """Return in words what is missing for it."""
        for names in self.variables:
            if not any(os.environ.get(name) for name in names.split(" or ")):
                return f"{names} is not set"
        if self.programs and not any(map(_which, self.programs)):
            return f"{self.programs[0]} is not installed"
        return None


def kinds() -> Sequence[Kind]:
    """Return the kinds that AZURE_TOKEN_CREDENTIALS lets be tried; raise :class:`Unreadable` where it names none."""
    choice = os.environ.get(CHOICE, "").strip().casefold()
    chosen = [kind for kind in KINDS if (choice in kind.choices if choice else {"dev", "prod"} & {*kind.choices})]
    if not chosen:
        detail = f"{CHOICE} names no way to sign in that there is"
        raise Unreadable(Status.FAILED, detail, f"Unset it, or let it be dev, prod or one of {', '.join(_NAMES)}")
    return chosen


def _which(program: str) -> str | None:
    from shutil import which  # it loads much, and nothing else here needs it

    return which(program)


def _environment(to: Destination) -> Credential:
    from azure.identity import CertificateCredential, ClientSecretCredential

    client, tenant = os.environ[_CLIENT], os.environ[_TENANT]
    if secret := os.environ.get(SECRET):
        return ClientSecretCredential(tenant, client, secret, **to.options)
    return CertificateCredential(
        tenant,
        client,
        os.environ[CERTIFICATE],
        password=os.environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD") or None,
        send_certificate_chain=bool(os.environ.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")),
        **to.options,
    )


def _workload_identity(to: Destination) -> Credential:
    from azure.identity import WorkloadIdentityCredential

    return WorkloadIdentityCredential(**to.options)


def _github_actions(to: Destination) -> Credential:
    from azure.identity import ClientAssertionCredential

    audience = id_tokens.audience_of(str(urlsplit(to.cloud.authority).hostname))
    return ClientAssertionCredential(
        os.environ[_TENANT], os.environ[_CLIENT], lambda: id_tokens.of_github(audience), **to.options
    )


def _azure_pipelines(to: Destination) -> Credential:
    from azure.identity import AzurePipelinesCredential

    return AzurePipelinesCredential(
        tenant_id=os.environ[f"{_OF_PIPELINES}TENANT_ID"],
        client_id=os.environ[f"{_OF_PIPELINES}CLIENT_ID"],
        service_connection_id=os.environ[f"{_OF_PIPELINES}SERVICE_CONNECTION_ID"],
        system_access_token=os.environ["SYSTEM_ACCESSTOKEN"],
        **to.options,
    )


def _managed_identity(_: Destination) -> Credential:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=os.environ.get(_CLIENT) or None, **_LOCAL_BOUNDS)


def _azure_cli(to: Destination) -> Credential:
    from azure.identity import AzureCliCredential

    return AzureCliCredential(additionally_allowed_tenants=to.tenants, process_timeout=PATIENCE)


def _azure_powershell(to: Destination) -> Credential:
    from azure.identity import AzurePowerShellCredential

    return AzurePowerShellCredential(additionally_allowed_tenants=to.tenants, process_timeout=PATIENCE)


def _azure_developer_cli(to: Destination) -> Credential:
    from azure.identity import AzureDeveloperCliCredential

    return AzureDeveloperCliCredential(additionally_allowed_tenants=to.tenants, process_timeout=PATIENCE)


def _visual_studio_code(to: Destination) -> Credential:
    from azure.identity import VisualStudioCodeCredential

    return VisualStudioCodeCredential(additionally_allowed_tenants=to.tenants)


def _browser(to: Destination) -> Credential:
    from azure.identity import InteractiveBrowserCredential

    return InteractiveBrowserCredential(tenant_id=os.environ.get(_TENANT) or None, **to.options)


KINDS: Final = (
    Kind(
        "environment",
        ("prod", "environmentcredential"),
        _environment,
        variables=(f"{SECRET} or {CERTIFICATE}", _CLIENT, _TENANT),
        file=CERTIFICATE,
    ),
    Kind(
        "workload identity",
        # azure-identity goes this way for a managed identity too where its variables are set.
        ("prod", "workloadidentitycredential", "managedidentitycredential"),
        _workload_identity,
        variables=(TOKEN_FILE, _CLIENT, _TENANT),
        file=TOKEN_FILE,
    ),
    Kind(
        "GitHub Actions",
        ("prod", "workloadidentitycredential"),
        _github_actions,
        variables=(id_tokens.URL, id_tokens.TOKEN, _CLIENT, _TENANT),
        place="GITHUB_ACTIONS",
    ),
    Kind(
        "Azure Pipelines",
        ("prod", "workloadidentitycredential", "azurepipelinescredential"),
        _azure_pipelines,
        variables=(
            "SYSTEM_OIDCREQUESTURI",
            "SYSTEM_ACCESSTOKEN",
            *(f"{_OF_PIPELINES}{name}" for name in ("SERVICE_CONNECTION_ID", "CLIENT_ID", "TENANT_ID")),
        ),
        place="TF_BUILD",
    ),
    Kind("managed identity", ("prod", "managedidentitycredential"), _managed_identity),
    Kind("Azure CLI", ("dev", "azureclicredential"), _azure_cli, programs=("az",)),
    Kind(
        "Azure PowerShell",
        ("dev", "azurepowershellcredential"),
        _azure_powershell,
        programs=("pwsh", "powershell"),
    ),
    Kind("Azure Developer CLI", ("dev", "azuredeveloperclicredential"), _azure_developer_cli, programs=("azd",)),
    Kind("Visual Studio Code", ("visualstudiocodecredential",), _visual_studio_code),
    Kind("browser", ("interactivebrowsercredential",), _browser),
)
#: The values of AZURE_TOKEN_CREDENTIALS for one kind alone, as azure-identity spells them.
_NAMES: Final = (
    "EnvironmentCredential",
    "WorkloadIdentityCredential",
    "AzurePipelinesCredential",
    "ManagedIdentityCredential",
    "AzureCliCredential",
    "AzurePowerShellCredential",
    "AzureDeveloperCliCredential",
)
