"""The figures on the page are those of the results, and each row names what can be run."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROWS = yaml.safe_load((ROOT / "docs" / "results.yaml").read_text())


@pytest.fixture(scope="module")
def reproduce() -> Any:
    spec = importlib.util.spec_from_file_location("reproduce", ROOT / "scripts" / "reproduce.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_the_results(reproduce: Any) -> None:
    page = (ROOT / "docs" / "tasks.md").read_text()
    assert reproduce.rendered(page, ROWS) == page


def test_rows_are_whole_and_have_names_of_their_own(reproduce: Any) -> None:
    assert len({row["name"] for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert set(row) >= set("name group command metric reached tolerance better baseline seconds".split())
        assert row["better"] in ("higher", "lower")
        assert row["group"] in dict(reproduce.GROUPS)
        kind, name = row["command"].split()[0].split("=")
        assert (ROOT / "configs" / kind / f"{name}.yaml").exists()


def test_a_row_may_be_better_but_not_worse_than_its_tolerance(reproduce: Any) -> None:
    accuracy = {"reached": 0.9, "tolerance": 0.01, "better": "higher"}
    assert [reproduce.is_as_good(accuracy, value) for value in (0.95, 0.895, 0.88)] == [True, True, False]
    loss = {"reached": 1.0, "tolerance": 0.1, "better": "lower"}
    assert [reproduce.is_as_good(loss, value) for value in (0.5, 1.05, 1.2)] == [True, True, False]


def test_an_unknown_row_is_named(reproduce: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["reproduce.py", "nothing"])
    with pytest.raises(SystemExit, match="no row nothing: choose embedded, real, or from "):
        reproduce.main()
