"""Collecting twice finds identifiers that differ from one collection to the next."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_collection.py"
TESTS = """
import random, time
import pytest

@pytest.mark.parametrize("value", {values})
def test_nothing(value):
    pass
"""


def checked(folder: Path, values: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder with one parametrised test, without pytest's plugins, which take seconds to import."""
    (folder / "test_it.py").write_text(TESTS.format(values=values))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, str(SCRIPT), "-p", "no:cacheprovider", "test_it.py"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "values", ["[time.time_ns()]", "[random.random()]", "set('abcdefgh')"], ids=["clock", "randomness", "hash seed"]
)
def test_identifiers_that_differ_are_shown(tmp_path: Path, values: str) -> None:
    finished = checked(tmp_path, values)
    assert finished.returncode == 1
    assert "identifiers of tests depend on" in finished.stderr
    assert "\n-test_it.py::test_nothing[" in finished.stdout
    assert "\n+test_it.py::test_nothing[" in finished.stdout


def test_identifiers_that_are_the_same_pass(tmp_path: Path) -> None:
    finished = checked(tmp_path, "['a', 'b']")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout == "the identifiers of 2 tests are the same in two collections\n"


def test_long_identifiers_are_shown(tmp_path: Path) -> None:
    finished = checked(tmp_path, "[pytest.param(1, id='a' * 200)]")
    assert finished.returncode == 1
    assert "1 identifiers of tests are not printable ASCII of at most 200 characters" in finished.stderr


def test_what_cannot_be_collected_is_said(tmp_path: Path) -> None:
    finished = checked(tmp_path, "[unknown]")
    assert finished.returncode == 1
    assert "the tests cannot be collected" in finished.stderr
    assert "NameError" in finished.stderr
