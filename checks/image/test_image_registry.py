"""Every image names a registry that exists in the cluster's cloud.

Symptom: ``failed to resolve reference "shopimages.azureacr.io/web:1": dial tcp: lookup shopimages.azureacr.io: no such
host``, or ``not found``, or ``401 Unauthorized`` from a registry of somebody else.

Cause: the host in the image reference is misspelt (``azureacr.io``, ``azurecr.com``), is a data endpoint, or names a
registry that nobody has. A registry of another Azure cloud, a name of private link, and a login server without its
domain name label are faults of their own.

Fix: correct the reference. The login servers are listed by::

    az acr list --query "[].loginServer"

An image from a registry that is not Azure's, or not yours, is unknown until its host stands under
``ignore-registries:`` in ``pullready.yaml``. Azure is asked whether a name exists at all only where the list of the
cluster's subscription and ``registries:`` do not have it. Without a cluster, a reference is judged by its spelling and
by the ``registries:`` of the configuration.
"""

from pullready import Severity, check, judge
from pullready.facts import ImageRegistry, Unread
from pullready.predicates.image_reference import registry_unknown


@check(
    "image-reference-registry-unknown",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_image_names_an_existing_registry(image_registries: tuple[ImageRegistry | Unread, ...]) -> None:
    judge(image_registries, registry_unknown)
