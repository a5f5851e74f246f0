"""An API server that forbids, is not there, or is of another age: each check says once what it could not be told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.facts import Need, needs_of
from pullready.outcome import Exit, Run
from pullready.verdict import Clear, Unknown, Verdict
from tests.azure import environments, runs
from tests.azure.certificates import server_context
from tests.azure.fixtures import Serve
from tests.azure.wire import Answer, Call, Server, Speaker, running
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import CONTEXT, READER, STRANGER, ApiServer, kubeconfig, start
from tools.shop.environment import PROD

#: What the old API server has of what is listed.
KINDS: Final = (
    "ReplicationController",
    "ServiceAccount",
    "DaemonSet",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "Job",
    "Node",
)
OF_PODS: Final = {"kubelet-pull-role-missing", "pod-os-nodeselector-mismatch"}
OF_WORKLOADS: Final = {slug for slug, check in runs.CHECKS.items() if Need.WORKLOADS in needs_of(check.facts)}
Judge = Callable[[], tuple[Run, list[str]]]


@pytest.fixture
def judge(serve: Serve, tmp_path: Path) -> Judge:
    """Judge the cluster of the shop with whoever is signed in, and return what was said while reading as well."""

    def judged() -> tuple[Run, list[str]]:
        said: list[str] = []
        standin = serve(runs.served(), page_size=100)
        target = {"cluster": PROD, "context": CONTEXT, "registries": [*environments.REGISTRIES["prod"]]}
        return runs.judge(runs.configure(tmp_path, standin, [target]), say=said.append), said

    return judged


def reasons(run: Run) -> dict[str, list[str]]:
    """Return the reasons why checks are unknown, one for each subject."""
    return {
        result.check.id: [one.judgement.reason for one in result.judged if isinstance(one.judgement, Unknown)]
        for result in run.results
        if result.verdict is Verdict.UNKNOWN
    }


def test_whoever_nothing_is_bound_to_is_told_so_of_each_list(server: ApiServer, sign_in: SignIn, judge: Judge) -> None:
    sign_in(server.kubeconfig(STRANGER))
    run, said = judge()
    told = reasons(run)
    assert run.exit_code is Exit.INCOMPLETE
    assert OF_PODS <= told.keys() <= OF_WORKLOADS
    for lines in told.values():
        assert all("in all namespaces is forbidden" in line for line in lines)
    refused = [line for line in said if "Bind the ClusterRole of docs/permissions.md" in line]
    assert len(refused) == len(objects.listed())


@pytest.mark.parametrize(
    "case",
    [
        ({"token": "canary-token"}, "the API server does not accept the sign-in for the list of pods"),
        ({"url": "https://localhost:1"}, "https://localhost:1 refuses the connection"),
        ({"ca": None}, "TLS certificate of https://localhost:"),
    ],
    ids=["token", "url", "ca"],
)
def test_an_api_server_that_cannot_be_read_is_unknown_for_one_reason(
    case: tuple[dict[str, Any], str], server: ApiServer, sign_in: SignIn, judge: Judge, tmp_path: Path
) -> None:
    changed, reason = case
    _, other = server_context(tmp_path)
    right: dict[str, Any] = {"url": server.url, "ca": server.ca, "token": server.token(READER)}
    wrong = {name: value or other for name, value in changed.items()}
    sign_in(kubeconfig(tmp_path / "kubeconfig", **{**right, **wrong}))
    run, said = judge()
    told = reasons(run)
    assert run.exit_code is Exit.INCOMPLETE
    assert OF_PODS <= told.keys() <= OF_WORKLOADS
    assert all(any(reason in line for line in lines) for lines in told.values()), told
    assert "canary" not in "".join(said) + repr(run.results)


def test_an_api_server_that_lacks_a_group_is_unknown_for_what_is_in_it(
    assets: Path, sign_in: SignIn, judge: Judge, tmp_path: Path
) -> None:
    (tmp_path / "server").mkdir()
    with start(tmp_path / "server", "--runtime-config=batch/v1=false") as server:
        server.apply([objects.cluster_role(), objects.bound(), objects.pod("web")])
        server.await_access(path for path in objects.listed().values() if "/batch/" not in path)
        sign_in(server.kubeconfig())
        run, _ = judge()
    assert_lacks(run, "jobs", "cronjobs")


def assert_lacks(run: Run, *lists: str) -> None:
    """Assert that just *lists* are unknown for not being there, and that what else was read is judged."""
    told = reasons(run)
    assert run.exit_code is Exit.INCOMPLETE
    assert OF_PODS <= told.keys() <= OF_WORKLOADS
    assert {line for lines in told.values() for line in lines} == {
        f"kubernetes:{CONTEXT}/apis/batch/v1/{one} does not exist (the API server has no list of {one})"
        for one in lists
    }
    [pull] = (result for result in run.results if result.check.id == "kubelet-pull-role-missing")
    assert any(isinstance(one.judgement, Clear) for one in pull.judged)


class Old(Speaker):
    """What Kubernetes 1.5 to 1.20 answer, by hand: links in lists, items that are null, groups that are not there yet.

    Source: https://github.com/kubernetes/kubernetes/issues/39822 for the shape, and for what came when
    https://kubernetes.io/docs/reference/using-api/deprecation-guide/
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(self.answer, *args)

    def answer(self, call: Call) -> Answer:
        name = call.path.rpartition("/")[2]
        if call.path.startswith("/apis/node.k8s.io/v1/"):
            return Answer(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})
        if name == "cronjobs":
            missing = {"reason": "NotFound", "message": "the server could not find the requested resource"}
            return Answer(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, **missing})
        version = call.path.removeprefix("/apis/").removeprefix("/api/").rpartition("/")[0]
        [kind] = (one for one in ("Pod", *KINDS) if f"{one.lower()}s" == name)
        pod = objects.pod("web")
        items = [{"metadata": pod["metadata"], "spec": pod["spec"]}] if kind == "Pod" else None
        metadata = {"selfLink": call.path, "resourceVersion": "117"}
        return Answer(200, {"kind": f"{kind}List", "apiVersion": version, "metadata": metadata, "items": items})


def test_an_api_server_of_long_ago_is_read_as_far_as_it_goes(sign_in: SignIn, judge: Judge, tmp_path: Path) -> None:
    context, authority = server_context(tmp_path)
    listening = Server(("127.0.0.1", 0), Old)
    listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    with running(listening) as address:
        port = address.rpartition(":")[2]
        sign_in(kubeconfig(tmp_path / "kubeconfig", f"https://localhost:{port}", authority, "token"))
        run, _ = judge()
    assert_lacks(run, "cronjobs")
