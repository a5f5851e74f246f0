"""What is kept of the events of a live cluster: which image could not be pulled, where, when, and the symptoms named.

The message of an event may hold anything: the signature in the address of a layer, what a proxy answers, a command line
of a container. So an allow-list of known wordings is kept of it, and nothing that stands between them.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pullready.facts.pull_failures import UNRETRIEVED
from pullready.facts.reference import without_user_info
from pullready.symptoms import recognise

#: The API server leaves out what is none of these, before anything is sent.
FIELDS: Final = "type=Warning,involvedObject.kind=Pod"
_PULL: Final = re.compile(r'\s*Failed to pull image "(?P<image>[^"\s]{1,1024})"')
_SECRETS: Final = re.compile(r"\s*Unable to retrieve some image pull secrets \((?P<names>[a-z0-9., -]{1,4096})\)")
_NAME: Final = re.compile("[a-z0-9.-]{1,253}")
_REASON: Final = re.compile("[A-Z][A-Za-z]{0,127}")
_TIME: Final = re.compile("[0-9TZ:.+-]{1,40}")
_LONGEST: Final = 1 << 15
_TIMES: Final = ("lastTimestamp", "eventTime")


def is_of_pull(body: Mapping[str, Any]) -> bool:
    """Say whether an event is of a pull that failed, or of pull secrets that were not there for one."""
    message = body.get("message")
    return isinstance(message, str) and bool(_PULL.match(message) or _SECRETS.match(message))


def reduced_event(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of the event *body* of a pull; what was kept of it before stays as it is."""
    if "message" in body:
        told, pod, source = _told(str(body["message"])[:_LONGEST]), body.get("involvedObject"), body.get("source")
        namespace = pod.get("namespace") if isinstance(pod, dict) else ""
        node = source.get("host") if isinstance(source, dict) else ""
        at = next((body[name] for name in _TIMES if body.get(name)), "")
    else:
        told, namespace, node, at = _kept(body), body.get("namespace"), body.get("node"), body.get("at")
    return {
        "reason": _formed(body.get("reason"), _REASON),
        **told,
        "namespace": _formed(namespace, _NAME),
        "node": _formed(node, _NAME),
        "at": _formed(at, _TIME),
    }


def _told(message: str) -> dict[str, Any]:
    if found := _SECRETS.match(message):
        return {"reason": UNRETRIEVED, "secrets": [one.strip() for one in found["names"].split(",")]}
    if found := _PULL.match(message):
        symptoms = [one.fragment for one in recognise(message[found.end() :])]
        return {"image": without_user_info(found["image"]), "symptoms": symptoms}
    return {}


def _kept(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a saved event tells; anybody may have written there what no run would."""
    kept: dict[str, Any] = {}
    if isinstance(image := body.get("image"), str):
        kept["image"] = without_user_info(image)
    for name, part in (("symptoms", _wordings), ("secrets", _names)):
        if isinstance(texts := body.get(name), list):
            kept[name] = [one for text in texts if isinstance(text, str) for one in part(text)]
    return kept


def _wordings(text: str) -> list[str]:
    return [one.fragment for one in recognise(text)]


def _names(text: str) -> list[str]:
    return [text] if _NAME.fullmatch(text) else []


def _formed(value: object, form: re.Pattern[str]) -> str:
    """Return *value* where it is what stands there in every event; a saved one may have any text."""
    return value if isinstance(value, str) and form.fullmatch(value) else ""
