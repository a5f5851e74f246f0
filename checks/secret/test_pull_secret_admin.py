r"""The pull secrets of a registry's admin user hold a password that the registry takes.

Symptom: ``failed to fetch oauth token: unexpected status: 401 Unauthorized``, for that credential; the
registry's activity log has *Regenerate Container Registry Login Credentials*.

Cause: a password of the admin user was made anew, and a pull secret still holds the old one. By
default the time of the secret is compared with the activity log, which shows a risk and never
more: the registry takes either of two passwords, and the log does not say which was changed. The
log goes back 90 days, so that an older pull secret, or one without a time, is unknown. With
``list-credentials: true`` the passwords themselves are compared, by hashes.

Fix: write the pull secret anew, or better, let the kubelet identity pull::

    az acr credential show --name REGISTRY
    kubectl create secret docker-registry NAME --namespace NAMESPACE \
        --docker-server REGISTRY.azurecr.io --docker-username REGISTRY \
        --docker-password PASSWORD --dry-run=client --output yaml | kubectl apply --filename -
"""

from pullready import Severity, check, judge
from pullready.facts import SecretLogin, Unread
from pullready.predicates.pull_secret import admin_password_stale


@check(
    "pull-secret-admin-password-stale",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-authentication",
)
def test_pull_secret_admin_password_is_current(secret_logins: tuple[SecretLogin | Unread, ...]) -> None:
    judge(secret_logins, admin_password_stale)
