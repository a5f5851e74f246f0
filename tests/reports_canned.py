"""The reports show what was found.

Symptom: ``unexpected status: 401 Unauthorized``.

Cause: this page is a stand-in for that of a real check; it has <b>markup</b>, a `tick` and a | pipe.

Fix: read the reports::

    az role assignment create --role AcrPull --assignee OBJECT --scope REGISTRY
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from pullready.config import Target, Waiver
from pullready.outcome import ImageOutcome, Result, Run, SeenFailing, Selection, Source, result
from pullready.spec import Check
from pullready.verdict import Clear, Evidence, Found, Judgement, Location, NotApplicable, Severity, Unknown
from pullready.waivers import Waivers

CLUSTER = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/shop"
    "/providers/Microsoft.ContainerService/managedClusters/prod"
)
PROD = Target("prod", CLUSTER, file="pullready.yaml", line=2)
MANIFESTS = Target("deploy", manifests=("/srv/deploy",))
#: What a report must neither obey nor break on.
HOSTILE = {
    "control": "bell\x07 escape\x1b[31m null\x00 c1\x9b",
    "cdata": "]]> <![CDATA[ &amp; -->",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" \'',
    "emoji": "shop 😀 größe 店",
    "long": "x" * 10_000,
    "table": "a|b\r\nc\n| d | e |\n\n# heading\n```\nfence\n```",
    "markdown": "*bold* _it_ `code` [text](https://198.51.100.1/) ![i](x) ~~s~~ \\ $x$",
    "bidi": "safe\u202etxt.exe\u2066",
    "exploding": "Error: a line that starts with E\nE       assert",
}


def test_stand_in_is_healthy() -> None:
    """Stand for the function of a check."""


def check(id_: str, severity: Severity = Severity.BLOCKER, follows_from: tuple[str, ...] = ()) -> Check:
    return Check(id_, severity, f"https://learn.microsoft.com/azure/{id_}", follows_from, test_stand_in_is_healthy)


def evidence(says: str = "the role assignments at and above the registry") -> tuple[Evidence, ...]:
    return (Evidence(CLUSTER, "/properties/identityProfile/kubeletidentity/objectId", "0c0ffee0", says),)


def found(
    subject: str = "shop.azurecr.io", severity: Severity | None = None, location: Location | None = None
) -> Found:
    return Found(
        subject,
        "the kubelet identity 0c0ffee0 has none of the roles that may pull",
        "AcrPull, or another role with the action pull/read, at or above the registry",
        "az role assignment create --role AcrPull \\\n  --assignee-object-id 0c0ffee0 --scope $REGISTRY",
        evidence(),
        severity,
        location,
    )


def unknown(subject: str = "linux1 → shop.azurecr.io") -> Unknown:
    return Unknown(subject, "reading the role assignments is forbidden", "Grant Reader on the registry, then run again")


def clear(subject: str = "linux1") -> Clear:
    return Clear(subject, evidence("the identity is on the scale set"))


def waiver(id_: str, subject: str, until: date = date(2026, 12, 31)) -> Waiver:
    return Waiver(id_, subject, "moves to a new registry", "team-shop", until, None, "pullready.yaml", 9)


WAIVERS = (
    waiver("registry-firewall-excludes-cluster-egress", "linux1"),
    waiver("kubelet-pull-role-missing", "shop.azurecr.io", date(2026, 1, 1)),
    waiver("kubelet-pull-role-missing", "other.azurecr.io"),
)

ROLE = check("kubelet-pull-role-missing")
JUDGED: tuple[tuple[Check, Target, tuple[Judgement, ...]], ...] = (
    (ROLE, PROD, (found(), unknown(), clear("test.azurecr.io"))),
    (check("pull-path-follows", follows_from=(ROLE.id,)), PROD, (found(),)),
    (check("cluster-sp-secret-expired"), PROD, (NotApplicable("", "the cluster has a managed identity"),)),
    (check("kubelet-identity-not-on-vmss"), PROD, (clear(), clear("windows"))),
    (check("registry-firewall-excludes-cluster-egress"), PROD, (found("linux1 → shop.azurecr.io"), clear("windows"))),
    (check("private-dns-zone-not-linked-to-cluster-vnet"), PROD, (unknown("linux1"), clear("windows"))),
    (
        check("image-pull-policy-always", Severity.RISK),
        PROD,
        (found("Deployment default/web"), clear("Job default/sync")),
    ),
    (
        check("image-reference-registry-unknown"),
        MANIFESTS,
        (found("Deployment default/api", location=Location("deploy/api v1.yaml", 14)),),
    ),
    (check("pod-os-nodeselector-mismatch", Severity.RISK), MANIFESTS, (unknown("deploy/app.yaml"),)),
)


def images() -> tuple[ImageOutcome, ...]:
    links = ("reference", "identity", "dns")
    return (
        ImageOutcome(
            "prod", "linux1", "shop.azurecr.io/web:1.4", ("Deployment default/web",), "blocked", (ROLE.id,), (), links
        ),
        ImageOutcome(
            "prod",
            "windows",
            "shop.azurecr.io/till:2.0",
            ("Deployment default/till",),
            "unknown",
            (),
            links[:1],
            links[1:],
        ),
        ImageOutcome(
            "prod",
            "linux1",
            "shop.azurecr.io/api:3.1",
            ("Deployment default/api",),
            "no-fault-found",
            (),
            links,
            ("layers",),
            SeenFailing("2026-11-02T05:58:00Z", ("the connection timed out",), ("nsg-blocks-registry-egress",)),
        ),
    )


def results(
    judged: tuple[tuple[Check, Target, tuple[Judgement, ...]], ...] = JUDGED,
) -> tuple[tuple[Result, ...], Waivers]:
    waivers = Waivers(WAIVERS, today=date(2026, 11, 20))
    done: list[Result] = []
    for one, target, judgements in judged:
        done.append(result(one, target, judgements, waivers=waivers, earlier=done, fail_on=Severity.BLOCKER))
    return tuple(done), waivers


def run(*more: Result, example: str | None = None) -> Run:
    """Return a run with every kind of verdict but broken; *more* results are appended."""
    done, waivers = results()
    return Run(
        "0.1.0",
        Source(
            "live", datetime(2026, 11, 20, 8, 30, tzinfo=UTC), 312, 2, {"arm": 21}, "sha256:aa", "sha256:bb", example
        ),
        Selection(tuple(one.id for one, _, _ in JUDGED), ("image-tag-missing",)),
        (*done, *more),
        images(),
        waivers.account((one.check.id, one.target) for one in done),
        Severity.BLOCKER,
        (PROD, MANIFESTS),
    )


def broken() -> Result:
    return Result(check("image-platform-missing"), "prod", CLUSTER, (), Severity.BLOCKER, "KeyError: 'sku'")


def _judged(text: str) -> tuple[Judgement, ...]:
    read = (Evidence(text, text, text, text),)
    return (
        Found(text, text, text, text, read, location=Location(text.replace("/", ""), 3)),
        Unknown(text, text, f"az {text}", read),
        NotApplicable(text, text, read),
        Clear(text, read),
    )


def hostile() -> Run:
    """Return a run in which every text from outside is hostile, each in a check of its own."""
    done = []
    for name, text in HOSTILE.items():
        for number, judgement in enumerate(_judged(text)):
            target = Target(f"{text[:60]}{number}", text, file=text, line=7)
            for waived in (False, True):
                one = check(f"hostile-{name}{'-waived' * waived}")
                accepted = Waiver(one.id, text, text, text, date(2026, 12, 31), None, text, 1)
                waivers = Waivers([accepted] if waived else [], today=date(2026, 11, 20))
                done.append(result(one, target, (judgement,), waivers=waivers, earlier=(), fail_on=Severity.BLOCKER))
    everything = " ".join(HOSTILE.values())
    whole = run(*done, example=everything)
    bad = waiver("kubelet-pull-role-missing", everything)
    return replace(
        whole,
        images=tuple(ImageOutcome(t, t, t, (t,), "unknown", (), (t,), (t,)) for t in HOSTILE.values()),
        waivers=replace(whole.waivers, unmatched=(replace(bad, reason=everything, owner=everything),)),
        notices=(everything,),
        results=(*whole.results, replace(broken(), broken=everything)),
    )
