"""What is kept of a Kubernetes object: what facts use, and nothing else.

An allow-list: environment variables, annotations, arguments, the data of Secrets and ConfigMaps never get past it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pullready.collectors.pull_events import reduced_event
from pullready.collectors.pull_secrets import reduced_pull_secret, reduced_times
from pullready.facts.credentials import MAKERS
from pullready.facts.images import may_name_images, mentions
from pullready.facts.objects import is_list
from pullready.facts.pods import POD_SPECS, is_custom, is_pod_spec
from pullready.facts.provisioning import AZURE_GROUP, CLASS, GROUP, POOL
from pullready.facts.reference import without_user_info
from pullready.facts.service_accounts import RENEWER_LABELS

#: Shapes: a mapping of keys to shapes, a list of one shape, ``LABELS``, and ``VALUE`` for a string, number or boolean.
VALUE: Final = "value"
LABELS: Final = "labels"
Shape = str | Mapping[str, Any] | list[Any]

_NAMED: Final = {"name": VALUE}
_WINDOWS: Final = {"windowsOptions": {"hostProcess": VALUE}}
_CONTAINER: Final = {"name": VALUE, "image": VALUE, "imagePullPolicy": VALUE, "securityContext": _WINDOWS}
_TOLERATIONS: Final = [{"key": VALUE, "operator": VALUE, "value": VALUE, "effect": VALUE}]
_TAINT: Final = {"key": VALUE, "value": VALUE, "effect": VALUE}
_REQUIREMENTS: Final = [{"key": VALUE, "operator": VALUE, "values": [VALUE]}]
_TERMS: Final = {"nodeSelectorTerms": [{"matchExpressions": _REQUIREMENTS, "matchFields": _REQUIREMENTS}]}
POD_SPEC: Final = {
    "initContainers": [_CONTAINER],
    "containers": [_CONTAINER],
    "ephemeralContainers": [_CONTAINER],
    "volumes": [{"name": VALUE, "image": {"reference": VALUE, "pullPolicy": VALUE}}],
    "nodeSelector": LABELS,
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": _TERMS}},
    "tolerations": _TOLERATIONS,
    "runtimeClassName": VALUE,
    "os": _NAMED,
    "securityContext": _WINDOWS,
    "imagePullSecrets": [_NAMED],
    "serviceAccountName": VALUE,
    "serviceAccount": VALUE,
    "nodeName": VALUE,
    "schedulerName": VALUE,
    "priorityClassName": VALUE,
}
#: How many pods are made; it stands beside the pod template.
_COUNTS: Final = {"replicas": VALUE, "parallelism": VALUE, "completions": VALUE}
_IDENTITY: Final = {
    "apiVersion": VALUE,
    "kind": VALUE,
    "metadata": {"name": VALUE, "generateName": VALUE, "namespace": VALUE},
}
IDENTITY_KEYS: Final = frozenset(_IDENTITY)
_KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ServiceAccount": {"imagePullSecrets": [_NAMED]},
    "Node": {"metadata": {"name": VALUE, "labels": LABELS}, "spec": {"taints": [_TAINT]}},
    "RuntimeClass": {"handler": VALUE, "scheduling": {"nodeSelector": LABELS, "tolerations": _TOLERATIONS}},
    "Secret": {"type": VALUE},
}
#: What node auto-provisioning makes nodes by, by group and kind.
_PROVISIONING: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    (GROUP, POOL): {
        "spec": {
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "requirements": _REQUIREMENTS,
                    "taints": [_TAINT],
                    "nodeClassRef": {"group": VALUE, "kind": VALUE, "name": VALUE},
                },
            },
            "limits": LABELS,
        }
    },
    (AZURE_GROUP, CLASS): {"spec": {"imageFamily": VALUE}},
}
_IMAGE: Final = {"registry": VALUE, "repository": VALUE, "tag": VALUE, "digest": VALUE}
_WIDEST_INTEGER: Final = 2**63


def reduce_object(body: Any) -> dict[str, Any] | None:
    """Return what facts use of a Kubernetes object, or of a list of them; none where *body* has no kind."""
    if not isinstance(body, dict) or not isinstance(body.get("kind"), str):
        return None
    kept: dict[str, Any] = part_of(body, _IDENTITY)
    if is_list(body):
        return {**kept, "items": [reduce_object(item) or {} for item in body["items"]]}
    kind = body["kind"]
    custom = is_custom(body)
    if kind in POD_SPECS and not custom:
        return {**kept, **_along(body, POD_SPECS[kind].split("/")[1:])}
    group = str(body.get("apiVersion")).rpartition("/")[0]
    if shape := _PROVISIONING.get((group, kind)) if custom else _KINDS.get(kind):
        return {**kept, **part_of(body, shape), **(_secret(kept, body) if kind == "Secret" else {})}
    if kind in MAKERS and custom:
        return {**kept, **part_of(body, _nested(MAKERS[kind]))}
    rest = {key: value for key, value in body.items() if key not in {*_IDENTITY, "status"}}
    return {**kept, **(_outline(rest, mentioned=may_name_images(body)) or {})}


def reduce_list(body: Any) -> dict[str, Any]:
    """Return what facts use of a list as the API server answers it: only the list tells the kind of its items."""
    kind = {"apiVersion": body["apiVersion"], "kind": str(body["kind"]).removesuffix("List")}
    if kind["kind"] == "Event":
        items = [reduced_event(item) for item in body["items"]]
    else:
        items = [reduce_object({**item, **kind}) or {} for item in body["items"]]
    return {"apiVersion": body["apiVersion"], "kind": body["kind"], "items": items}


def part_of(value: Any, shape: Shape) -> Any:
    """Return the part of *value* that *shape* names; what has another type stays as an empty value of that type.

    A property that is null counts as absent, as the API server has it.
    """
    if shape == VALUE:
        return _scalar(value)
    if shape == LABELS and isinstance(value, dict):
        return {key: _scalar(label) for key, label in value.items() if label is not None}
    if isinstance(shape, Mapping) and isinstance(value, dict):
        return {key: part_of(value[key], inner) for key, inner in shape.items() if value.get(key) is not None}
    if isinstance(shape, list) and isinstance(value, list):
        return [part_of(item, shape[0]) for item in value]
    return None if value is None else type(value)()


def _scalar(value: Any) -> Any:
    match value:
        case str():
            return without_user_info(value) if "@" in value else value
        case int() if abs(value) >= _WIDEST_INTEGER:
            return 0
        case bool() | int() | float() | None:
            return value
        case _:
            return type(value)()


def _along(value: Any, steps: list[str]) -> Any:
    """Return the pod specification at the end of *steps*, with nothing beside it on the way but how many are made."""
    if not steps:
        return part_of(value, POD_SPEC)
    if not isinstance(value, dict) or value.get(steps[0]) is None:
        return {}
    counts = part_of(value, _COUNTS) if steps[0] == "template" else {}
    return {**counts, steps[0]: _along(value[steps[0]], steps[1:])}


def _outline(value: Any, key: str = "", *, mentioned: bool = True) -> Any:
    """Return the pod specifications in *value*, and other images it names; lists keep their length, or are left out."""
    if is_pod_spec(value):
        rest = {name: inner for name, inner in value.items() if name not in POD_SPEC}
        return {**(_outline(rest, mentioned=mentioned) or {}), **part_of(value, POD_SPEC)}
    if isinstance(value, dict):
        if (
            mentioned
            and isinstance(value.get("repository"), str)
            and next(mentions("", value, key), ("x", ""))[0] == ""
        ):
            return part_of(value, _IMAGE)
        kept = {name: _outline(inner, name, mentioned=mentioned) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None} or None
    if isinstance(value, list):
        items = [_outline(item, key, mentioned=mentioned) for item in value]
        return None if all(item is None for item in items) else [{} if item is None else item for item in items]
    return _scalar(value) if mentioned and any(True for _ in mentions("", value, key)) else None


def _nested(steps: tuple[str, ...]) -> Shape:
    """Return the shape that has a value at the end of *steps* and nothing beside it."""
    return {steps[0]: _nested(steps[1:])} if steps else VALUE


def _made_by(metadata: Any) -> dict[str, Any]:
    """Return what says which controller writes a Secret: the kinds of its owners, and two labels."""
    if not isinstance(metadata, dict):
        return {}
    shape = {"ownerReferences": [{"kind": VALUE}], "labels": dict.fromkeys(RENEWER_LABELS, VALUE)}
    return {name: value for name, value in part_of(metadata, shape).items() if value}


def _secret(kept: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a Secret beside its type: its logins, and when it was changed."""
    metadata = {**kept.get("metadata", {}), **_made_by(body.get("metadata")), **reduced_times(body.get("metadata"))}
    return {**({"metadata": metadata} if metadata else {}), **reduced_pull_secret(body)}
