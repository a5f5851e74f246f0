"""`pullready explain`: messages of failed pulls lead to the conditions behind them, and a snapshot says which holds."""

from __future__ import annotations

import json
import os
import re
import textwrap
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pullready import catalogue, standing
from pullready.exits import Exit
from pullready.explain import LONGEST
from pullready.spec import BrokenCheckError
from pullready.symptoms import CONDITIONS, SYMPTOMS, Reach, reach_of, recognise, registries_in
from tests.environment import ROOT
from tests.running import CLUSTER, HEALTHY, Ran, broken, explain, run_apart

PULL: Final = (
    'Failed to pull image "shopimages.azurecr.io/web:1.4.2": rpc error: code = Unknown desc = '
    'failed to pull and unpack image "shopimages.azurecr.io/web:1.4.2": '
)
RESOLVE: Final = PULL + 'failed to resolve reference "shopimages.azurecr.io/web:1.4.2": '
TOKEN: Final = (
    "unexpected status from GET request to https://shopimages.azurecr.io/oauth2/token"
    "?scope=repository%3Aweb%3Apull&service=shopimages.azurecr.io: "
)
ANONYMOUS: Final = RESOLVE + "failed to authorize: failed to fetch anonymous token: " + TOKEN + "401 Unauthorized"
OAUTH: Final = RESOLVE + "failed to authorize: failed to fetch oauth token: " + TOKEN + "401 Unauthorized"
HEAD: Final = RESOLVE + 'failed to do request: Head "https://shopimages.azurecr.io/v2/web/manifests/1.4.2": '
LAYER: Final = (
    PULL + "failed to copy: httpReadSeeker: failed open: failed to do request: "
    'Get "https://shopimages.westeurope.data.azurecr.io/b0b0//d/sha256:00?sig=x": '
)
DENIED: Final = (
    RESOLVE + 'denied: {{"errors":[{{"code":"DENIED","message":"client with IP \'{}\' is not allowed access. '
    'Refer https://aka.ms/acr/firewall to grant access."}}]}}'
)

#: A message, and the candidates that come first.
MESSAGES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "anonymous 401": (ANONYMOUS, ("kubelet-pull-role-missing", "pull-role-on-stale-principal")),
    "oauth 401": (OAUTH, ("cluster-sp-secret-expired", "pull-secret-sp-invalid-or-expired")),
    "401 without more": (RESOLVE + "unexpected status: 401 Unauthorized", ("kubelet-pull-role-missing",)),
    "403": (
        RESOLVE + "failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden",
        ("private-dns-zone-not-linked-to-cluster-vnet", "custom-dns-does-not-forward"),
    ),
    "refused public address": (DENIED.format("203.0.113.11"), ("private-dns-zone-not-linked-to-cluster-vnet",)),
    "refused private address": (DENIED.format("10.240.0.4"), ("service-endpoint-rule-mismatch",)),
    "refused IPv6 address": (DENIED.format("2001:db8::4"), ("dual-stack-ipv6-registry-allowlist",)),
    "private timeout": (
        HEAD + "dial tcp 10.1.2.4:443: i/o timeout",
        ("vnet-peering-missing-or-disconnected", "hub-firewall-blocks-private-endpoint"),
    ),
    "private IPv6 timeout": (HEAD + "dial tcp [fd00::4]:443: i/o timeout", ("vnet-peering-missing-or-disconnected",)),
    "private timeout while reading": (
        HEAD + "read tcp 10.9.0.4:38412->10.1.2.4:443: read: connection timed out",
        ("vnet-peering-missing-or-disconnected",),
    ),
    "public timeout": (
        HEAD + "dial tcp 203.0.113.80:443: i/o timeout",
        ("nsg-blocks-registry-egress", "route-table-blackholes-registry", "nva-or-firewall-blocks-registry"),
    ),
    "public address, private one of the node": (
        HEAD + "read tcp 10.9.0.4:38412->203.0.113.80:443: i/o timeout",
        ("nsg-blocks-registry-egress",),
    ),
    "address that is none": (HEAD + "dial tcp 999.1.1.1:443: i/o timeout", ("nsg-blocks-registry-egress",)),
    "awaiting headers": (
        HEAD
        + "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        ("nsg-blocks-registry-egress",),
    ),
    "deadline and headers": (
        HEAD + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        ("nsg-blocks-registry-egress",),
    ),
    "layers, docker's words": (
        "error pulling image configuration: download failed after attempts=6: dial tcp 203.0.113.9:443: i/o timeout",
        ("registry-data-endpoint-not-allowed",),
    ),
    "layers": (LAYER + "dial tcp 203.0.113.9:443: i/o timeout", ("registry-data-endpoint-not-allowed",)),
    "layers from storage": (
        PULL + 'Get "https://shop0.blob.core.windows.net/x": dial tcp 203.0.113.9:443: i/o timeout',
        ("registry-data-endpoint-not-allowed",),
    ),
    "layers, no name": (LAYER + "dial tcp: lookup x: no such host", ("private-dns-data-record-missing",)),
    "no such host": (
        HEAD + "dial tcp: lookup shopimages.azurecr.io on 10.0.0.10:53: no such host",
        ("custom-dns-does-not-forward", "private-link-zone-nxdomain-for-unrecorded-registry"),
    ),
    "deadline": (HEAD + "context deadline exceeded", ("custom-dns-does-not-forward",)),
    "silent DNS": (
        HEAD + "dial tcp: lookup shopimages.azurecr.io on 168.63.129.16:53: read udp: i/o timeout",
        ("imds-or-azure-dns-blocked", "custom-dns-does-not-forward"),
    ),
    "EOF": (HEAD + "EOF", ("private-zone-shared-record-overwritten", "nva-or-firewall-blocks-registry")),
    "reset": (HEAD + "read: connection reset by peer", ("nva-or-firewall-blocks-registry",)),
    "handshake": (HEAD + "net/http: TLS handshake timeout", ("tls-handshake-timeout-path", "snat-port-exhaustion")),
    "privatelink host": (
        HEAD + "tls: failed to verify certificate: x509: certificate is valid for *.azurecr.io, *.azurecr-test.io, "
        "not shopimages.privatelink.azurecr.io",
        ("image-uses-privatelink-hostname",),
    ),
    "unknown authority": (
        HEAD + "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        ("tls-inspection-ca-untrusted", "http-proxy-intercepts-registry"),
    ),
    "proxy": (HEAD + "proxyconnect tcp: dial tcp 10.0.0.9:3128: i/o timeout", ("http-proxy-intercepts-registry",)),
    "not found": (
        RESOLVE + "shopimages.azurecr.io/web:1.4.2: not found",
        ("image-manifest-missing", "digest-deleted-by-retention-or-purge", "geo-replication-lag"),
    ),
    "manifest unknown": (
        'manifest unknown: manifest tagged by "1.4.2" is not found',
        ("image-manifest-missing", "digest-deleted-by-retention-or-purge"),
    ),
    "platform": (
        PULL + "no match for platform in manifest: not found",
        ("pod-os-nodeselector-mismatch", "image-architecture-mismatch", "windows-os-build-mismatch"),
    ),
    "exec format": ("exec /canipull: exec format error", ("image-architecture-mismatch",)),
    "qps": ("pull QPS exceeded", ("kubelet-pull-qps-throttle",)),
    "429": (RESOLVE + "unexpected status: 429 Too Many Requests", ("registry-throttled",)),
    "toomanyrequests": (
        "toomanyrequests: too many requests",
        ("registry-throttled", "artifact-cache-upstream-failure"),
    ),
    "disallowed": (
        "unknown: The operation is disallowed on this registry, repository or image",
        ("image-or-repo-read-disabled", "quarantine-policy-hides-image"),
    ),
    "pull secrets": (
        "Warning  FailedToRetrieveImagePullSecret  kubelet  Unable to retrieve some image pull secrets (shop)",
        ("pull-secret-not-referenced-or-wrong-namespace",),
    ),
    "mirror": (
        "unexpected status from HEAD request to http://localhost:8578/v2/web/manifests/1: 503 Service Unavailable",
        ("artifact-streaming-mirror-failure", "kubelet-pull-role-missing"),
    ),
    "storage refuses": (
        "error parsing HTTP 403 response body: <Code>AuthorizationFailure</Code>",
        ("service-endpoint-policy-blocks-layer-storage",),
    ),
    "never": (
        'Container image "shopimages.azurecr.io/web:1" is not present with pull policy of Never',
        ("image-pull-policy-hazard",),
    ),
    "ErrImageNeverPull": ("Error: ErrImageNeverPull", ("image-pull-policy-hazard",)),
    "InvalidImageName": ("Error: InvalidImageName", ("invalid-image-reference",)),
    "parse": ('couldn\'t parse image reference "Web": invalid reference format', ("invalid-image-reference",)),
    "repository denied": ("denied: requested access to the resource is denied", ("scope-map-lacks-repository-read",)),
    "Entra": ("AADSTS7000222: The provided client secret keys are expired.", ("cluster-sp-secret-expired",)),
    "IMDS": (
        'Get "http://169.254.169.254/metadata": dial tcp 169.254.169.254:80: i/o timeout',
        ("imds-or-azure-dns-blocked",),
    ),
    "IMDS without identity": ('{"error_description":"Identity not found"}', ("kubelet-identity-not-on-vmss",)),
    "disk": ("failed to extract layer: write /x: no space left on device", ("node-disk-full",)),
    "Windows build": ("no matching manifest for windows/amd64 10.0.20348", ("pod-os-nodeselector-mismatch",)),
    "virtual node": ("RegistryErrorResponse: an error response is received", ("virtual-node-restricted-registry",)),
    "key": ("The identity associated with the registry is inactive.", ("cmk-key-or-identity-unavailable",)),
    # az acr check-health
    "CMK_ERROR": ("An error occurred: CMK_ERROR", ("cmk-key-or-identity-unavailable",)),
    "CONNECTIVITY_DNS_ERROR": (
        "CONNECTIVITY_DNS_ERROR",
        ("image-reference-registry-unknown", "private-dns-record-missing-or-stale", "cloud-suffix-mismatch"),
    ),
    "CONNECTIVITY_FORBIDDEN_ERROR": (
        "CONNECTIVITY_FORBIDDEN_ERROR",
        ("registry-firewall-excludes-cluster-egress", "registry-public-access-disabled-without-private-path"),
    ),
    "CONNECTIVITY_REFRESH_TOKEN_ERROR": (
        "CONNECTIVITY_REFRESH_TOKEN_ERROR",
        ("kubelet-pull-role-missing", "acr-audience-only-registry-old-node-image"),
    ),
    "CONNECTIVITY_ACCESS_TOKEN_ERROR": (
        "CONNECTIVITY_ACCESS_TOKEN_ERROR",
        ("abac-registry-acrpull-not-honoured", "abac-condition-excludes-repository"),
    ),
    "CONNECTIVITY_SSL_ERROR": (
        "CONNECTIVITY_SSL_ERROR",
        ("tls-inspection-ca-untrusted", "http-proxy-intercepts-registry"),
    ),
    "LOGIN_SERVER_ERROR": ("LOGIN_SERVER_ERROR", ("image-reference-registry-unknown",)),
    "CONNECTIVITY_TOOMANYREQUESTS_ERROR": ("CONNECTIVITY_TOOMANYREQUESTS_ERROR", ("registry-throttled",)),
    **{
        code: (code, ())
        for code in (
            *("DOCKER_COMMAND_ERROR", "DOCKER_DAEMON_ERROR", "DOCKER_VERSION_ERROR", "DOCKER_PULL_ERROR"),
            *("HELM_COMMAND_ERROR", "HELM_VERSION_ERROR", "NOTARY_COMMAND_ERROR", "NOTARY_VERSION_ERROR"),
            *("CONNECTIVITY_CHALLENGE_ERROR", "CONNECTIVITY_AAD_LOGIN_ERROR"),
        )
    },
    # az aks check-acr
    **{f"canipull {number}": (f"canipull exit code {number}", ()) for number in (1, 2, 3)},
    "canipull 4": ("az aks check-acr: exit status 4", ("cloud-suffix-mismatch",)),
    "canipull 10": ("canipull terminated, exit code: 10", ("cluster-sp-secret-expired",)),
    "canipull 52": ("canipull exit 52", ("custom-dns-does-not-forward",)),
    "canipull 60": ("canipull exited with code 60", ("kubelet-pull-role-missing",)),
    "check-acr is content": (
        "Your cluster can pull images from shopimages.azurecr.io!",
        ("registry-data-endpoint-not-allowed", "abac-registry-acrpull-not-honoured"),
    ),
    "401 alone": ("failed to fetch anonymous token: unexpected status: 401", ("kubelet-pull-role-missing",)),
    "manifest": ("manifest for shop.azurecr.io/web:1 not found", ("image-manifest-missing",)),
    "check-acr says so": (
        "Validating image pull permission: FAILED\nACR shopimages.azurecr.io rejected token exchange: 401",
        ("kubelet-pull-role-missing",),
    ),
    # the extension that makes a node
    **{
        f"extension {number}": (
            f"VMExtensionProvisioningError: vmssCSE: Enable failed: command terminated with exit status={number}",
            (first,),
        )
        for number, first in {
            **dict.fromkeys((45, 207, 208, 211, 212, 231), "network-isolated-cache-rule-missing"),
            210: "imds-or-azure-dns-blocked",
        }.items()
    },
}
NAMED: Final = tuple(CONDITIONS)
DESCRIBE: Final = """\
Name:             web-5d7f
Status:           Pending
    State:          Waiting
      Reason:       ImagePullBackOff
Events:
  Type     Reason                           Age                From               Message
  ----     ------                           ----               ----               -------
  Normal   Scheduled                        2m                 default-scheduler  Successfully assigned shop/web-5d7f to aks-linux1
  Warning  FailedToRetrieveImagePullSecret  9s (x9 over 2m)    kubelet            Unable to retrieve some image pull secrets (shop); attempting to pull the image may not succeed.
  Normal   Pulling                          50s (x4 over 2m)   kubelet            Pulling image "shopimages.azurecr.io/web:1.4.2"
  Warning  Failed                           50s (x4 over 2m)   kubelet            {first}
  Warning  Failed                           40s                kubelet            {second}
  Warning  Failed                           50s (x4 over 2m)   kubelet            Error: ErrImagePull
  Normal   BackOff                          9s (x6 over 2m)    kubelet            Back-off pulling image "shopimages.azurecr.io/web:1.4.2"
"""  # noqa: E501


def candidates(text: str) -> list[tuple[str, ...]]:
    return [one.symptom.candidates for one in recognise(text)]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_leads_to(name: str) -> None:
    message, first = MESSAGES[name]
    (found,) = candidates(message)
    assert found[: len(first)] == first
    assert bool(found) == bool(first)


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize(
    "around",
    [
        lambda text: textwrap.fill(text, 40, subsequent_indent=" " * 20),
        lambda text: "\n".join(text[at : at + 37] for at in range(0, len(text), 37)),
        str.upper,
        lambda text: "“" + text.replace('"', r"\"") + "”",
        lambda text: text.replace(":", "%3A").replace("/", "%2f"),
        lambda text: f"Nov 02 06:00:00 aks-linux1 kubelet[123]: E1102 06:00:00.1 1 x.go:1] {text}\r\n",
        lambda text: text.replace("<", r"\u003c").replace(">", "&gt;"),
        lambda text: f"\x1b[31m{text}\x1b[0m",
    ],
    ids=["wrapped", "broken inside of words", "shouted", "quoted", "escaped", "logged", "in JSON", "coloured"],
)
def test_what_is_around_it_does_not_matter(name: str, around: object) -> None:
    assert callable(around)
    message, _ = MESSAGES[name]
    assert candidates(around(message)) == candidates(message)


def test_every_symptom_is_led_to() -> None:
    seen = {one.symptom for message, _ in MESSAGES.values() for one in recognise(message)}
    more = (
        f"{HEAD}dial tcp [2001:db8::9]:443: i/o timeout",
        "Admin user is disabled.",
        "The container operating system does not match the host operating system.",
    )
    seen |= {one.symptom for message in more for one in recognise(message)}
    assert [symptom.parts for symptom in SYMPTOMS if symptom not in seen] == []


def test_every_condition_is_named_and_every_name_has_a_meaning() -> None:
    named = {slug for symptom in SYMPTOMS for slug in symptom.candidates}
    assert named == set(NAMED)
    assert all("\n" not in one.meaning and one.reference.startswith("https://") for one in CONDITIONS.values())
    assert all(len(set(symptom.candidates)) == len(symptom.candidates) for symptom in SYMPTOMS)


def test_every_check_has_a_symptom() -> None:
    assert [slug for slug in catalogue.load() if slug not in CONDITIONS] == []


def test_the_table_says_all_that_the_catalogue_says() -> None:
    path = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "catalogue.md"
    if not path.is_file():
        pytest.skip("PULLREADY_CORPUS names no folder with catalogue.md")
    text = path.read_text(encoding="utf-8")
    index = set(re.findall(r"^\| \d+ \| `([a-z0-9-]+)`", text, re.MULTILINE))
    sections = text[text.index("\n## 8. ") : text.index("\n## 11. ")]
    named = set(re.findall(r"`([a-z0-9-]+)`", sections)) & index
    assert len(index) == 94
    assert named - CONDITIONS.keys() == set()
    assert CONDITIONS.keys() - index == set()


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("10.0.0.1", Reach.PRIVATE),
        ("172.31.0.1", Reach.PRIVATE),
        ("172.32.0.1", Reach.PUBLIC),
        ("100.64.0.1", Reach.PRIVATE),
        ("203.0.113.1", Reach.PUBLIC),
        ("198.51.100.1", Reach.PUBLIC),
        ("fd12::1", Reach.PRIVATE),
        ("2001:db8::1", Reach.IPV6),
        ("256.0.0.1", None),
    ],
)
def test_where_an_address_lies(address: str, reach: Reach | None) -> None:
    assert reach_of(address) is reach


def test_registries_are_known_by_all_their_hosts() -> None:
    assert registries_in('Get "https://Shop.westeurope.data.azurecr.io/x", shop.privatelink.azurecr.io') == {
        "shop.azurecr.io"
    }
    assert registries_in("linux1 → shopimages.azureacr.io/web:1") == {"shopimages.azureacr.io"}
    assert registries_in("docker.io/library/nginx, azurecr.io") == set()


class TestSeveralMessages:
    def test_each_event_counts_once_and_equal_ones_together(self) -> None:
        found = recognise(DESCRIBE.format(first=ANONYMOUS, second=HEAD + "dial tcp 10.1.2.4:443: i/o timeout"))
        assert [one.symptom.candidates[0] for one in found] == [
            "pull-secret-not-referenced-or-wrong-namespace",
            "kubelet-pull-role-missing",
            "vnet-peering-missing-or-disconnected",
        ]
        (_, twice) = recognise(DESCRIBE.format(first=ANONYMOUS, second=ANONYMOUS))
        assert twice.messages == 2

    def test_wrapped_events_stay_apart(self) -> None:
        text = DESCRIBE.format(first=ANONYMOUS, second=HEAD + "EOF")
        wrapped = "\n".join(textwrap.fill(line, 100, subsequent_indent=" " * 30) for line in text.splitlines())
        assert candidates(wrapped) == candidates(text)

    def test_errors_of_each_credential(self) -> None:
        message = (
            'Failed to pull image "shop.azurecr.io/web:1": [rpc error: code = NotFound desc = '
            'failed to pull and unpack image "shop.azurecr.io/web:1": no match for platform in manifest: not found, '
            'failed to pull and unpack image "shop.azurecr.io/web:1": failed to authorize: '
            "failed to fetch anonymous token: unexpected status: 401 Unauthorized]"
        )
        assert [one[0] for one in candidates(message)] == ["pod-os-nodeselector-mismatch", "kubelet-pull-role-missing"]

    def test_pasted_without_what_kubectl_puts_around(self) -> None:
        pasted = f"{ANONYMOUS} {HEAD}dial tcp 10.1.2.4:443: i/o timeout"
        assert [one[0] for one in candidates(pasted)] == [
            "kubelet-pull-role-missing",
            "vnet-peering-missing-or-disconnected",
        ]

    def test_codes_in_one_line(self) -> None:
        assert len(recognise("HELM_COMMAND_ERROR CONNECTIVITY_DNS_ERROR CMK_ERROR")) == 3


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Back-off pulling image",
            "ImagePullBackOff",
            "exit code 60",
            "exit status 211",
            "the quick brown fox",
            "404",
        ),
        *("neofetch", "canipull exit code 600", "typeof", "port 1429 is open", "fetch oauth token for 401abc"),
    ],
)
def test_what_is_no_symptom(text: str) -> None:
    assert recognise(text) == ()


@given(st.text(st.characters(exclude_categories=()), max_size=400))
@example("\ud800 %3A %zz i/o timeout")
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_it(text: str) -> None:
    recognise(text)


@given(st.lists(st.sampled_from([word for message, _ in MESSAGES.values() for word in message.split()]), max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_mixture_of_known_words_breaks_it(words: list[str]) -> None:
    for one in recognise(" ".join(words)):
        assert one.fragment.isprintable()


class TestTheCommand:
    def test_without_a_snapshot(self, tmp_path: Path) -> None:
        ran = explain(tmp_path, ANONYMOUS)
        assert ran.code == Exit.READY
        assert ran.out.startswith("fetch anonymous token … 401 Unauthorized\n  means: ")
        assert "\n  1. kubelet-pull-role-missing: " in ran.out
        assert "     see: https://learn.microsoft.com/" in ran.out
        assert "there is no snapshot" in ran.out

    def test_of_a_pipe(self, tmp_path: Path) -> None:
        described = DESCRIBE.format(first=ANONYMOUS, second=ANONYMOUS).encode()
        ran = run_apart(tmp_path, "-m", "pullready", "explain", "-", stdin=b"\xef\xbb\xbf" + described + b"\xff")
        assert ran.code == Exit.READY, ran.said
        assert "(2 messages)" in ran.out

    def test_where_nothing_is_known(self, tmp_path: Path) -> None:
        ran = explain(tmp_path, "ImagePullBackOff")
        assert ran.code == Exit.NOTHING_JUDGED
        assert "no" in ran.out
        assert "kubectl describe pod" in ran.out

    @pytest.mark.parametrize(
        ("arguments", "stdin", "says"),
        [
            ((), b"", "MESSAGE"),
            (("",), b"", "the message is empty"),
            (("-",), b"  \n", "the standard input is empty"),
            (("-",), b"x" * (LONGEST + 1), "longer than 1 MiB"),
            (("EOF", "--snapshot=none.json"), b"", "none.json"),
            (("EOF", "--config=none.yaml"), b"", "none.yaml"),
            (("EOF", f"--cluster={CLUSTER}"), b"", "--cluster chooses from a snapshot"),
            (("EOF", "--config=live.yaml"), b"", "names no snapshot"),
            (("-", "--config=piped.yaml"), b"EOF", "standard input"),
        ],
    )
    def test_wrong_usage(self, arguments: tuple[str, ...], stdin: bytes, says: str, tmp_path: Path) -> None:
        (tmp_path / "live.yaml").write_text("manifests: [.]\n")
        (tmp_path / "piped.yaml").write_text("manifests: ['-']\nsnapshot: snapshot.json\n")
        ran = explain(tmp_path, *arguments, stdin=stdin)
        assert ran.code == Exit.USAGE
        assert says in ran.err
        assert "--pullready" not in ran.said
        assert ran.out == ""

    def test_closed_standard_input(self, tmp_path: Path) -> None:
        code = "import sys; sys.stdin = None; from pullready.__main__ import main; sys.exit(main(['explain', '-']))"
        assert run_apart(tmp_path, "-c", code).code == Exit.USAGE

    def test_a_broken_check_is_an_internal_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def break_down(*_: object) -> None:
            raise BrokenCheckError("canary")

        monkeypatch.setattr(standing, "judge_all", break_down)
        ran = explain(tmp_path, f"--config={HEALTHY}", "EOF")
        assert ran.code == Exit.INTERNAL
        assert ran.err.startswith("ERROR: BrokenCheckError at test_explain.py:")
        assert "canary" not in ran.said

    def test_help_names_the_exit_codes(self, tmp_path: Path) -> None:
        said = run_apart(tmp_path, "-m", "pullready", "explain", "--help").out
        for code in (0, 2, 3, 4, 5):
            assert f"\n  {code:2}  " in said

    def test_nothing_that_judges_is_loaded_without_a_snapshot(self, tmp_path: Path) -> None:
        code = (
            "import sys; from pullready.__main__ import main; main(['explain', 'EOF']); "
            "print([name for name in ('pytest', 'msgspec', 'ruamel', 'azure', 'pullready.facts') "
            "if name in sys.modules])"
        )
        assert run_apart(tmp_path, "-c", code).out.endswith("\n[]\n")

    def test_nothing_that_reads_live_is_loaded_with_one(self, tmp_path: Path) -> None:
        code = (
            f"import sys; from pullready.__main__ import main; main(['explain', '--config={HEALTHY}', 'EOF']); "
            "print([name for name in ('azure', 'kubernetes', 'requests') if name in sys.modules])"
        )
        assert run_apart(tmp_path, "-c", code).out.endswith("\n[]\n")


def symptom_of(slug: str) -> str:
    """Return what the page of an example says that the events say."""
    page = broken(slug).with_name("README.md").read_text(encoding="utf-8")
    return page.split("```")[1]


def candidates_shown(ran: Ran) -> list[str]:
    return re.findall(r"^  \d+\. ([a-z0-9-]+): ", ran.out, re.MULTILINE)


class TestWithASnapshot:
    @pytest.mark.parametrize("slug", sorted(path.name for path in broken().parent.parent.iterdir()))
    def test_the_check_of_an_example_comes_first(self, slug: str, tmp_path: Path) -> None:
        ran = explain(tmp_path, f"--config={broken(slug)}", "-", stdin=symptom_of(slug).encode())
        assert ran.code == Exit.READY, ran.said
        assert ran.first_line.startswith("EMBEDDED EXAMPLE: ")
        assert candidates_shown(ran)[0] == slug
        first = re.split(r"^(?:  2\. |Also found)", ran.out[ran.out.index(f"  1. {slug}: ") :], flags=re.MULTILINE)[0]
        assert re.search(r"^     found on \S+: ", first, re.MULTILINE)
        assert "       observed: " in first
        assert "       remedy:   " in first
        assert f"     see: {catalogue.load()[slug].reference}\n" in first

    def test_of_the_healthy_example_nothing_is_found(self, tmp_path: Path) -> None:
        ran = explain(tmp_path, f"--config={HEALTHY}", ANONYMOUS)
        assert "found on" not in ran.out
        assert "clear on prod: " in ran.out
        assert "not judged: this version has no check for it" in ran.out

    def test_what_no_message_points_to_is_said_at_the_end(self, tmp_path: Path) -> None:
        ran = explain(tmp_path, f"--config={broken()}", "pull QPS exceeded")
        assert ran.code == Exit.READY
        assert ran.out.index("Also found") < ran.out.index("kubelet-pull-role-missing on prod")

    def test_what_is_found_for_another_registry_says_so(self, tmp_path: Path) -> None:
        ran = explain(tmp_path, f"--config={broken()}", ANONYMOUS.replace("shopimages", "shoptools"))
        assert "(another registry than the message names)" in ran.out
        assert "another registry" not in explain(tmp_path, f"--config={broken()}", ANONYMOUS).out

    def test_a_snapshot_alone(self, tmp_path: Path) -> None:
        content = json.loads(broken().with_name("snapshot.json").read_bytes())
        unnamed = explain(tmp_path, f"--snapshot={broken().with_name('snapshot.json')}", ANONYMOUS)
        assert (unnamed.code, "--cluster" in unnamed.err) == (Exit.USAGE, True)
        named = {"name": "prod", "cluster": CLUSTER, "registries": ["shopimages"], "manifests": []}
        (tmp_path / "saved.json").write_text(json.dumps({**content, "targets": [named]}))
        alone = explain(tmp_path, "--snapshot=saved.json", ANONYMOUS)
        assert alone.code == Exit.READY, alone.said
        assert candidates_shown(alone)[0] == "kubelet-pull-role-missing"
        chosen = explain(tmp_path, "--snapshot=saved.json", f"--cluster={CLUSTER}", ANONYMOUS)
        assert "on prod: " in chosen.out


def test_nothing_of_the_message_is_repeated_but_what_is_known(tmp_path: Path) -> None:
    canary = "canary0"
    places = (
        f"{canary} ",
        f"https://reader:{canary}@shopimages.azurecr.io/x?sig={canary} ",
        f"Authorization: Bearer {canary}.{canary} ",
        f"password={canary} ",
    )
    for message, _ in MESSAGES.values():
        for place in places:
            for text in (place + message, message + " " + place, message.replace(": ", f": {place}", 1)):
                ran = explain(tmp_path, "-", stdin=text.encode())
                assert canary not in ran.said
    ran = explain(tmp_path, f"--config={broken()}", f"{places[1]} {ANONYMOUS} {places[2]}")
    assert canary not in ran.said
