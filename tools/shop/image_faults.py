"""The faults that show in what the registries hold, each in a copy of the healthy shop."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts import ids
from tools.shop.contents import REPORT, SHOPIMAGES, SHOPTOOLS, digest, entry, index, manifest
from tools.shop.environment import PROD, SHOP, SUBSCRIPTION, cluster_prod, registries
from tools.shop.fault import Fault

_SCHEME = "failed to pull and unpack image"
_CHANGEABLE = {"deleteEnabled": True, "writeEnabled": True, "readEnabled": True, "listEnabled": True}
_DATED = {"createdTime": "2026-09-14T08:00:00.0000000Z", "lastUpdateTime": "2026-09-14T08:00:00.0000000Z"}


def image_faults() -> Iterator[Fault]:
    """Yield one fault for each check that judges what registries hold."""
    yield Fault(
        "image-manifest-missing",
        "The tag is left over, and its manifest was deleted",
        "Somebody tidied up the registry by digest. The tag still stands in every list, and nothing stands under it.",
        f'{_SCHEME} "shopimages.azurecr.io/web:1.4.2": failed to resolve reference "shopimages.azurecr.io/web:1.4.2":\n'
        "shopimages.azurecr.io/web:1.4.2: not found",
        "az acr import --name shopimages --source shopbackup.azurecr.io/web:1.4.2 --image web:1.4.2",
        bodies={
            ids.image_manifest(SHOPIMAGES, "web", "1.4.2"): None,
            ids.repository_properties(SHOPIMAGES, "web"): {
                "registry": SHOPIMAGES,
                "imageName": "web",
                **_DATED,
                "changeableAttributes": _CHANGEABLE,
            },
            ids.tag_properties(SHOPIMAGES, "web", "1.4.2"): {
                "registry": SHOPIMAGES,
                "imageName": "web",
                "tag": {"name": "1.4.2", "digest": digest("web"), **_DATED, "changeableAttributes": _CHANGEABLE},
            },
            ids.deleted_tags(SHOPIMAGES, "web"): {"tags": []},
            ids.deleted_manifests(SHOPIMAGES, "web"): {"manifests": []},
            ids.cache_rules_of(SHOP): [],
        },
    )
    yield Fault(
        "soft-deleted-artifact",
        "The image was deleted, and is in the registry's bin",
        "Somebody tidied up the registry. It has the soft delete policy, and keeps for a week what was deleted.",
        f'{_SCHEME} "shopimages.azurecr.io/web:1.4.2": failed to resolve reference "shopimages.azurecr.io/web:1.4.2":\n'
        "shopimages.azurecr.io/web:1.4.2: not found",
        f"az acr manifest restore --registry shopimages --name web:1.4.2 --digest {digest('web')}",
        bodies={
            ids.image_manifest(SHOPIMAGES, "web", "1.4.2"): None,
            ids.repository_properties(SHOPIMAGES, "web"): None,
            ids.tag_properties(SHOPIMAGES, "web", "1.4.2"): None,
            ids.deleted_tags(SHOPIMAGES, "web"): {
                "tags": [{"tag": "1.4.2", "digest": digest("web"), "deletedAt": "2026-10-30T08:00:00.0000000Z"}]
            },
            ids.cache_rules_of(SHOP): [],
        },
    )
    on_arm = cluster_prod()
    on_arm["properties"]["agentPoolProfiles"][1]["vmSize"] = "Standard_D4ps_v5"
    yield Fault(
        "image-architecture-mismatch",
        "The Linux pool has Arm processors, and an image is for amd64 alone",
        "The pool was moved to machines with Arm processors, which cost less. All images are built for both architectures\n"
        "but that of the web shop.",
        f'{_SCHEME} "shopimages.azurecr.io/web:1.4.2": no match for platform in manifest: not found',
        "docker buildx build --platform linux/amd64,linux/arm64 --tag shopimages.azurecr.io/web:1.4.2 --push .",
        bodies={
            PROD: on_arm,
            ids.image_manifest(SHOPIMAGES, "web", "1.4.2"): index(
                entry("web amd64", "linux", "amd64"), entry("web attestation", "unknown", "unknown")
            ),
            ids.image_manifest(SHOPTOOLS, "db-migrate", digest("db-migrate arm64")): manifest("arm64", docker=True),
            ids.image_manifest(SHOPIMAGES, "jobs/report", REPORT): index(
                entry("report amd64", "linux", "amd64"), entry("report arm64", "linux", "arm64", {"variant": "v8"})
            ),
            ids.image_manifest(SHOPIMAGES, "jobs/report", digest("report arm64")): manifest("report arm64"),
        },
    )
    yield Fault(
        "windows-os-build-mismatch",
        "The Windows image is made with a later build than its nodes have",
        "The base image of the billing service was moved to Windows Server 2025. The pool is still on Windows Server 2022.",
        f'{_SCHEME} "shopimages.azurecr.io/billing:7.0.3": no match for platform in manifest: not found',
        "az aks nodepool add --cluster-name prod --resource-group shop --name win25 --os-type Windows \\\n"
        "  --os-sku Windows2025 --node-taints os=windows:NoSchedule",
        bodies={
            ids.image_manifest(SHOPIMAGES, "billing", "7.0.3"): index(
                entry("billing", "windows", "amd64", {"os.version": "10.0.26100.4061"})
            ),
        },
    )
    yield Fault(
        "image-or-repo-read-disabled",
        "Reading the image is switched off",
        "The release had a fault, and somebody switched reading off for its tag, so that nobody would pull it any more. The pods\n"
        "that run it are moved to a new node.",
        f'{_SCHEME} "shopimages.azurecr.io/web:1.4.2": unknown: The operation is disallowed on this registry, repository or\n'
        "image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation",
        "az acr repository update --name shopimages --image web:1.4.2 --read-enabled true",
        bodies={
            ids.image_manifest(SHOPIMAGES, "web", "1.4.2"): None,
            ids.repository_properties(SHOPIMAGES, "web"): {
                "registry": SHOPIMAGES,
                "imageName": "web",
                **_DATED,
                "changeableAttributes": _CHANGEABLE,
            },
            ids.tag_properties(SHOPIMAGES, "web", "1.4.2"): {
                "registry": SHOPIMAGES,
                "imageName": "web",
                "tag": {
                    "name": "1.4.2",
                    "digest": digest("web"),
                    **_DATED,
                    "changeableAttributes": {**_CHANGEABLE, "readEnabled": False},
                },
            },
        },
    )
    kept = registries()
    kept[1]["properties"]["policies"] = {"quarantinePolicy": {"status": "enabled"}}
    named = {"registry": SHOPTOOLS, "imageName": "db-migrate"}
    yield Fault(
        "quarantine-policy-hides-image",
        "The image was pushed, and nothing releases it from quarantine",
        "The registry keeps each new image in quarantine until a scanner marks it as good. The scanner's licence ran out.",
        f'{_SCHEME} "shoptools.azurecr.io/db-migrate:2.1.0": failed to resolve reference\n'
        '"shoptools.azurecr.io/db-migrate:2.1.0": shoptools.azurecr.io/db-migrate:2.1.0: not found',
        f"az resource update --ids {kept[1]['id']} --set properties.policies.quarantinePolicy.status=disabled",
        bodies={
            kept[1]["id"]: kept[1],
            ids.registries_in(SUBSCRIPTION): kept,
            ids.image_manifest(SHOPTOOLS, "db-migrate", "2.1.0"): None,
            ids.repository_properties(SHOPTOOLS, "db-migrate"): {
                **named,
                **_DATED,
                "changeableAttributes": _CHANGEABLE,
            },
            ids.tag_properties(SHOPTOOLS, "db-migrate", "2.1.0"): {
                **named,
                "tag": {"name": "2.1.0", "digest": digest("db-migrate"), **_DATED, "changeableAttributes": _CHANGEABLE},
            },
            ids.manifest_properties(SHOPTOOLS, "db-migrate", digest("db-migrate")): {
                **named,
                "manifest": {
                    "digest": digest("db-migrate"),
                    **_DATED,
                    "changeableAttributes": {**_CHANGEABLE, "quarantineState": "Quarantined"},
                },
            },
            ids.cache_rules_of(kept[1]["id"]): [],
        },
    )
