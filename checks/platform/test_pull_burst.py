"""No more pods that always pull start on a node at once than kubelet lets ask for their images.

Symptom: ``Failed to pull image "…": pull QPS exceeded``, and some seconds later the pod runs.

Cause: kubelet lets ten pulls through at once and five in each second after that (registryBurst and registryPullQPS),
which AKS lets nobody change. Pods that pull whenever they start, because their imagePullPolicy is Always or their image
names no version, ask every time: after a rollout, a drain or a restart of a node all at once.

Fix: let the node use the image that it has, under a tag that is never moved or a digest::

    imagePullPolicy: IfNotPresent

kubelet tries again by itself, so this is a risk to the time that a start takes, and no more. Counted are the pods that
the manifests, or the objects of the live cluster, say may run on the pool, up to as many as a node takes.
"""

from pullready import Severity, check, judge
from pullready.facts import PullBurst
from pullready.predicates.pull_burst import pull_burst_exceeds_kubelet


@check(
    "kubelet-pull-qps-throttle",
    severity=Severity.RISK,
    reference="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster",
)
def test_pods_do_not_all_pull_at_once(pull_bursts: tuple[PullBurst, ...]) -> None:
    judge(pull_bursts, pull_burst_exceeds_kubelet)
