"""Debian's ``docker-registry`` on loopback, as the registry behind a login server of the stand-in.

    with serving(folder, "shopimages.azurecr.io") as registry:
        standin.registries.behind[registry.host] = registry
        registry.push(layout, "web", "1.4.2")

It answers nobody without a token that it has verified itself. ``docker-registry`` and ``skopeo`` must be on the path.

Sources: https://distribution.github.io/distribution/about/configuration/ and
https://github.com/containers/skopeo/blob/main/docs/skopeo-copy.1.md
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from tests.azure.behind import access_to
from tests.azure.signatures import ISSUER, SIGNER
from tests.azure.wire import Answer

_LISTENING: Final = re.compile(r"listening on (127\.0\.0\.1:\d+)")
#: How long it may take to start, in seconds.
_PATIENCE: Final = 20
_TIMEOUT: Final = 120
_HEADERS: Final = ("Content-Type", "Content-Length", "Docker-Content-Digest", "WWW-Authenticate")


class Registry:
    """The registry that is *host* to those who ask the front, and listens at *address*; its files are in *folder*.

    ``answered`` are the method, target and status of all that came by the front.
    """

    def __init__(self, folder: Path, host: str, address: str) -> None:
        self.host = host
        self.address = address
        self.answered: list[tuple[str, str, int]] = []
        self._folder = folder

    @property
    def log(self) -> str:
        """What the registry wrote so far."""
        return (self._folder / "log").read_text()

    def send(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """Return what the registry answers."""
        with closing(HTTPConnection(self.address, timeout=_TIMEOUT)) as connection:
            connection.request(method, target, headers=dict(headers))
            response = connection.getresponse()
            body = response.read()
        self.answered.append((method, target, response.status))
        return Answer(response.status, body, {name: told for name in _HEADERS if (told := response.getheader(name))})

    def push(self, layout: Path, repository: str, tag: str, *, manifests: str | None = None) -> str:
        """Push the only image or index in an OCI *layout*, converted to *manifests* (``v2s2``) where that is given.

        Return its digest in the registry.
        """
        told = self._folder / "digest"
        how = ("--preserve-digests",) if manifests is None else ("--format", manifests)
        token = access_to(self.host, repository, "pull", "push")
        to = ("--dest-tls-verify=false", f"--dest-registry-token={token}", "--digestfile", str(told))
        skopeo("copy", "--all", *how, *to, f"oci:{layout}", f"docker://{self.address}/{repository}:{tag}")
        return told.read_text().strip()

    def lose_manifest(self, repository: str, digest: str) -> None:
        """Forget the manifest *digest*: tags and indexes still name it."""
        (self._revision(repository, digest) / "link").unlink()

    def lose_tag(self, repository: str, tag: str) -> None:
        """Forget *tag*: what it pointed to stays."""
        shutil.rmtree(self._tag(repository, tag))

    def lose_repository(self, repository: str) -> None:
        """Forget *repository* and all that is in it."""
        shutil.rmtree(self._repository(repository))

    def add_tags(self, repository: str, digest: str, names: Iterable[str]) -> None:
        """Let the tags *names* point to *digest*, as so many pushes would."""
        for name in names:
            link = self._tag(repository, name) / "current" / "link"
            link.parent.mkdir(parents=True)
            link.write_text(digest)

    def spoil(self, digest: str, content: bytes) -> None:
        """Let what has *digest* hold other *content*, as after a fault of the disk."""
        algorithm, _, name = digest.partition(":")
        path = self._folder / "storage/docker/registry/v2/blobs" / algorithm / name[:2] / name / "data"
        assert path.is_file()
        path.write_bytes(content)

    def pointed_at(self, repository: str, tag: str) -> str | None:
        """Return the digest that *tag* points to, be it there or not; none where there is no such tag."""
        link = self._tag(repository, tag) / "current" / "link"
        return link.read_text() if link.is_file() else None

    def has(self, repository: str, digest: str = "") -> bool:
        """Say whether there is *repository*, with the manifest *digest* where that is given."""
        if digest:
            return (self._revision(repository, digest) / "link").is_file()
        return self._repository(repository).is_dir()

    def _repository(self, name: str) -> Path:
        return self._folder / "storage/docker/registry/v2/repositories" / name

    def _tag(self, repository: str, tag: str) -> Path:
        return self._repository(repository) / "_manifests" / "tags" / tag

    def _revision(self, repository: str, digest: str) -> Path:
        return self._repository(repository) / "_manifests" / "revisions" / digest.replace(":", "/")


def skopeo(*words: str, **environ: str) -> bytes:
    """Run ``skopeo`` with *words* and the variables *environ*; return what it prints."""
    done = subprocess.run(
        ["skopeo", "--insecure-policy", *words],
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
        timeout=_TIMEOUT,
    )
    assert done.returncode == 0, f"skopeo {words[0]}: {done.stderr.decode()}"
    return done.stdout


@contextmanager
def serving(folder: Path, host: str) -> Iterator[Registry]:
    """Run the registry of the login server *host* until the ``with`` statement ends; its files are kept in *folder*.

    What an earlier one left there is what it holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "signer.pem").write_bytes(SIGNER.pem)
    # YAML holds all of JSON.
    (folder / "config.yml").write_text(json.dumps(_configuration(folder, host)))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")],
            # Variables that begin with REGISTRY_ would change the configuration.
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield Registry(folder, host, _address(process, folder / "log"))
    finally:
        process.terminate()
        process.wait(_TIMEOUT)


def _configuration(folder: Path, host: str) -> dict[str, Any]:
    token = {
        "realm": f"https://{host}/oauth2/token",
        "service": host,
        "issuer": ISSUER,
        "rootcertbundle": str(folder / "signer.pem"),
    }
    return {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:0", "secret": "canary-upload-secret"},
        "auth": {"token": token},
    }


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return where the registry listens, which it says when it does."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if found := _LISTENING.search(log.read_text()):
            return found[1]
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"docker-registry does not listen:\n{log.read_text()}")
