"""Every image names its registry by the login server that Azure gave it, with the domain name label if it has one.

Symptom: ``failed to resolve reference "shoptools.azurecr.io/db-migrate:2.1.0": … no such host``, or ``401`` or ``not
found`` from a registry of somebody else, who has that name without a label.

Cause: a registry may be made with a domain name label. Its login server is then the name, a dash and a hash, such as
``shoptools-exfrbuffaye7ceag.azurecr.io``, and the image is named by ``NAME.azurecr.io``. The label cannot be changed
later. Pull secrets, DNS records and firewall rules need the whole login server, too.

Fix: take the host from Azure instead of making it from the name::

    az acr show --name REGISTRY --query loginServer

Where Azure says that somebody has the host without the label, or the image names another label, the image may be from a
registry that cannot be read, and the check is unknown. Without a cluster no registry is read: then found is what
``registries:`` in ``pullready.yaml`` names with a label.
"""

from pullready import Severity, check, judge
from pullready.facts import ImageRegistry, Unread
from pullready.predicates.login_server import host_without_label


@check(
    "dnl-login-server-mismatch",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-get-started-azure-cli",
)
def test_image_names_the_whole_login_server(image_registries: tuple[ImageRegistry | Unread, ...]) -> None:
    judge(image_registries, host_without_label)
