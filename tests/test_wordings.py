"""What judgements say, word for word: one of each branch. ``python -m tests.test_wordings`` writes it anew."""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from pullready import catalogue
from pullready.facts import Facts
from pullready.spec import run_check
from pullready.verdict import Evidence, Judgement, kind
from tests.environment import CASES, NAMES, case_scope

FOLDER: Final = Path(__file__).parent / "wordings"
CHECKS: Final = catalogue.load()
#: What differs between two judgements that say the same of other things.
VARIES: Final = re.compile(r"\{[^}]*\}\S*|\S*[0-9/]\S*|\S*\.(io|us|cn|net)\b")
WORDINGS: Final = [
    paragraph for path in sorted(FOLDER.glob("*.txt")) for paragraph in path.read_text().strip().split("\n\n")
]


def wording(judgement: Judgement) -> list[str]:
    """Say a judgement in lines: kind and subject, its texts, then the place and the meaning of each evidence."""
    texts = (getattr(judgement, part, "") for part in ("observed", "reason", "expected", "remedy"))
    places = (f"{document_name(one)} {one.pointer}: {one.says}" for one in judgement.evidence)
    return [shortened(line) for line in (f"{kind(judgement)} {judgement.subject}", *texts, *places) if line]


def document_name(evidence: Evidence) -> str:
    return "manifest" if evidence.document.startswith("manifest:") else evidence.document


def shortened(text: str) -> str:
    for name, id_ in sorted(NAMES.items(), key=lambda item: -len(item[1])):
        text = text.replace(id_.replace("/", "~1"), f"{{{name}}}").replace(id_, f"{{{name}}}")
    return text


def judged(slug: str, case: dict[str, Any], folder: Path) -> tuple[Judgement, ...]:
    return tuple(run_check(CHECKS[slug], Facts(case_scope(case, folder))))


@pytest.mark.parametrize("paragraph", WORDINGS, ids=lambda paragraph: paragraph.partition("\n")[0].strip("[]"))
def test_a_judgement_says_what_was_read_and_what_to_do(paragraph: str, tmp_path: Path) -> None:
    """The texts are what people act on."""
    heading, *lines = paragraph.splitlines()
    slug, name, index = heading.strip("[]").split()
    case = tomllib.loads((CASES / f"{slug}.toml").read_text())[name]
    assert [line for line in wording(judged(slug, case, tmp_path)[int(index)]) if "\n" not in line] == lines


def test_every_check_is_among_them() -> None:
    assert {paragraph.split()[0].strip("[") for paragraph in WORDINGS} == set(CHECKS)


def paragraphs(slug: str) -> Iterator[str]:
    """Yield the judgements of the cases of *slug* that say something which none before them says."""
    said: set[str] = set()
    for name, case in tomllib.loads((CASES / f"{slug}.toml").read_text()).items():
        with tempfile.TemporaryDirectory() as folder:
            judgements = judged(slug, case, Path(folder))
            for index, judgement in enumerate(judgements):
                lines = [line for line in wording(judgement) if "\n" not in line]
                forms = {VARIES.sub("#", line) for line in lines[1:]}
                if folder in "".join(lines) or said.issuperset(forms):
                    continue
                said |= forms
                yield "\n".join((f"[{slug} {name} {index}]", *lines))


def write() -> None:
    """Write the file of each check."""
    for slug in CHECKS:
        made = "\n\n".join(paragraphs(slug))
        (FOLDER / f"{slug}.txt").write_text(made + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
