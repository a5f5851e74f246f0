"""Reading whether the logins in pull secrets are good: service principals, the admin user, tokens of the registry.

Source of the requests: https://learn.microsoft.com/rest/api/monitor/activity-logs/list,
https://learn.microsoft.com/rest/api/containerregistry/registries/list-credentials,
https://learn.microsoft.com/rest/api/containerregistry/tokens/get and
https://learn.microsoft.com/rest/api/containerregistry/scope-maps/get
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pullready.collectors.graph import APPLICATIONS
from pullready.collectors.permissions import GraphPermission, Permission, Waiting, collector
from pullready.collectors.wishes import read_wishes
from pullready.facts.scope import Facts, Need, Scope
from pullready.facts.secret_logins import SecretLogin
from pullready.predicates.pull_secret import (
    admin_password_stale,
    registry_token_unusable,
    scope_map_lacking,
    secret_principal_invalid,
)
from pullready.verdict import Judgement

_TOKENS: Final = "registries for which a pull secret may hold a token"
#: What judges the logins by something that is read for them.
_PREDICATES: Final = (secret_principal_invalid, admin_password_stale, registry_token_unusable, scope_map_lacking)


@collector(
    Need.PULL_SECRETS,
    permissions=(
        GraphPermission(APPLICATIONS, "pull secrets with a service principal: the principal and its secrets"),
        Permission("Microsoft.Authorization/roleDefinitions/read", "the registry"),
        Permission("Microsoft.Insights/eventtypes/values/read", "the registry's subscription"),
        Permission("Microsoft.ContainerRegistry/registries/tokens/read", _TOKENS),
        Permission("Microsoft.ContainerRegistry/registries/scopeMaps/read", _TOKENS),
        Permission(
            "Microsoft.ContainerRegistry/registries/listCredentials/action", "the registry", opt_in="list-credentials"
        ),
    ),
    after=(Need.ROLE_ASSIGNMENTS, Need.GROUP_MEMBERSHIPS),
)
def read_secret_logins(scope: Scope) -> Waiting:
    """Read what judging the logins looks for: nothing where no pull secret holds one of these kinds."""
    return (yield from read_wishes(scope, _judge_logins))


def _judge_logins(scope: Scope) -> Iterator[Callable[[], object]]:
    for used in Facts(scope)("secret_logins"):
        if isinstance(used, SecretLogin):
            yield partial(_judge, used)


def _judge(used: SecretLogin) -> list[Judgement]:
    return [judgement for predicate in _PREDICATES for judgement in predicate(used)]
