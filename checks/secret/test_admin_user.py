r"""The admin user of a registry, whose login a pull secret holds, may sign in.

Symptom: ``failed to fetch oauth token: unexpected status: 401 Unauthorized``, for that credential;
``az acr credential show`` says that the admin user is disabled.

Cause: a pull secret signs in as the registry's admin user, and somebody, or a policy of the
subscription, disabled that user. kubelet tries all credentials that it has, so that the login is
a risk and no more where another one works.

Fix: let the kubelet identity pull, which needs no pull secret::

    az aks update --name CLUSTER --resource-group GROUP --attach-acr REGISTRY

or enable the admin user again, where no policy forbids it::

    az acr update --name REGISTRY --admin-enabled true
"""

from pullready import Severity, check, judge
from pullready.facts import SecretLogin, Unread
from pullready.predicates.pull_secret import admin_user_disabled


@check(
    "admin-user-disabled-with-admin-secret",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account",
)
def test_admin_user_of_a_pull_secret_is_enabled(secret_logins: tuple[SecretLogin | Unread, ...]) -> None:
    judge(secret_logins, admin_user_disabled)
