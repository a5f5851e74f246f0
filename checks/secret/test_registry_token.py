r"""The tokens of a registry, which pull secrets hold, may sign in.

Symptom: ``failed to fetch oauth token: unexpected status: 401 Unauthorized``, for that credential.

Cause: a pull secret signs in as a token of the registry, which is one of those with a scope map. It
was disabled or deleted, its passwords expired, or each was made anew after the pull secret was
written. Passwords are told nobody once they are made: of two, one that expired and one that counts,
it is unknown which the pull secret holds. The date of a pull secret in a manifest shows a risk and
never more, for somebody may have edited the file.

Fix: enable the token, or make a password and write the pull secret anew::

    az acr token update --name TOKEN --registry REGISTRY --status enabled
    az acr token credential generate --name TOKEN --registry REGISTRY --password1
    kubectl create secret docker-registry NAME --namespace NAMESPACE \
        --docker-server REGISTRY.azurecr.io --docker-username TOKEN \
        --docker-password PASSWORD --dry-run=client --output yaml | kubectl apply --filename -
"""

from pullready import Severity, check, judge
from pullready.facts import SecretLogin, Unread
from pullready.predicates.pull_secret import registry_token_unusable


@check(
    "registry-token-disabled-or-expired",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions",
)
def test_token_of_a_pull_secret_may_sign_in(secret_logins: tuple[SecretLogin | Unread, ...]) -> None:
    judge(secret_logins, registry_token_unusable)
