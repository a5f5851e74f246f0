r"""The identity that kubelet pulls with may pull from every registry that grants by repository.

Symptom: ``failed to authorize: failed to fetch anonymous token: unexpected status from GET request to
https://….azurecr.io/oauth2/token: 401 Unauthorized``, of all repositories or of some.

Cause: the registry's role assignment mode is ``RBAC Registry + ABAC Repository Permissions``.
There AcrPull, Reader, Contributor and Owner let nobody pull: a role must carry the
data action ``Microsoft.ContainerRegistry/registries/repositories/content/read``. Or it
is assigned under a condition that leaves the repository out, or a deny assignment takes
away what it gives.

Fix: assign the role Container Registry Repository Reader by its id; attaching the
registry to the cluster does not work in this mode::

    az role assignment create --assignee-object-id OBJECT-ID \
        --assignee-principal-type ServicePrincipal \
        --role b93aa761-3e63-49ed-ac28-beffa264f7ac --scope REGISTRY-ID
"""

from pullready import Severity, check, judge
from pullready.facts import PullRight
from pullready.predicates.repository_right import repository_right_missing


@check(
    "abac-registry-acrpull-not-honoured",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions",
)
def test_kubelet_identity_may_pull_by_repository(repository_rights: tuple[PullRight, ...]) -> None:
    judge(repository_rights, repository_right_missing)
