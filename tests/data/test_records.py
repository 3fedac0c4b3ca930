"""Rows of tables and JSON lines, whatever is in them; what is wrong is said in one line, with its place."""

import csv
import gzip
import io
import json
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.records import is_table, records
from seqmodels.data.row_errors import RowErrors

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1).filter(str.strip)
ROWS = st.lists(st.tuples(TEXT, TEXT))


def read(path: Path, content: str | bytes, errors: RowErrors | None = None) -> list[tuple[str, list[str]]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(records(path, ["a", "b"], errors or RowErrors()))


def fields(rows: list[tuple[str, list[str]]]) -> list[list[str]]:
    return [row for _, row in rows]


@given(rows=ROWS)
def test_any_text_survives_a_table(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([("b", "a"), *rows])
    assert fields(read(tmp_path / "a.csv", file.getvalue())) == [[a.strip(), b.strip()] for b, a in rows]


@given(rows=ROWS)
def test_any_text_survives_json(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    lines = "\n".join(json.dumps({"b": b, "a": a}) for b, a in rows)
    assert fields(read(tmp_path / "a.jsonl", lines)) == [[a.strip(), b.strip()] for b, a in rows]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", '\ufeffid,b,a\n1,"x, ""y""",2\n\n2,"l\nm",3\n'),
        ("a.tsv", 'b\ta\n"x, ""y"""\t2\n\nl\t3\n'),
        ("a.jsonl", '\ufeff{"a": 2, "b": "x"}\n\n{"b": 1.5, "a": "3", "c": []}\n'),
    ],
)
def test_places_are_those_of_the_file_plain_or_gzip(tmp_path: Path, name: str, content: str) -> None:
    plain = read(tmp_path / name, content)
    packed = read(tmp_path / f"{name.upper()}.gz", gzip.compress(content.encode()))
    assert [row[0] for _, row in plain] == ["2", "3"]
    assert fields(plain) == fields(packed)
    last = {"a.csv": 5, "a.tsv": 4, "a.jsonl": 3}[name]
    assert plain[1][0] == f"{tmp_path / name}:{last}"


BAD = [
    ("a.csv", "", r"a.csv has no column 'a', but: none"),
    ("a.csv", "a,c\n1,2\n", r"a.csv has no column 'b', but: 'a', 'c'"),
    ("a.tsv", "a b\n1 2\n", r"a.tsv has no column 'a', but: 'a b'"),
    ("a.csv", "a,b\n1,2\n3\n", r"a.csv:3: expected a text under 'b', got None"),
    ("a.csv", "a,b\n1,  \n", r"a.csv:2: expected a text under 'b', got '  '"),
    ("a.csv", "a,b\n,\n", r"a.csv:2: expected a text under 'a', got ''"),
    ("a.csv", "a,b\n1,2,3\n", r"a.csv:2: expected 2 fields, got more: \['3'\]"),
    ("a.csv", 'a,b\n1,"2\n3,4\n', r"a.csv:2: not a row of the table: "),
    ("a.csv", 'a,b\n"1" 2,3\n', r"a.csv:2: not a row of the table: "),
    ("a.csv", b"a,b\ncaf\xe9,2\n", r"a.csv:2: not UTF-8 text: byte 0xe9"),
    ("a.csv", b"\xff\xfea\0,\0b\0", r"a.csv:1: not UTF-8 text: byte 0xff"),
    ("a.tsv", b"a\tb\n1\t\xe9\n", r"a.tsv:2: not UTF-8 text: byte 0xe9"),
    (
        "a.csv.gz",
        gzip.compress(b"a,b\n" + b"1,2\n" * 99, mtime=0)[:20],
        r"a.csv.gz cannot be read: Compressed file ended",
    ),
    ("a.jsonl", '{"a": 1, "b": 2}\n{"a": ', r"a.jsonl:2: not JSON: "),
    ("a.jsonl", "[1, 2]\n", r"a.jsonl:1: expected a JSON object, got '\[1, 2\]'"),
    ("a.jsonl", '{"a": 1, "c": 2}\n', r"a.jsonl:1: there is no key 'b', but: 'a', 'c'"),
    ("a.jsonl", '{"a": 1, "b": ""}\n', r"a.jsonl:1: expected a text under 'b', got ''"),
    ("a.jsonl", '{"a": 1, "b": null}\n', r"a.jsonl:1: expected a text under 'b', got None"),
    ("a.jsonl", '{"a": 1, "b": [2]}\n', r"a.jsonl:1: expected a text under 'b', got \[2\]"),
    ("a.jsonl", b'{"a": 1, "b": "\xff"}\n', r"a.jsonl:1: not UTF-8 text: byte 0xff"),
    (
        "a.jsonl.gz",
        gzip.compress(b'{"a": 1, "b": 2}\n', mtime=0)[:-9],
        r"a.jsonl.gz cannot be read: Compressed file ended",
    ),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD)
def test_a_bad_file_or_row_is_named_in_one_line(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{tmp_path}/{message}") as caught:
        read(tmp_path / name, content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "bad"),
    [
        ("a.csv", b'a,b\n1,1\n,2\n3,4,5\ncaf\xe9,5\n"z" q,6\n7,7\n,8\n', [3, 4, 5, 6, 8]),
        ("a.jsonl", b'{"a": 1, "b": 1}\n{\n[]\n{"a": 1}\n\xff\n{"a": 7, "b": 7}\n', [2, 3, 4, 5]),
    ],
)
def test_bad_rows_are_skipped_and_counted_and_the_places_stay_right(
    tmp_path: Path, name: str, content: bytes, bad: list[int]
) -> None:
    errors = RowErrors("skip")
    assert fields(read(tmp_path / name, content, errors)) == [["1", "1"], ["7", "7"]]
    assert errors.skipped == len(bad)
    assert errors.first.startswith(f"{tmp_path / name}:{bad[0]}: ")
    lines = content.splitlines(keepends=True)
    for number in bad:
        errors = RowErrors("skip")
        good = [line for place, line in enumerate(lines[: number - 1], start=1) if place not in bad]
        filled = good + [good[-1]] * (number - 1 - len(good))
        read(tmp_path / name, b"".join([*filled, lines[number - 1]]), errors)
        assert errors.describe().startswith(f"1 skipped, the first: {tmp_path / name}:{number}: ")


def test_a_row_behind_a_line_that_is_no_text_has_its_own_number(tmp_path: Path) -> None:
    content = b"a,b\ncaf\xe9,1\n\xff,\xff\n4,4\n"
    assert read(tmp_path / "a.csv", content, RowErrors("skip")) == [(f"{tmp_path}/a.csv:4", ["4", "4"])]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_long_file_takes_no_more_memory_than_a_row(tmp_path: Path, name: str) -> None:
    row = {"a.csv": "x" * 100 + ",1\n", "a.jsonl": json.dumps({"a": "x" * 100, "b": 1}) + "\n"}[name]
    with (tmp_path / name).open("w") as file:
        file.write("a,b\n" if name == "a.csv" else "")
        file.writelines([row] * 20_000)
    tracemalloc.start()
    count = sum(1 for _ in records(tmp_path / name, ["a", "b"], RowErrors()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 400_000  # a twentieth of the text, most of it the buffers of files


def test_nothing_is_read_ahead(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,2\n3,4\ncaf\xe9,5\n")
    assert len(list(islice(records(tmp_path / "a.csv", ["a"], RowErrors()), 2))) == 2


@pytest.mark.parametrize(
    ("name", "expected"), [("a.csv", True), ("A.TSV.gz", True), ("a.jsonl", True), ("a.json", False), ("csv", False)]
)
def test_the_name_tells_a_table(name: str, expected: bool) -> None:
    assert is_table(Path(name)) == expected
