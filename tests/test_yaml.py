"""YAML is untrusted input: what it says, where it says it, and that nothing in it hangs or crashes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullready import yaml
from pullready.errors import InputError
from pullready.yaml import YamlDocument, read, read_mapping

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
MERGE_BOMB = ("a0: &a0 {" + ", ".join(f"k{n}: v" for n in range(1000)) + "}\n") + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 100)}]}}\n" for n in range(1, 12)
)


def only(text: str | bytes) -> Any:
    """Return the value of the one document in *text*; raise the error where it is broken."""
    (document,) = read(text if isinstance(text, bytes) else text.encode(), "app.yaml")
    if isinstance(document, InputError):
        raise document
    return document.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("no", "no"),
        ("y", "y"),
        ("~", None),
        ("Null", None),
        ("17", 17),
        ("-1", -1),
        ("0", 0),
        ("0777", "0777"),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-11-22", "2026-11-22"),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("1.29.1", "1.29.1"),
        ("-.inf", -math.inf),
        ("'true'", "true"),
        ('"17"', "17"),
        ("!!str 17", "17"),
        ("!!int '17'", 17),
        ("!!float 1", 1.0),
        ("<<", "<<"),
        ("|\n  17\n", "17\n"),
        ('{"a": "\\/ \\ud83d\\ude00"}', {"a": "/ 😀"}),
        ("[shop.azurecr.io/web:1.4, 12:30:45]", ["shop.azurecr.io/web:1.4", "12:30:45"]),
        ("{name: web, image: shop.azurecr.io:443/web:1.4}", {"name": "web", "image": "shop.azurecr.io:443/web:1.4"}),
        (
            "{a: b:c, d: 'e:f', \"g\":h, i: [j::k, http://l?m=n]} # o:p",
            {"a": "b:c", "d": "e:f", "g": "h", "i": ["j::k", "http://l?m=n"]},
        ),
        ("a: [b:c]\nd: |\n  e:f\ng:h: i", {"a": ["b:c"], "d": "e:f\n", "g:h": "i"}),
        ("{1: a, true: b, 1.0: c}", {"1": "a", "true": "b", "1.0": "c"}),
        ("? key\n: value", {"key": "value"}),
        ("a: &k x\n*k : y", {"a": "x", "x": "y"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x {k: 1, l: 1}\nb: {<<: *x, k: 2}", {"a": {"k": 1, "l": 1}, "b": {"k": 2, "l": 1}}),
        ("b: {k: 2, <<: [&x {k: 1, l: 1}, {l: 3, m: 3}]}", {"b": {"k": 2, "l": 1, "m": 3}}),
        ("'<<': x", {"<<": "x"}),
    ],
)
def test_values(text: str, value: object) -> None:
    found = only(text)
    assert found == value
    assert type(found) is type(value)


def test_lines_are_those_of_the_file_and_of_keys() -> None:
    text = b"# first\n---\na:\n  - name: x\n    b/c~d: |\n      long\n  - y\nz: {k: v}\n"
    text += b"---\nlast: &l {k: v}\nagain:\n  <<: *l\n"
    first, last = (one for one in read(text, "app.yaml") if isinstance(one, YamlDocument))
    assert first.lines == {
        "": 3, "/a": 3, "/a/0": 4, "/a/0/name": 4, "/a/0/b~1c~0d": 5, "/a/1": 7, "/z": 8, "/z/k": 8,
    }  # fmt: skip
    assert last.lines == {"": 10, "/last": 10, "/last/k": 10, "/again": 11, "/again/k": 10}
    assert last.lines_of({"again": {}}) == {"": 10, "/again": 11}
    assert (first.line, last.line, first.index, last.index) == (3, 10, 0, 1)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_every_line_break_counts_once(line_break: str) -> None:
    (document,) = read(f"a: 1{line_break}{line_break}b: 2{line_break}".encode(), "app.yaml")
    assert isinstance(document, YamlDocument)
    assert document.lines["/b"] == 3


def test_a_broken_document_takes_no_other_with_it() -> None:
    stream = b"a: 1\n---\nb: [\n---\nc: {d: 1, d: 2}\n...\n%YAML 1.2\n# note\n---\ne: 'x\n---\nf: 1\n---\n"
    found = list(read(stream, "app.yaml"))
    assert [one.value if isinstance(one, YamlDocument) else one.line for one in found] == [
        {"a": 1}, 3, 5, 10, {"f": 1}, None,
    ]  # fmt: skip
    assert [one.index for one in found if isinstance(one, YamlDocument)] == [0, 4, 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings(encoding: str) -> None:
    assert only("name: Läden\n".encode(encoding)) == {"name": "Läden"}


def test_byte_order_marks_of_joined_files() -> None:
    found = list(read("\ufeffa: 1\n\ufeff---\nb: 2\n".encode(), "app.yaml"))
    assert [one.value for one in found if isinstance(one, YamlDocument)] == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (b"a: 1\nb: \xff\n", 2, "not utf-8"),
        (b"\xff\xfea\x00\x00", 1, "not utf-16"),
        ("a: 1\nb: \x07", 2, "control character"),
        ("a: 1\na: 2", 2, "key a stands twice in one mapping (before on line 1)"),
        ("'1': a\n1: b", 2, "stands twice"),
        ("{<<: {}, <<: {}}", 1, "stands twice"),
        ("a: " + "9" * 5000, 1, "5,000 digits"),
        ("a: -0x" + "f" * 5000 + "\nb: " + "0x" + "f" * 5000, 2, "5,002 digits"),
        ("[" * 100_000, 1, "deeper than 100"),
        ("{a: " * 100_000, 1, "deeper than 100"),
        ("- " * 100_000, 1, "deeper than 100"),
        ("? " * 100_000, 1, "a key is not a string"),
        ("a: &a {b: *a}", 1, "repeats what it stands in"),
        ("\na: *a", 2, "no anchor before it"),
        (LAUGHS, 5, "aliases stand for more than"),
        (MERGE_BOMB, 2, "aliases stand for more than"),
        ("a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 50 + "*a" + "]" * 50, 2, "deeper than 100"),
        ("<<: x", 1, "merge key"),
        ("<<: [{}, x]", 1, "merge key"),
        ("a: {{ .Values.image }}", 1, "a key is not a string"),
        ("? [a]\n: b", 1, "a key is not a string"),
        ("a: !Ref b", 1, "tag"),
        ("a: !!int b", 1, "tag"),
        ("a: !!set {b}", 1, "tag"),
        ("a: !!bool 1", 1, "tag"),
        ("a: b: c", 1, "not YAML"),
        ("a:\n\tb: c", 2, "not YAML"),
        ("[a:b, [c:d]", 1, "not YAML"),
        ("a: " + "x" * yaml.MAX_SIZE, 1, "larger than 4 MiB"),
        ("a:\n" + "- b\n" * 260_000, 249_999, "more than 250,000 nodes"),
        ("".join(f"k{n}: v\n" for n in range(130_000)), 125_000, "more than 250,000 nodes"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_errors_are_one_each_quick_and_placed(text: str | bytes, line: int, says: str) -> None:
    started = time.process_time()
    with pytest.raises(InputError) as caught:
        only(text)
    assert says in caught.value.what
    assert (caught.value.file, caught.value.line) == ("app.yaml", line)
    assert caught.value.remedy
    assert time.process_time() - started < 5


def test_limits_are_of_a_document_and_not_of_a_stream() -> None:
    part = "---\nitems:\n" + "- b\n" * 100_000
    found = list(read((part * 4).encode(), "app.yaml"))
    assert [len(one.value["items"]) for one in found if isinstance(one, YamlDocument)] == [100_000] * 4


def test_too_many_documents_end_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "MAX_DOCUMENTS", 3)
    *documents, last = read(b"---\n" * 5, "app.yaml")
    assert len(documents) == 3
    assert isinstance(last, InputError)
    assert last.line == 4


def test_pointers_of_hostile_keys_do_not_fill_the_memory() -> None:
    """What is below a pointer of many kilobytes has the line of its parent."""
    text = "".join(f"{' ' * n}? {'k' * 30_000}\n{' ' * n}:\n" for n in range(80)) + " " * 80 + "[" + "a," * 50_000 + "]"
    (document,) = read(text.encode(), "app.yaml")
    assert isinstance(document, YamlDocument)
    assert len(document.lines) < 5


def test_only_what_is_in_the_parser_is_quoted() -> None:
    for text in (
        "hunter2: [hunter2",
        "a: 'hunter2",
        "hunter2 hunter2: 1\nhunter2 hunter2: 1",
        "[a:b, {hunter2]",
        "!h!hunter2 x",
    ):
        with pytest.raises(InputError) as caught:
            only(text)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("a", "mapping"),
        ("a: 1\n---\nb: 1\n", "more than one"),
        ("a: [", "not YAML"),
    ],
)
def test_one_mapping(text: str, says: str) -> None:
    assert read_mapping(b"---\n---\na: 1\n", "app.yaml").value == {"a": 1}
    with pytest.raises(InputError, match=says):
        read_mapping(text.encode(), "app.yaml")


def test_the_parser_in_c_is_asked_for_where_it_is_missing() -> None:
    code = "import sys; sys.modules['_ruamel_yaml'] = None; import pullready.yaml"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "pip install 'ruamel.yaml[oldlibyaml]'" in found.stderr


WORDS = r"a: |- |? |: |[|]|{|}|, |&a |*a|<<: |*a : |!x |!!int |!!float |'|\"|>-|#|\\|\ud83d|0x|1e9|{{ x }}|b:c|true|~"
BREAKS = ("\n", "\n  ", "---\n", "...\n", "|\n", "%YAML 1.2\n", "%TAG ! x\n", "\ufeff", "\u2028", "\x85", "\t")
FRAGMENTS = st.sampled_from((*WORDS.split("|"), *BREAKS, "9" * 30))


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(FRAGMENTS, max_size=40).map("".join) | st.text(max_size=60))
def test_anything_is_read_or_refused(text: str) -> None:
    for document in read(text.encode("utf-8", "surrogatepass"), "app.yaml"):
        if isinstance(document, YamlDocument):
            json.dumps(document.value)
            assert all(line >= 1 for line in document.lines.values())
        else:
            assert document.line is not None


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert all(isinstance(one, YamlDocument | InputError) for one in read(content, "app.yaml"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(JSON)
def test_json_is_yaml(value: object) -> None:
    assert only(json.dumps(value)) == value
