"""Find the known symptoms in what somebody pasted or piped, however it was wrapped, quoted and escaped.

The text is cut into messages, one for each event or line of a log; each message is squeezed, which takes away blanks
and quotes and makes letters small, so that a line break even inside of a word does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network
from itertools import pairwise
from typing import Final
from urllib.parse import unquote

from pullready.symptoms.symptom import Reach, Symptom
from pullready.symptoms.table import SYMPTOMS

#: Private in a network of Azure. :attr:`ipaddress.IPv4Address.is_private` also counts the ranges of documentation.
_PRIVATE: Final = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7"))
)
_ESCAPES: Final = {
    r"\u003c": "<",
    r"\u003e": ">",
    r"\u0026": "&",
    r"\u0022": '"',
    r"\u0027": "'",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&amp;": "&",
    r"\r\n": "\n",
    r"\n": "\n",
    r"\t": " ",
}
_ESCAPE: Final = re.compile("|".join(map(re.escape, _ESCAPES)), re.IGNORECASE)
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,20}[a-zA-Z]")
#: What a message begins with: an event as kubectl shows it, a line of a log, a message in YAML or JSON, a blank line.
_BEGINNING: Final = re.compile(
    r"^(?="
    r"[ \t]*(?:[^\s\"']{1,60}[ \t]+){0,3}(?:Normal|Warning)[ \t]+[A-Z][A-Za-z]+\b"
    r"|[ \t]*[IWEF]\d{4} \d\d:\d\d"
    r"|[ \t]*(?:[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d)"
    r"|[ \t]*(?:- )?\"?message\"?:"
    r"|[ \t]*$)",
    re.MULTILINE,
)
#: Where in squeezed text the next message begins: a next event, or the error of the next credential that kubelet tried.
_NEXT: Final = re.compile(r"(?=failedtopullimage)|(?<=,)(?=failedtopullandunpack|failedtoresolvereference|rpcerror:)")
_SIGNS: Final = frozenset(" \t\n\r\v\f\0\"'`“”\u2018\u2019\u00b4\\\u00a0\u200b\ufeff")
_SMALL: Final = {ord(letter): ord(letter.lower()) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_LONGEST_FRAGMENT: Final = 80


@dataclass(frozen=True, slots=True)
class Recognised:
    """A symptom that was recognised: as it was written, in how many messages, and the registries that those name."""

    symptom: Symptom
    fragment: str
    messages: int
    hosts: frozenset[str]


#: A registry's login server, or a host of its: one for its data, one of a region, its private one. Slips, too.
_HOST: Final = re.compile(
    r"(?<![a-z0-9.-])([a-z0-9][a-z0-9-]{0,62})(?:\.[a-z0-9-]{1,63}){0,3}(\.azure?[a-z]{2,4}\.(?:io|cn|us))(?![a-z0-9-])"
)


def registries_in(text: str) -> frozenset[str]:
    """Return the login servers that *text* names."""
    return frozenset(name + suffix for name, suffix in _HOST.findall(text.translate(_SMALL)))


def recognise(text: str) -> tuple[Recognised, ...]:
    """Return the symptoms in *text*, each once, the first that it names first."""
    found: dict[Symptom, Recognised] = {}
    for message in _messages(text):
        hosts = registries_in(message)
        here = {symptom: fragment for part in _squeezed(message) for symptom, fragment in _symptoms_of(part)}
        for symptom, fragment in here.items():
            known = found.get(symptom)
            if known is None:
                found[symptom] = Recognised(symptom, fragment, 1, hosts)
            else:
                found[symptom] = Recognised(symptom, known.fragment, known.messages + 1, known.hosts | hosts)
    return tuple(found.values())


def reach_of(address: str) -> Reach | None:
    """Say where *address* lies; none where it is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if any(parsed in network for network in _PRIVATE):
        return Reach.PRIVATE
    return Reach.PUBLIC if isinstance(parsed, IPv4Address) else Reach.IPV6


def _messages(text: str) -> Iterator[str]:
    """Yield the messages in *text*, unescaped."""
    plain = _ESCAPE.sub(lambda found: _ESCAPES[found[0].lower()], _COLOUR.sub("", unquote(text)))
    yield from (message for message in _BEGINNING.split(plain) if message.strip())


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a message: squeezed, and as it was written."""

    squeezed: str
    written: str
    places: tuple[int, ...]

    def fragment(self, start: int, end: int) -> str:
        """Return in one line what stands squeezed between *start* and *end*."""
        line = " ".join(self.written[self.places[start] : self.places[end - 1] + 1].split())
        line = "".join(sign for sign in line if sign.isprintable())
        return line if len(line) <= _LONGEST_FRAGMENT else line[: _LONGEST_FRAGMENT - 1] + "…"


def _squeezed(message: str) -> Iterator[_Part]:
    """Yield the parts of *message*, squeezed."""
    places = [place for place, sign in enumerate(message) if sign not in _SIGNS]
    squeezed = "".join(message[place] for place in places).translate(_SMALL)
    cuts = [0, *(found.start() for found in _NEXT.finditer(squeezed)), len(squeezed)]
    for start, end in pairwise(cuts):
        if start < end:
            yield _Part(squeezed[start:end], message, tuple(places[start:end]))


def _symptoms_of(part: _Part) -> Iterator[tuple[Symptom, str]]:
    """Yield every code in *part*, or else the first message that fits."""
    codes = False
    for symptom in SYMPTOMS:
        if codes and not symptom.code:
            return
        for found in symptom.pattern.finditer(part.squeezed):
            if symptom.reach is not None and reach_of(found["ip"]) is not symptom.reach:
                continue
            # What stands between the parts may be a secret, and is never shown.
            spans = [found.span(f"p{number}") for number in range(len(symptom.parts))]
            yield symptom, " … ".join(part.fragment(*span) for span in spans)
            codes = codes or symptom.code
            if not symptom.code:
                return
            break
