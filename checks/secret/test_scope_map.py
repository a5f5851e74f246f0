"""The tokens of a registry, which pull secrets hold, may pull all that their pods name.

Symptom: ``401 Unauthorized``, or ``requested access to the resource is denied``, for some repositories of a
registry and not for others.

Cause: a token may do what its scope map says, repository by repository, and pulling takes
``content/read``. An asterisk stands for every repository (``*``), or for all below a path
(``samples/*``); in any other place it is invalid and matches nothing. A path does not cover the
repository that is called like it.

Fix: let the scope map cover the repository::

    az acr scope-map update --name SCOPE-MAP --registry REGISTRY --add-repository REPOSITORY content/read
"""

from pullready import Severity, check, judge
from pullready.facts import SecretLogin, Unread
from pullready.predicates.pull_secret import scope_map_lacking


@check(
    "scope-map-lacks-repository-read",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions",
)
def test_scope_map_covers_what_pods_pull(secret_logins: tuple[SecretLogin | Unread, ...]) -> None:
    judge(secret_logins, scope_map_lacking)
