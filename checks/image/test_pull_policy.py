"""Nodes may pull every image that they lack.

Symptom: ``ErrImageNeverPull``, and ``Container image "…" is not present with pull policy of Never``.

Cause: with ``imagePullPolicy: Never`` a node takes the image that it has, and no registry is asked for one that it
lacks. A node that was added, repaired or upgraded has only what its node image brings along.

Fix: let the node pull what it lacks, under a tag that is never moved or a digest::

    imagePullPolicy: IfNotPresent

It is a risk where another workload that is judged has the same image pulled, and unknown for Microsoft's own images,
some of which the node image brings along. Nothing of what is on the nodes already is read. Found as a risk, too, is
``Always`` in a critical DaemonSet: while the registry is out of reach, none of its pods comes back. Advice is given
on ``IfNotPresent`` with ``latest`` or no tag: nodes keep what the tag was when they pulled it.
"""

from pullready import Severity, check, judge
from pullready.facts import PullPolicy, Unread
from pullready.predicates.pull_policy import pull_policy_hazard


@check(
    "image-pull-policy-hazard",
    severity=Severity.BLOCKER,
    reference="https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy",
)
def test_nodes_may_pull_what_they_lack(pull_policies: tuple[PullPolicy | Unread, ...]) -> None:
    judge(pull_policies, pull_policy_hazard)
