"""The host that an image names, by its spelling and by the cloud of the run."""

from __future__ import annotations

from functools import cached_property

import msgspec

from pullready.config import Cloud
from pullready.errors import NothingToJudge
from pullready.facts.base import Unread
from pullready.facts.credentials import Credentials
from pullready.facts.hosts import Form, form_of, is_declared
from pullready.facts.images import ImageUse
from pullready.facts.reference import ImageReference, InvalidReference
from pullready.facts.scope import Scope, fact
from pullready.facts.server_keys import is_for_image
from pullready.verdict import Evidence, Location


class ImageHost(msgspec.Struct, frozen=True, dict=True):
    """The host that one image names; nothing of Azure is read for it."""

    use: ImageUse
    scope: Scope
    credentials: Credentials

    @property
    def subject(self) -> str:
        """The image and its workload."""
        return self.use.subject

    @property
    def location(self) -> Location | None:
        """Where the image is named."""
        return self.use.location

    @property
    def cloud(self) -> Cloud:
        """The Azure cloud of the run."""
        return self.scope.settings.cloud

    @property
    def reference(self) -> ImageReference:
        """The reference; raise :class:`NothingToJudge` where the text is none, which is a fault of its own."""
        match self.use.reference:
            case InvalidReference(reason):
                said = f"{self.use.image!r} names no registry: {reason}; invalid-image-reference judges that"
                raise NothingToJudge(said)
            case reference:
                return reference

    @property
    def host(self) -> str:
        """The host of the reference in lower case, maybe with a port; Docker Hub's for a short name."""
        return self.reference.host.lower()

    @property
    def is_ignored(self) -> bool:
        """Whether the configuration declares the host out of scope."""
        return is_declared(self.host, self.scope.settings.ignore_registries)

    @property
    def pull_secret(self) -> Evidence | None:
        """Where the workload names a pull secret that may be for the host."""
        return self.credentials.brought_by(self.use.workload, self.host)

    @property
    def login(self) -> Evidence | None:
        """The login for the image in a pull secret of the workload's; none where no secret that was read has one."""
        names, _ = self.credentials.named_by(self.use.workload)
        for name in names:
            secret = self.credentials.secrets.get((self.use.workload.namespace, name))
            for place, one in enumerate(secret.logins if secret else ()):
                if secret and is_for_image(one.server, self.host, self.reference.repository):
                    return secret.evidence(f"/registries/{place}/server", f"{secret.subject} has a login for the host")
        return None

    @cached_property
    def form(self) -> Form:
        """What the host is by its spelling."""
        return form_of(self.host, self.cloud)

    def names(self) -> Evidence:
        """Return the place that names the host."""
        return self.use.evidence("", f"names {self.host}")


@fact()
def image_hosts(
    scope: Scope, images: tuple[ImageUse | Unread, ...], credentials: Credentials
) -> tuple[ImageHost | Unread, ...]:
    """Return the host of each image that a workload uses."""
    return tuple(use if isinstance(use, Unread) else ImageHost(use, scope, credentials) for use in images)
