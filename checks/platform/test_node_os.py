"""Pods run only on nodes that have the operating system of their images.

Symptom: ``failed to pull and unpack image "…": no match for platform in manifest: not found``.

Cause: the cluster has Linux and Windows pools, and nothing in the pod template keeps the pods off the pools of the
other operating system; ``spec.os.name`` alone does not, for the scheduler does not look at it.

Fix: choose the nodes in the pod template::

    nodeSelector:
      kubernetes.io/os: windows

The pools that may take a pod are those whose labels match its nodeSelector and required node affinity, whose taints it
tolerates, and which can have nodes; a RuntimeClass adds its own. What the definition of a pool leaves open is told by
its nodes where the live cluster is read. What the images are for is told by ``os.name``, by HostProcess containers, by
Microsoft's Windows base images, and by the platforms in the registry's manifests where a snapshot has them. A finding
is a risk where some of the pools are right, and a blocker where none is, and for a DaemonSet.
"""

from pullready import Severity, check, judge
from pullready.facts import Placement, Unread
from pullready.predicates.node_os import os_mismatch


@check(
    "pod-os-nodeselector-mismatch",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_pods_run_on_nodes_with_the_os_of_their_images(image_placements: tuple[Placement | Unread, ...]) -> None:
    judge(image_placements, os_mismatch)
