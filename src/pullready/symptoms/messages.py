"""What kubelet, containerd and the registry say when a pull fails, what is special before what is general."""

from __future__ import annotations

from typing import Final

from pullready.symptoms.candidates import (
    ABSENT,
    ANONYMOUS,
    DATA,
    FORBIDDEN,
    PLATFORM,
    PRESENTED,
    PRIVATE_TIMEOUT,
    PUBLIC_TIMEOUT,
    UNRESOLVED,
    UNTRUSTED,
    first,
)
from pullready.symptoms.symptom import Reach, Symptom

_IP: Final = r"\[? (?P<ip> [0-9]{1,3}(?:\.[0-9]{1,3}){3} | (?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}) \]?"
_LOST: Final = r":[0-9]{1,5}: (?:connect: | read: )? (?:i/o timeout | connection timed out | no route to host)"
_DIAL: Final = rf"dial tcp {_IP} {_LOST}"
_READ: Final = rf"read tcp [0-9a-f.:\[\]]{{1,60}} -> {_IP} {_LOST}"
_DATA_HOST: Final = (
    r"(?:\.data\.azurecr\.(?:io|cn|us) | \.blob\.core\.(?:windows|chinacloudapi|usgovcloudapi)\.(?:net|cn))"
)
_REFUSED: Final = r"(?<![0-9])401 (?:unauthorized | (?![0-9a-z]))"

MESSAGES: Final = (
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
        first("private-dns-data-record-missing", DATA),
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
        first("service-endpoint-rule-mismatch", FORBIDDEN),
        reach=Reach.PRIVATE,
    ),
    Symptom(
        (rf"client with ip {_IP}", "is not allowed access"),
        "the registry's firewall refuses the IPv6 address that the nodes leave from",
        first("dual-stack-ipv6-registry-allowlist", FORBIDDEN),
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
        first("imds-or-azure-dns-blocked", UNRESOLVED),
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
