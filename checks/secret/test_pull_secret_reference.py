r"""The pull secrets that pods name are in their namespace, and pods that need one name it.

Symptom: ``Unable to retrieve some image pull secrets (NAME); attempting to pull the image may not succeed.``, and then
``401 Unauthorized``.

Cause: a Secret serves the pods of its own namespace alone, and only those that name it, by themselves or
through their service account; the service account's secrets count for pods that name none, from the moment at
which they are made. kubelet takes logins from the types ``kubernetes.io/dockerconfigjson`` and
``kubernetes.io/dockercfg`` and passes over any other. That a Secret is nowhere can be told only
where those of the live cluster are read, with ``context:`` and ``read-secrets: true``.

Fix: create the pull secret where the pods are, and let their service account name it::

    kubectl create secret docker-registry NAME --namespace NAMESPACE \
        --docker-server REGISTRY.azurecr.io --docker-username USER --docker-password PASSWORD
    kubectl patch serviceaccount default --namespace NAMESPACE \
        --patch '{"imagePullSecrets": [{"name": "NAME"}]}'
"""

from pullready import Severity, check, judge
from pullready.facts import SecretReference, Unread
from pullready.predicates.secret_reference import pull_secret_out_of_reach


@check(
    "pull-secret-not-referenced-or-wrong-namespace",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-auth-kubernetes",
    follows_from=("kubelet-pull-role-missing", "abac-registry-acrpull-not-honoured"),
)
def test_pull_secret_is_where_its_pods_are(
    secret_references: tuple[SecretReference | Unread, ...],
) -> None:
    judge(secret_references, pull_secret_out_of_reach)
