r"""The logins in pull secrets are written for the servers that the images name.

Symptom: ``failed to fetch anonymous token: unexpected status: 401 Unauthorized``: kubelet found no login for the image.

Cause: kubelet takes a login for an image where its server is the image's host: letter by letter,
with the image's port, a ``*`` standing within one of the parts between the dots, and a path
being the beginning of the image's. ``https://``, ``/v1/`` and ``/v2/`` do not count. A registry
has several names (regional endpoints, a label for its domain name), and each needs a login of
its own. A login without a user name or a password that kubelet reads, such as one with an
identity token or a credential store, is none; one whose ``auth`` cannot be read makes kubelet
give up the pull, whatever else there is.

Fix: write the pull secret anew, with the host that the image has::

    kubectl create secret docker-registry NAME --namespace NAMESPACE \
        --docker-server REGISTRY.azurecr.io --docker-username USER \
        --docker-password PASSWORD --dry-run=client --output yaml | kubectl apply --filename -
"""

from pullready import Severity, check, judge
from pullready.facts import SecretLogin, Unread
from pullready.predicates.server_key import server_key_wrong


@check(
    "pull-secret-wrong-server-key",
    severity=Severity.BLOCKER,
    reference="https://kubernetes.io/docs/concepts/containers/images/#config-json",
)
def test_pull_secret_is_for_the_server_of_its_images(named_secrets: tuple[SecretLogin | Unread, ...]) -> None:
    judge(named_secrets, server_key_wrong)
