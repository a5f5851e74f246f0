"""Codes that commands end with: az acr check-health, az aks check-acr, and the extension that sets a node up."""

from __future__ import annotations

from typing import Final

from pullready.symptoms.candidates import BOOTSTRAP, UNRESOLVED, UNTRUSTED, first
from pullready.symptoms.symptom import Symptom

_IGNORED: Final = "this concerns the machine that check-health ran on and no node; for the cluster it means nothing"
_SERVICE: Final = "this is the service itself, and often passes: run it again"

#: Codes that commands end with.
_CODES: Final = (
    *(
        Symptom((rf"{tool}_{fault}_error",), _IGNORED, (), code=True)
        for tool, faults in {
            "docker": ("command", "daemon", "version", "pull"),
            "helm": ("command", "version"),
            "notary": ("command", "version"),
        }.items()
        for fault in faults
    ),
    Symptom(
        ("cmk_error",),
        "the registry cannot use the identity for its key",
        ("cmk-key-or-identity-unavailable",),
        code=True,
    ),
    Symptom(
        ("connectivity_dns_error",),
        "the login server's name cannot be resolved from where check-health ran",
        ("image-reference-registry-unknown", "private-dns-record-missing-or-stale", "cloud-suffix-mismatch"),
        code=True,
    ),
    Symptom(
        ("connectivity_forbidden_error",),
        "the registry's door refuses the machine that check-health ran on",
        ("registry-firewall-excludes-cluster-egress", "registry-public-access-disabled-without-private-path"),
        code=True,
    ),
    Symptom(("connectivity_challenge_error",), _SERVICE, (), code=True),
    Symptom(("connectivity_aad_login_error",), _SERVICE, (), code=True),
    Symptom(
        ("connectivity_refresh_token_error",),
        "the registry gave the caller no token; for kubelet's identity the same may hold",
        ("kubelet-pull-role-missing", "acr-audience-only-registry-old-node-image"),
        code=True,
    ),
    Symptom(
        ("connectivity_access_token_error",),
        "the caller got no token for the repository; for kubelet's identity the same may hold",
        ("abac-registry-acrpull-not-honoured", "abac-condition-excludes-repository"),
        code=True,
    ),
    Symptom(("connectivity_ssl_error",), "TLS fails, mostly because of a proxy", UNTRUSTED, code=True),
    Symptom(
        ("login_server_error",),
        "the registry was not found, or is in another cloud",
        ("image-reference-registry-unknown", "cloud-suffix-mismatch"),
        code=True,
    ),
    Symptom(
        ("connectivity_toomanyrequests_error",), "the registry is asked too often", ("registry-throttled",), code=True
    ),
)

_EXIT: Final = r"exit(?:ed with)? (?:status|code)? [:=]? {} (?![0-9])"
_CHECK_ACR: Final = r"(?:canipull | check-acr)"
_EXTENSION: Final = r"(?:vm ?extension | vmss ?cse | cse | bootstrap)"

#: What a success of check-acr does not prove.
_SUCCESS: Final = Symptom(
    ("your cluster can pull images from",),
    "check-acr exchanged a token on one Linux node, and pulled nothing",
    (
        "registry-data-endpoint-not-allowed",
        "abac-registry-acrpull-not-honoured",
        "abac-condition-excludes-repository",
        "image-manifest-missing",
        "image-architecture-mismatch",
    ),
    code=True,
)

#: Numbers mean something only beside the name of what ended with them.
_EXITS: Final = (
    *(
        Symptom((_CHECK_ACR, _EXIT.format(number)), means, candidates, code=True)
        for number, means, candidates in (
            ("[123]", "check-acr could not read the node's own configuration; of the pull it says nothing", ()),
            ("4", "check-acr does not know the cluster's cloud", ("cloud-suffix-mismatch",)),
            ("10", "the credential of the cluster's service principal is refused", ("cluster-sp-secret-expired",)),
            ("52", "the node cannot resolve the registry's name", UNRESOLVED),
            (
                "60",
                "the registry does not exchange the cluster's token",
                (
                    "kubelet-pull-role-missing",
                    "acr-audience-only-registry-old-node-image",
                    "abac-registry-acrpull-not-honoured",
                ),
            ),
        )
    ),
    *(
        Symptom((_EXTENSION, _EXIT.format(number)), means, candidates, code=True)
        for number, means, candidates in (
            ("45", "a new node could not install the tool that it starts with", BOOTSTRAP),
            ("207", "a new node could not fetch its Kubernetes binaries", BOOTSTRAP),
            ("208", "a new node could not fetch its credential provider", BOOTSTRAP),
            (
                "210",
                "a new node could not reach the instance metadata service",
                first("imds-or-azure-dns-blocked", BOOTSTRAP),
            ),
            ("211", "a new node could not reach the registry that it starts from", BOOTSTRAP),
            (
                "212",
                "a new node may not pull from the registry that it starts from",
                (*BOOTSTRAP, "kubelet-pull-role-missing"),
            ),
            ("231", "a new node could not fetch a system extension", BOOTSTRAP),
        )
    ),
)

CODES: Final = (*_CODES, _SUCCESS, *_EXITS)
