"""Every image names a registry of the cluster's own Azure cloud.

Symptom: ``failed to resolve reference "shopimages.azurecr.us/web:1": … no such host``, or ``401 Unauthorized`` from a
registry of that name in the other cloud.

Cause: each Azure cloud has a domain for registries: ``azurecr.io`` in the public one, ``azurecr.us`` in that of the US
government, ``azurecr.cn`` in China. An identity of one cloud is unknown in the others.

Fix: name the registry of the cluster's cloud, after bringing the image there::

    az acr import --name REGISTRY --source SOURCE --image REPOSITORY:TAG

The cloud is that of ``cloud:`` in ``pullready.yaml``. A pull from another cloud works with a pull secret for its host
alone: where the workload has one that was read the check is clear, and whether that login is good is a question of its
own.
"""

from pullready import Severity, check, judge
from pullready.facts import ImageHost, Unread
from pullready.predicates.image_host import suffix_of_another_cloud


@check(
    "cloud-suffix-mismatch",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-health-error-reference",
)
def test_image_names_a_registry_of_its_cloud(image_hosts: tuple[ImageHost | Unread, ...]) -> None:
    judge(image_hosts, suffix_of_another_cloud)
