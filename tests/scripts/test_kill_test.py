"""The kill test in its short form: some kills of one task; the counts of all are in docs/reliability.md."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "kill_test.py"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_killed_trainings_end_like_one_that_was_not_killed(tmp_path: Path) -> None:
    out = tmp_path / "rows.json"
    places = ["on_validation_batch_end", "before_rename"]
    subprocess.run(
        [
            sys.executable,
            SCRIPT,
            "--tasks",
            "energy",
            "--random",
            "0",
            "--places",
            *places,
            "--folder",
            tmp_path / "runs",
            "--out",
            out,
        ],
        check=True,
        capture_output=True,
    )
    rows = json.loads(out.read_text())
    assert {row["place"] for row in rows} == set(places)
    assert {row["signal"] for row in rows} == {"SIGINT", "SIGTERM", "SIGKILL"}
    assert {row["outcome"] for row in rows} == {"equal"}
