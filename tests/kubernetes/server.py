"""A real kube-apiserver with its etcd, on loopback, in a folder of its own.

``start(folder)`` needs both programs in the folder that the variable ``KUBEBUILDER_ASSETS`` names, as envtest has it.
Nothing runs beside them: no controllers, no scheduler, no kubelet. What is applied stays as it is.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

import urllib3

from tests.azure.certificates import server_context

ASSETS: Final = "KUBEBUILDER_ASSETS"
#: Who is known to the server, and their groups. Only the administrator may do anything as long as nothing is bound.
ADMIN: Final = "admin"
READER: Final = "pullready"
STRANGER: Final = "stranger"
USERS: Final[Mapping[str, str]] = {ADMIN: "system:masters", READER: "", STRANGER: ""}
#: The context in every kubeconfig.
CONTEXT: Final = "live"
_PATIENCE: Final = 120
_APPLY: Final = "?fieldManager=tests&force=true"
_AT_ONCE: Final = 16
_ATTEMPTS: Final = 5


class Refused(Exception):
    """The API server, or one of the two programs, did not do what was asked of it."""


class ApiServer:
    """A running API server: ``url`` is where, ``ca`` the file with its authority. Stop it, or use it in a ``with``."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self._tokens = {user: secrets.token_hex(16) for user in USERS}
        self._running = ExitStack()
        _, self.ca = server_context(folder)
        self._etcd = f"http://127.0.0.1:{_free_port()}"
        port = _free_port()
        self.url = f"https://localhost:{port}"
        self._pool = urllib3.PoolManager(ca_certs=str(self.ca), maxsize=_AT_ONCE, retries=False, timeout=60)
        try:
            self._run("etcd", *self._etcd_flags())
            self._await(f"{self._etcd}/health")
            self._run("kube-apiserver", *self._server_flags(port), *flags)
            self._await(f"{self.url}/readyz")
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End both programs; the folder stays."""
        self._running.close()
        self._pool.clear()

    def kubeconfig(self, user: str = READER, context: str = CONTEXT) -> Path:
        """Write the kubeconfig of *user* with one *context*; return its path."""
        path = self.folder / f"{user}-{context}.kubeconfig"
        return kubeconfig(path, self.url, self.ca, self.token(user), context)

    def token(self, user: str) -> str:
        """Return the bearer token of *user*."""
        return self._tokens[user]

    def apply(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Make *objects* so, as the administrator; first their namespaces, and what is in none."""
        given = list(objects)
        spaces = dict.fromkeys(one["metadata"]["namespace"] for one in given if "namespace" in one["metadata"])
        wide = [one for one in given if not self._resource(one["apiVersion"], one["kind"])[1]]
        for one in (*map(_namespace, spaces), *wide):
            self._apply(one)
        with ThreadPoolExecutor(_AT_ONCE) as workers:
            [*workers.map(self._apply, (one for one in given if "namespace" in one["metadata"]))]

    def delete(self, apiversion: str, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete an object as the administrator."""
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        self.request("DELETE", self.path({"apiVersion": apiversion, "kind": kind, "metadata": metadata}))

    def path(self, body: Mapping[str, Any]) -> str:
        """Return the path of the object *body*; raise :class:`Refused` where the server has none of its kind."""
        name, is_namespaced = self._resource(body["apiVersion"], body["kind"])
        metadata = body["metadata"]
        space = f"/namespaces/{metadata.get('namespace', 'default')}" if is_namespaced else ""
        return f"{_group(body['apiVersion'])}{space}/{name}/{metadata['name']}"

    def request(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", user: str = ADMIN
    ) -> dict[str, Any]:
        """Return the JSON that the server answers *user*; raise :class:`Refused` where it refuses."""
        status, content = self.ask(method, path, body, kind, user)
        if status >= 400:
            raise Refused(f"{method} {path}: {status} {content.decode(errors='replace')}")
        answer: dict[str, Any] = json.loads(content)
        return answer

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", user: str = ADMIN
    ) -> tuple[int, bytes]:
        """Return the status and the content that the server answers *user*."""
        headers = {"Authorization": f"Bearer {self.token(user)}", "Content-Type": kind}
        content = None if body is None else json.dumps(body).encode()
        answer = self._pool.request(method, self.url + path, body=content, headers=headers)
        return answer.status, answer.data

    def await_access(self, allowed: Iterable[str], denied: Iterable[str] = (), user: str = READER) -> None:
        """Wait until *user* may list what is at the paths *allowed* and none of *denied*: roles take a moment."""
        expected = {**dict.fromkeys(allowed, 200), **dict.fromkeys(denied, 403)}
        end = time.monotonic() + _PATIENCE
        while (told := {path: self.ask("GET", f"{path}?limit=1", user=user)[0] for path in expected}) != expected:
            if time.monotonic() > end:
                raise Refused(f"{user} may do something else than expected: {told}")
            time.sleep(0.05)

    def compact(self) -> None:
        """Let etcd forget all but the present, as the API server has it do every few minutes: older lists expire."""
        status = json.loads(self._pool.request("POST", f"{self._etcd}/v3/maintenance/status", body=b"{}").data)
        body = json.dumps({"revision": status["header"]["revision"], "physical": True})
        answer = self._pool.request("POST", f"{self._etcd}/v3/kv/compaction", body=body.encode())
        if answer.status != 200:
            raise Refused(f"etcd does not compact: {answer.data!r}")

    def _apply(self, body: Mapping[str, Any]) -> None:
        self.request("PATCH", self.path(body) + _APPLY, body, "application/apply-patch+yaml")

    @cache  # noqa: B019  (it lives as long as the server)
    def _resource(self, apiversion: str, kind: str) -> tuple[str, bool]:
        for one in self.request("GET", _group(apiversion))["resources"]:
            if one["kind"] == kind and "/" not in one["name"]:
                return one["name"], one["namespaced"]
        raise Refused(f"the server has no {kind} of {apiversion}")

    def _run(self, program: str, *flags: str) -> None:
        """Start *program*; its output goes to a file of its name."""
        path = Path(os.environ[ASSETS]).resolve() / program
        output = self._running.enter_context((self.folder / f"{program}.log").open("wb"))
        process = subprocess.Popen([path, *flags], stdout=output, stderr=output, cwd=self.folder)
        self._running.callback(_end, process)
        self._started = program, process

    def _await(self, url: str) -> None:
        """Wait until *url* answers that all is well; raise :class:`Refused` once the program has ended, or is late."""
        program, process = self._started
        headers = {"Authorization": f"Bearer {self.token(ADMIN)}"} if url.startswith(self.url) else {}
        end = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < end:
            try:
                if self._pool.request("GET", url, headers=headers).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.1)
        said = (self.folder / f"{program}.log").read_text(errors="replace")
        raise Refused(f"{program} does not start:\n{said[-3000:]}")

    def _etcd_flags(self) -> Sequence[str]:
        peer = f"http://127.0.0.1:{_free_port()}"
        return (
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self._etcd}",
            f"--advertise-client-urls={self._etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        )

    def _server_flags(self, port: int) -> Sequence[str]:
        pem = self.ca.with_name("server.pem")
        known = self.folder / "tokens.csv"
        known.write_text("".join(f'{self._tokens[user]},{user},{user},"{group}"\n' for user, group in USERS.items()))
        return (
            f"--etcd-servers={self._etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={port}",
            f"--tls-cert-file={pem}",
            f"--tls-private-key-file={pem}",
            f"--cert-dir={self.folder}",
            f"--token-auth-file={known}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://localhost",
            f"--service-account-key-file={pem}",
            f"--service-account-signing-key-file={pem}",
            "--service-cluster-ip-range=198.51.100.0/24",
            # Without controllers no namespace has the service account that pods would be given.
            "--disable-admission-plugins=ServiceAccount",
            "--profiling=false",
        )


def start(folder: Path, *flags: str) -> ApiServer:
    """Start an API server, with *flags* on top of its own, that keeps all it has in the existing folder *folder*."""
    for _ in range(_ATTEMPTS):
        try:
            return ApiServer(folder, *flags)
        except Refused as why:
            # Somebody else took the port between its being found free and its being used.
            if "address already in use" not in str(why):
                raise
    raise Refused(f"no port stayed free in {_ATTEMPTS} attempts")


def kubeconfig(path: Path, url: str, ca: Path, token: str, context: str = CONTEXT) -> Path:
    """Write a kubeconfig to *path*, and return that: one *context*, and who has *token* at *url*."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": "me", "user": {"token": token}}],
        "contexts": [{"name": context, "context": {"cluster": "here", "user": "me"}}],
        "current-context": context,
    }
    path.write_text(json.dumps(config))
    return path


def _group(apiversion: str) -> str:
    return f"/apis/{quote(apiversion)}" if "/" in apiversion else f"/api/{apiversion}"


def _namespace(name: str) -> Mapping[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
