"""Which symptom points to which conditions: the only place where that is written.

A symptom is recognised in squeezed text (:mod:`pullready.symptoms.reading`): letters are small, blanks and quotes are
gone. Its parts are regular expressions whose blanks do not count; between them anything may stand. Of several that fit
the same message the first in the table counts, so what is special stands before what is general.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final


class Reach(StrEnum):
    """Where an address lies: in a private network, or in the Internet."""

    PRIVATE = "private"
    PUBLIC = "public"
    IPV6 = "public IPv6"


@dataclass(frozen=True)
class Symptom:
    """Something that a log or a command says, what it means, and the conditions to suspect, the likeliest first.

    ``reach`` asks that the address in the group ``ip`` lies there. ``code`` marks what may stand several times in one
    message and hides nothing else.
    """

    parts: tuple[str, ...]
    means: str
    candidates: tuple[str, ...]
    reach: Reach | None = None
    code: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression that finds the symptom in squeezed text; every part is a group, ``p0`` and so on."""
        groups = (f"(?P<p{number}>{part.replace(' ', '')})" for number, part in enumerate(self.parts))
        return re.compile(f".{{0,{LONGEST_GAP}}}?".join(groups))


#: Characters that may stand between two parts of a symptom: a URL with a long scope does.
LONGEST_GAP: Final = 800

_IP: Final = r"\[? (?P<ip> [0-9]{1,3}(?:\.[0-9]{1,3}){3} | (?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}) \]?"
_LOST: Final = r":[0-9]{1,5}: (?:connect: | read: )? (?:i/o timeout | connection timed out | no route to host)"
_DIAL: Final = rf"dial tcp {_IP} {_LOST}"
_READ: Final = rf"read tcp [0-9a-f.:\[\]]{{1,60}} -> {_IP} {_LOST}"
_DATA_HOST: Final = (
    r"(?:\.data\.azurecr\.(?:io|cn|us) | \.blob\.core\.(?:windows|chinacloudapi|usgovcloudapi)\.(?:net|cn))"
)
_REFUSED: Final = r"(?<![0-9])401 (?:unauthorized | (?![0-9a-z]))"

ANONYMOUS: Final = (
    "kubelet-pull-role-missing",
    "pull-role-on-stale-principal",
    "pull-role-on-wrong-identity",
    "kubelet-identity-not-on-vmss",
    "kubelet-identity-deleted",
    "abac-registry-acrpull-not-honoured",
    "acr-audience-only-registry-old-node-image",
    "cross-tenant-registry",
    "service-account-image-pull-identity-missing",
    "pull-secret-wrong-server-key",
    "pull-secret-not-referenced-or-wrong-namespace",
    "image-reference-registry-unknown",
    "role-assignment-not-propagated",
    "role-via-group-latency",
    "custom-role-ineffective",
    "imds-or-azure-dns-blocked",
    "nap-karpenter-node-identity",
    "pod-identity-interference",
    "regional-endpoint-unsupported-on-node-image",
    "deny-assignment-blocks-pull",
    "time-bound-role-assignment",
    "node-resource-group-unlocked",
)
PRESENTED: Final = (
    "cluster-sp-secret-expired",
    "pull-secret-sp-invalid-or-expired",
    "pull-secret-admin-password-stale",
    "registry-token-disabled-or-expired",
    "scope-map-lacks-repository-read",
    "abac-condition-excludes-repository",
    "abac-mode-switch-stale-credentials",
    "sp-to-msi-migration-incomplete",
    "pull-secret-entra-token-expired",
    "admin-user-disabled-with-admin-secret",
    "kubelet-pull-role-missing",
    "abac-registry-acrpull-not-honoured",
)
FORBIDDEN: Final = (
    "private-dns-zone-not-linked-to-cluster-vnet",
    "custom-dns-does-not-forward",
    "registry-firewall-excludes-cluster-egress",
    "registry-public-access-disabled-without-private-path",
    "service-endpoint-rule-mismatch",
    "egress-ip-drift",
    "http-proxy-intercepts-registry",
    "cmk-key-or-identity-unavailable",
    "virtual-node-restricted-registry",
)
PRIVATE_TIMEOUT: Final = (
    "vnet-peering-missing-or-disconnected",
    "hub-firewall-blocks-private-endpoint",
    "private-endpoint-network-policies",
    "private-dns-record-missing-or-stale",
    "private-endpoint-connection-not-approved",
    "nsg-blocks-registry-egress",
    "route-table-blackholes-registry",
    "nva-or-firewall-blocks-registry",
    "private-zone-shared-record-overwritten",
)
PUBLIC_TIMEOUT: Final = (
    "nsg-blocks-registry-egress",
    "route-table-blackholes-registry",
    "nva-or-firewall-blocks-registry",
    "outbound-none-without-private-path",
    "udr-cluster-without-default-route",
    "snat-port-exhaustion",
)
DATA: Final = (
    "registry-data-endpoint-not-allowed",
    "private-dns-data-record-missing",
    "service-endpoint-policy-blocks-layer-storage",
    "nsg-blocks-registry-egress",
    "route-table-blackholes-registry",
    "nva-or-firewall-blocks-registry",
    "hub-firewall-blocks-private-endpoint",
)
UNRESOLVED: Final = (
    "custom-dns-does-not-forward",
    "private-link-zone-nxdomain-for-unrecorded-registry",
    "stale-vnet-link-after-private-endpoint-removal",
    "image-reference-registry-unknown",
    "dnl-login-server-mismatch",
    "private-dns-record-missing-or-stale",
    "cloud-suffix-mismatch",
    "regional-endpoint-unsupported-on-node-image",
)
ABSENT: Final = (
    "image-manifest-missing",
    "digest-deleted-by-retention-or-purge",
    "geo-replication-lag",
    "quarantine-policy-hides-image",
    "soft-deleted-artifact",
    "artifact-cache-upstream-failure",
    "network-isolated-cache-rule-missing",
    "image-reference-registry-unknown",
)
PLATFORM: Final = ("pod-os-nodeselector-mismatch", "image-architecture-mismatch", "windows-os-build-mismatch")
UNTRUSTED: Final = ("tls-inspection-ca-untrusted", "http-proxy-intercepts-registry")
BOOTSTRAP: Final = (
    "network-isolated-cache-rule-missing",
    "imds-or-azure-dns-blocked",
    "network-isolated-unsupported-config",
)


def _first(slug: str, rest: tuple[str, ...]) -> tuple[str, ...]:
    """Return *rest* with *slug* in front."""
    return (slug, *(one for one in rest if one != slug))


_MESSAGES: Final = (
    # What says by itself what is wrong.
    Symptom(("pull qps exceeded",), "kubelet itself holds the pull back", ("kubelet-pull-qps-throttle",)),
    Symptom(
        ("errimageneverpull | is not present with pull policy of never",),
        "the image is not on the node, and the pod forbids to pull it",
        ("image-pull-policy-hazard",),
    ),
    Symptom(
        ("invalidimagename | couldn.?t parse image (?:reference|name) | invalid reference format",),
        "kubelet cannot read the reference",
        ("invalid-image-reference",),
    ),
    Symptom(
        ("unable to retrieve some image pull secrets | failedtoretrieveimagepullsecret",),
        "a pull secret that the pod names is not in its namespace",
        ("pull-secret-not-referenced-or-wrong-namespace",),
    ),
    Symptom(
        ("no match for platform in manifest | no matching manifest for",),
        "the image has no variant for the node's platform",
        PLATFORM,
    ),
    Symptom(
        ("the container operating system does not match the host operating system",),
        "the Windows image is made for another build than the node's",
        ("windows-os-build-mismatch",),
    ),
    Symptom(
        ("exec format error",),
        "a program is built for another processor than the node's",
        ("image-architecture-mismatch",),
    ),
    Symptom(("no space left on device",), "the node's disk is full", ("node-disk-full",)),
    Symptom(
        (r"localhost:8578", r"50[0-9]"),
        "the node's mirror for streaming does not answer; look at permission and reachability too",
        ("artifact-streaming-mirror-failure", "kubelet-pull-role-missing", "registry-data-endpoint-not-allowed"),
    ),
    Symptom(
        (r"authorizationfailure | this request is not authorized to perform this operation",),
        "the storage that holds the layers refuses the nodes",
        ("service-endpoint-policy-blocks-layer-storage",),
    ),
    Symptom(
        ("the identity associated with the registry is inactive",),
        "the registry cannot use the identity for its key",
        ("cmk-key-or-identity-unavailable",),
    ),
    Symptom(
        ("the operation is disallowed",),
        "the registry has the image and does not hand it out",
        ("image-or-repo-read-disabled", "quarantine-policy-hides-image"),
    ),
    Symptom(
        (r"too ?many ?requests | (?:status(?: code)?:? | http/[12.]{1,3} | : ) 429",),
        "the registry is asked too often",
        ("registry-throttled", "artifact-cache-upstream-failure"),
    ),
    Symptom(
        ("registryerrorresponse",),
        "a virtual node could not reach the registry",
        ("virtual-node-restricted-registry",),
    ),
    # Certificates and TLS.
    Symptom(
        (r"certificate is valid for", r"not [a-z0-9.-]{0,200}privatelink\.azurecr\.(?:io|cn|us)"),
        "the image names a host that the registry's certificate does not have",
        ("image-uses-privatelink-hostname",),
    ),
    Symptom(
        ("x509: | certificate signed by unknown authority | failed to verify certificate",),
        "the nodes do not trust the certificate that they were shown",
        UNTRUSTED,
    ),
    Symptom(
        ("tls handshake timeout",),
        "the connection opened, and the TLS handshake did not end",
        (
            "tls-handshake-timeout-path",
            "snat-port-exhaustion",
            "nsg-blocks-registry-egress",
            "route-table-blackholes-registry",
            "nva-or-firewall-blocks-registry",
            "hub-firewall-blocks-private-endpoint",
        ),
    ),
    Symptom(
        ("proxyconnect tcp | 407 proxy authentication required",),
        "the nodes' proxy stands in the way",
        ("http-proxy-intercepts-registry",),
    ),
    # The identity.
    Symptom(
        ("aadsts7000(?:222|215|112) | aadsts700016 | application not registered with aad",),
        "Microsoft Entra refuses the service principal",
        ("cluster-sp-secret-expired", "pull-secret-sp-invalid-or-expired"),
    ),
    Symptom(
        (r"169\.254\.169\.254", "timeout | deadline exceeded | refused"),
        "the node cannot reach the instance metadata service, from which it gets its tokens",
        ("imds-or-azure-dns-blocked", "pod-identity-interference"),
    ),
    Symptom(
        ("identity not found | identitynotfound",),
        "the node does not have the identity that it asks a token for",
        ("kubelet-identity-not-on-vmss", "kubelet-identity-deleted", "pod-identity-interference"),
    ),
    Symptom(
        ("admin user is disabled",),
        "the registry's admin login is switched off",
        ("admin-user-disabled-with-admin-secret",),
    ),
    # The host that serves the layers is another than the login server.
    Symptom(
        (_DATA_HOST, "no such host"),
        "the host that serves the layers cannot be resolved",
        _first("private-dns-data-record-missing", DATA),
    ),
    Symptom(
        ("download failed after attempts | httpreadseeker",),
        "the manifest came, and the layers did not",
        DATA,
    ),
    Symptom(
        (_DATA_HOST, r"timeout | timed out | deadline exceeded | :eof(?![a-z]) | connection reset | refused | 403"),
        "the manifest came, and the layers did not",
        DATA,
    ),
    # The registry's gate, then its credentials.
    Symptom(
        (rf"client with ip {_IP}", "is not allowed access"),
        "the registry saw a private address, so the traffic came by a service endpoint",
        _first("service-endpoint-rule-mismatch", FORBIDDEN),
        reach=Reach.PRIVATE,
    ),
    Symptom(
        (rf"client with ip {_IP}", "is not allowed access"),
        "the registry's firewall refuses the IPv6 address that the nodes leave from",
        _first("dual-stack-ipv6-registry-allowlist", FORBIDDEN),
        reach=Reach.IPV6,
    ),
    Symptom(
        ("client with ip", "is not allowed access"),
        "the registry's firewall refuses the address that the nodes come from",
        FORBIDDEN,
    ),
    Symptom(
        ("fetch anonymous token", _REFUSED),
        "no credential reached the registry",
        ANONYMOUS,
    ),
    Symptom(
        ("fetch oauth token", _REFUSED),
        "a credential was presented and refused",
        PRESENTED,
    ),
    Symptom(
        ("rejected token exchange | validating image pull permission: failed",),
        "the registry does not exchange the cluster's token",
        (
            "kubelet-pull-role-missing",
            "acr-audience-only-registry-old-node-image",
            "abac-registry-acrpull-not-honoured",
        ),
    ),
    Symptom(("403 forbidden | response status code 403",), "the registry's door refuses the nodes", FORBIDDEN),
    Symptom(
        ("requested access to the resource is denied | insufficient_scope",),
        "the credential is good, and not for this repository",
        (
            "scope-map-lacks-repository-read",
            "abac-condition-excludes-repository",
            "abac-registry-acrpull-not-honoured",
            "kubelet-pull-role-missing",
            "image-reference-registry-unknown",
        ),
    ),
    Symptom(
        ("401 unauthorized | unauthorized: authentication required",),
        "the registry does not accept the credentials, or got none",
        tuple(dict.fromkeys((*ANONYMOUS[:7], *PRESENTED, *ANONYMOUS))),
    ),
    # Names and ways.
    Symptom(
        ("no such host | unresolvable host | server misbehaving",),
        "the registry's name cannot be resolved",
        UNRESOLVED,
    ),
    Symptom(
        ("lookup", r"on [0-9a-f.:\[\]]{2,45}:53", "timeout | refused | timed out"),
        "the DNS server does not answer",
        _first("imds-or-azure-dns-blocked", UNRESOLVED),
    ),
    Symptom((_DIAL,), "nothing answers at the private address", PRIVATE_TIMEOUT, reach=Reach.PRIVATE),
    Symptom((_READ,), "nothing answers at the private address", PRIVATE_TIMEOUT, reach=Reach.PRIVATE),
    Symptom((_DIAL,), "nothing answers at the public address", PUBLIC_TIMEOUT, reach=Reach.PUBLIC),
    Symptom((_READ,), "nothing answers at the public address", PUBLIC_TIMEOUT, reach=Reach.PUBLIC),
    Symptom(
        (_DIAL,),
        "nothing answers at the public IPv6 address",
        (*PUBLIC_TIMEOUT, "dual-stack-ipv6-registry-allowlist"),
        reach=Reach.IPV6,
    ),
    Symptom(
        ("client.timeout exceeded while awaiting headers",),
        "the registry does not answer in time",
        PUBLIC_TIMEOUT,
    ),
    Symptom(
        ("i/o timeout",),
        "something does not answer, and the message does not say at which address",
        tuple(dict.fromkeys((*PUBLIC_TIMEOUT, *PRIVATE_TIMEOUT))),
    ),
    Symptom(
        ("context deadline exceeded",),
        "something did not answer in time, often the DNS",
        (*UNRESOLVED, *PUBLIC_TIMEOUT),
    ),
    Symptom(
        (r"(?<![a-z]) (?:unexpected)? eof (?![a-z])",),
        "the connection was closed before there was an answer",
        ("private-zone-shared-record-overwritten", "nva-or-firewall-blocks-registry"),
    ),
    Symptom(
        ("connection reset by peer | connection refused",),
        "the connection was broken off",
        ("nva-or-firewall-blocks-registry", "private-zone-shared-record-overwritten"),
    ),
    # What the registry does not have.
    Symptom(
        (": not found | (?:manifest | blob | name) _? unknown | repository name not known to registry",),
        "the registry does not have what the reference names",
        ABSENT,
    ),
    Symptom(("manifest (?:for | tagged)", "not found"), "the registry does not have what the reference names", ABSENT),
)

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
                _first("imds-or-azure-dns-blocked", BOOTSTRAP),
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

SYMPTOMS: Final = (*_CODES, _SUCCESS, *_EXITS, *_MESSAGES)
