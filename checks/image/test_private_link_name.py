"""Every image names its registry by the login server, and not by a name of private link.

Symptom: ``x509: certificate is valid for *.azurecr.io, not shopimages.privatelink.azurecr.io``.

Cause: ``privatelink`` is in the name that DNS goes through on the way from the login server to the private endpoint.
The registry's certificate is not for that name, and no credential matches it.

Fix: name the image by the login server. In a network with a private endpoint, DNS leads it there::

    az acr show --name REGISTRY --query loginServer
"""

from pullready import Severity, check, judge
from pullready.facts import ImageHost, Unread
from pullready.predicates.image_host import private_link_name


@check(
    "image-uses-privatelink-hostname",
    severity=Severity.BLOCKER,
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-private-link",
)
def test_image_names_the_login_server(image_hosts: tuple[ImageHost | Unread, ...]) -> None:
    judge(image_hosts, private_link_name)
