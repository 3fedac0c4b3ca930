"""Plain values come back from a file as they were, whoever reads it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from seqmodels.plain_files import explained, read_mapping, write_json, write_yaml
from tests.mounts import fill, small_disk

ODD = {
    "none": None,
    "empty": [[], {}, ""],
    "numbers": [1, 1.0, -0.0, 1e-3, 1e-05, 1e22, -1.5e300, 10**20],
    "flags": [True, False],
    "words for flags": ["no", "No", "yes", "on", "off", "true", "y", "n"],
    "texts like numbers": [
        "1e3",
        "1.e3",
        ".5e-3",
        "+1e3",
        "0x1f",
        "0o17",
        "017",
        "1_000",
        "1:30",
        ".inf",
        ".nan",
        "1.",
    ],
    "texts like others": ["null", "~", "2024-01-31", "=", "<<", "- a", "a: b", "a #b", "[a]", "{a}", "'", '"', "*a"],
    "umlauts": {"Größe": "ä", "日本": "😀", "lines": "a\nb\n", "spaces": " a ", "tab": "\t", "long": "word " * 50},
}
texts = st.text(max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(texts, values, max_size=3),
    max_leaves=8,
)


def test_odd_values_come_back_from_yaml(tmp_path: Path) -> None:
    write_yaml(tmp_path / "config.yaml", ODD)
    assert repr(read_mapping(tmp_path / "config.yaml")) == repr(ODD)


def test_another_reader_gets_the_same_values(tmp_path: Path) -> None:
    write_yaml(tmp_path / "config.yaml", ODD)
    assert repr(OmegaConf.to_container(OmegaConf.load(tmp_path / "config.yaml"))) == repr(ODD)


@given(values=st.dictionaries(texts, plain, max_size=3))
def test_every_value_comes_back(tmp_path: Path, values: dict[str, Any]) -> None:
    for name, write in {"values.yaml": write_yaml, "values.json": write_json}.items():
        write(tmp_path / name, values)
        assert repr(read_mapping(tmp_path / name)) == repr(values)


def test_file_names_that_are_no_unicode_come_back(tmp_path: Path) -> None:
    values = {"path": b"m\xfcller.csv".decode(errors="surrogateescape")}
    for name, write in {"values.yaml": write_yaml, "values.json": write_json}.items():
        write(tmp_path / name, values)
        assert read_mapping(tmp_path / name) == values


def test_a_number_that_a_person_wrote_is_read_as_a_number(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("lr: 1e-3\nname: '1e-3'\n")
    assert read_mapping(tmp_path / "config.yaml") == {"lr": 1e-3, "name": "1e-3"}


def test_values_that_occur_twice_are_written_twice(tmp_path: Path) -> None:
    shared = [0.1, 0.1]
    write_yaml(tmp_path / "config.yaml", {"a": shared, "b": shared})
    text = (tmp_path / "config.yaml").read_text()
    assert "&" not in text
    assert "*" not in text


def test_json_has_no_infinity_and_no_nan(tmp_path: Path) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    write_json(tmp_path / "metrics.json", {"loss": float("nan"), "list": [float("inf"), (1.0, -float("inf"))]})
    text = (tmp_path / "metrics.json").read_text()
    assert json.loads(text, parse_constant=refuse) == {"loss": None, "list": [None, [1.0, None]]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", b"a: [1\nb: {"),
        ("config.yaml", b"\xff\xfe\x00"),
        ("config.yaml", b"a: !!python/object:os.system {}"),
        ("config.yaml", b"[" * 3_000),
        ("config.yaml", b"only text"),
        ("data.json", b"{"),
        ("data.json", b"\xff"),
        ("data.json", b"[" * 100_000),
        ("data.json", b"[1]"),
        ("data.json", b""),
    ],
    ids=[
        "yaml",
        "yaml-bytes",
        "yaml-tag",
        "yaml-deep",
        "yaml-text",
        "json",
        "json-bytes",
        "json-deep",
        "json-list",
        "0",
    ],
)
def test_a_damaged_file_is_named_in_one_line(tmp_path: Path, name: str, text: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(text)
    with pytest.raises(ValueError, match="is damaged") as raised:
        read_mapping(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_a_full_disk_is_named_and_leaves_what_was_there(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "config.yaml"
        write_yaml(path, {"seed": 1})
        fill(disk)
        with pytest.raises(OSError, match=f"^cannot write {path}: No space left on device$"):
            write_yaml(path, {"seed": 2, "text": "x" * 5000})
        assert read_mapping(path) == {"seed": 1}
        assert {file.name for file in disk.iterdir()} == {"config.yaml", "filling"}


def test_an_explained_error_is_of_the_same_kind(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match=r"^cannot read it: No such file or directory$") as raised,
        explained("read it"),
    ):
        (tmp_path / "missing").read_text()
    assert raised.value.errno
