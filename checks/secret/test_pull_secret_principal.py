r"""The service principals in pull secrets can sign in, and may pull.

Symptom: ``failed to fetch oauth token: unexpected status: 401 Unauthorized``, for that credential; kubelet
appends the error of each further one, all inside ``[…, …]``.

Cause: a pull secret that pods name, or their service account, holds the client id of a
service principal that was deleted or disabled, whose secret expired or was removed, or
that has no role on the registry. A login that is only stale beside another that works is
a risk: kubelet tries all that it has.

Fix: make a new secret and write the pull secret anew::

    az ad sp credential reset --id CLIENT-ID --append
    kubectl create secret docker-registry NAME --namespace NAMESPACE \
        --docker-server REGISTRY.azurecr.io --docker-username CLIENT-ID \
        --docker-password PASSWORD --dry-run=client --output yaml | kubectl apply --filename -
"""

from pullready import Severity, check, judge
from pullready.facts import SecretLogin, Unread
from pullready.predicates.pull_secret import secret_principal_invalid


@check(
    "pull-secret-sp-invalid-or-expired",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-auth-kubernetes",
)
def test_pull_secret_principal_may_pull(secret_logins: tuple[SecretLogin | Unread, ...]) -> None:
    judge(secret_logins, secret_principal_invalid)
