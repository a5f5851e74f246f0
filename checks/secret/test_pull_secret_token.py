r"""The logins in pull secrets last longer than the hours of a sign-in.

Symptom: pods start on the day of the deployment, and on a new node, or with a new image, there is
``failed to fetch oauth token: unexpected status: 401 Unauthorized``.

Cause: the pull secret was made from the token of ``az acr login --expose-token``, or from the file in
which ``az acr login`` leaves it. Its user is 00000000-0000-0000-0000-000000000000, and the
registry takes it for three hours. One that still counts is a risk, unless a controller such as
msi-acrpull or External Secrets wrote the secret, and renews it.

Fix: let the kubelet identity pull, which needs no pull secret::

    az aks update --name CLUSTER --resource-group GROUP --attach-acr REGISTRY

or put a token of the registry into the secret, whose password lasts::

    az acr token create --name NAME --registry REGISTRY --scope-map _repositories_pull
"""

from pullready import Severity, check, judge
from pullready.facts import SecretLogin, Unread
from pullready.predicates.pull_secret import exchanged_token_expires


@check(
    "pull-secret-entra-token-expired",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-authentication",
)
def test_pull_secret_outlasts_a_sign_in(secret_logins: tuple[SecretLogin | Unread, ...]) -> None:
    judge(secret_logins, exchanged_token_expires)
