"""The faults of pull secrets, each in a copy of the healthy shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts import ids
from tools.shop.environment import (
    KUBELET_OBJECT,
    LEGACY,
    PULLER_CLIENT,
    PULLER_OBJECT,
    SHOP,
    SHOPTOOLS,
    SUBSCRIPTION,
    Bodies,
    assignment,
    registries,
    registry_token,
    scope_map,
)
from tools.shop.fault import Fault

_FAILED: Final = 'failed to pull and unpack image "shoptools.azurecr.io/stock:3.2.1": failed to authorize:'
_ANEW: Final = (
    "kubectl create secret docker-registry shoptools-puller --namespace shop --docker-server shoptools.azurecr.io \\\n"
    f'  --docker-username {PULLER_CLIENT} --docker-password "$SECRET" \\\n'
    "  --dry-run=client --output yaml | kubectl apply --filename -"
)

#: A login by a token that expired on 2026-10-30 at 12:00; its signature is none.
_SIGN_IN: Final = (
    '"username": "00000000-0000-0000-0000-000000000000", "password": "'
    "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJzaG9wdG9vbHMuYXp1cmVjci5pbyIsImlzcyI6IkF6dXJlIENvbnRhaW5lciBSZWdpc3R"
    "yeSIsImdyYW50X3R5cGUiOiJyZWZyZXNoX3Rva2VuIiwianRpIjoibm90LWEtc2VjcmV0IiwiZXhwIjoxNzkzMzYxNjAwfQ.ZXhh"
    "bXBsZS1ub3QtYS1zaWduYXR1cmU"
    '"'
)
_TOKEN: Final = ids.token_of(SHOPTOOLS, "stock-pull")
_SCOPE_MAP: Final = f"{SHOPTOOLS}/scopeMaps/stock-pull-scope-map"
#: The roles at the registry without that of the cluster's own principal.
_WITHOUT_ROLE: Final[Bodies] = {
    ids.role_assignments_at(SHOPTOOLS): [
        assignment(SHOPTOOLS, "aaaaaaaa-0000-4000-8000-000000000003", KUBELET_OBJECT),
        assignment(SHOPTOOLS, "aaaaaaaa-0000-4000-8000-000000000005", PULLER_OBJECT),
    ]
}


def secret_faults() -> Iterator[Fault]:
    """Yield one fault for each check that judges what a pull secret is, and what is in it."""
    yield Fault(
        "pull-secret-wrong-server-key",
        "The pull secret is for Docker Hub, and the images are not",
        "The cluster's own principal has no role on the registry: its pods use the pull secret of their service account. It\n"
        "was made without --docker-server, and kubectl writes Docker Hub there.",
        f"{_FAILED} failed to fetch anonymous token: unexpected status:\n401 Unauthorized",
        _ANEW,
        cluster=LEGACY,
        bodies=_WITHOUT_ROLE,
        manifests={"pull-secrets.yaml": ('"shoptools.azurecr.io": {', '"https://index.docker.io/v1/": {')},
    )
    yield Fault(
        "pull-secret-not-referenced-or-wrong-namespace",
        "The secret that the pods name is no pull secret",
        "The cluster's own principal has no role on the registry: its pods use the pull secret of their service account.\n"
        "Somebody made that one anew with kubectl create secret generic. The login in it is right, and the type is not.",
        f"{_FAILED} failed to fetch anonymous token: unexpected status:\n401 Unauthorized",
        f"kubectl delete secret shoptools-puller --namespace shop\n{_ANEW}",
        cluster=LEGACY,
        bodies=_WITHOUT_ROLE,
        manifests={"pull-secrets.yaml": ("type: kubernetes.io/dockerconfigjson", "type: Opaque")},
    )
    yield Fault(
        "pull-secret-entra-token-expired",
        "The pull secret holds the token of somebody's sign-in",
        "The cluster's own principal has no role on the registry: its pods use the pull secret of their service account.\n"
        "Somebody filled it with the token of az acr login --expose-token. All went well, for three hours.",
        f"{_FAILED} failed to fetch oauth token: unexpected status:\n401 Unauthorized",
        f"az aks update --name legacy --resource-group shop --attach-acr {SHOPTOOLS}",
        without="Without pullready, the pods that run go on running; each new one stays in `ImagePullBackOff`, and its events",
        cluster=LEGACY,
        bodies=_WITHOUT_ROLE,
        manifests={
            "pull-secrets.yaml": (f'"username": "{PULLER_CLIENT}", "password": "example-not-a-password"', _SIGN_IN)
        },
    )
    yield from _token_faults()
    without_admin = registries()[0]
    without_admin["properties"]["adminUserEnabled"] = False
    yield Fault(
        "admin-user-disabled-with-admin-secret",
        "The admin user was disabled, and a pull secret signs in as that",
        "A policy of the subscription wants no admin users. The pods that sign in as one start only because the kubelet\n"
        "identity may pull, too.",
        'failed to pull and unpack image "shopimages.azurecr.io/jobs/report": failed to authorize: failed to fetch oauth\n'
        "token: unexpected status: 401 Unauthorized",
        f"az aks update --name prod --resource-group shop --attach-acr {SHOP}",
        without="Without pullready, nobody hears of it before that role is gone, and the events of the pods",
        bodies={SHOP: without_admin, ids.registries_in(SUBSCRIPTION): [without_admin, *registries()[1:]]},
        is_risk=True,
    )


def _token_faults() -> Iterator[Fault]:
    """Yield the faults of a token of the registry, which is all that legacy's pods have."""
    login = (f'"username": "{PULLER_CLIENT}"', f'"username": "{ids.name_of(_TOKEN)}"')
    yield Fault(
        "registry-token-disabled-or-expired",
        "The token in the pull secret was disabled",
        "The cluster's own principal has no role on the registry: its pods use the pull secret of their service account,\n"
        "which holds a token of the registry. Somebody took it for one that nobody needs, and disabled it.",
        f"{_FAILED} failed to fetch oauth token: unexpected status:\n401 Unauthorized",
        "az acr token update --name stock-pull --registry shoptools --status enabled",
        cluster=LEGACY,
        bodies=_WITHOUT_ROLE
        | {
            _TOKEN: registry_token(_TOKEN, _SCOPE_MAP, status="disabled"),
            _SCOPE_MAP: scope_map(_SCOPE_MAP, "repositories/stock/content/read"),
        },
        manifests={"pull-secrets.yaml": login},
    )
    yield Fault(
        "scope-map-lacks-repository-read",
        "The scope map of the token in the pull secret covers another path",
        "The cluster's own principal has no role on the registry: its pods use the pull secret of their service account,\n"
        "which holds a token of the registry. It may pull what is below stock/, and the image is stock itself.",
        f"{_FAILED} failed to fetch oauth token: unexpected status:\n401 Unauthorized",
        "az acr scope-map update --name stock-pull-scope-map --registry shoptools --add-repository stock content/read",
        cluster=LEGACY,
        bodies=_WITHOUT_ROLE
        | {
            _TOKEN: registry_token(_TOKEN, _SCOPE_MAP),
            _SCOPE_MAP: scope_map(_SCOPE_MAP, "repositories/stock/*/content/read"),
        },
        manifests={"pull-secrets.yaml": login},
    )
