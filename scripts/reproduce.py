"""Run rows of docs/results.yaml again, and fail where one comes out worse than it says.

python scripts/reproduce.py embedded            all tasks on their embedded defaults
python scripts/reproduce.py real                all rows on real data, found under $SEQMODELS_DATA
python scripts/reproduce.py digits mnist        some rows by name
python scripts/reproduce.py --render            write the figures into docs/tasks.md
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

DOCS = Path(__file__).parent.parent / "docs"
BEGIN, END = "<!-- figures: scripts/reproduce.py --render -->", "<!-- end of figures -->"


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help="embedded, real, or names of rows")
    parser.add_argument("--out", type=Path, help="keep the run folders here")
    parser.add_argument("--render", action="store_true", help="write the figures into docs/tasks.md")
    options = parser.parse_args()
    rows = yaml.safe_load((DOCS / "results.yaml").read_text())
    if options.render:
        page = DOCS / "tasks.md"
        page.write_text(rendered(page.read_text(), rows))
        return
    chosen = [row for row in rows if row["name"] in options.rows or row["group"] in options.rows]
    unknown = set(options.rows) - {row["name"] for row in rows} - {row["group"] for row in rows}
    if unknown or not chosen:
        known = ", ".join(row["name"] for row in rows)
        sys.exit(f"no row {', '.join(sorted(unknown)) or 'was named'}: choose embedded, real, or from {known}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        failures = [row["name"] for row in chosen if not reproduced(row, folder)]
    if failures:
        sys.exit(f"outside of what docs/results.yaml states: {', '.join(failures)}")


def reproduced(row: dict[str, Any], folder: Path) -> bool:
    """Train, and compare with what the row states; prints a line."""
    run = folder / row["name"]
    command = [sys.executable, "-m", "seqmodels.cli", "train", *row["command"].split(), f"hydra.run.dir={run}"]
    finished = subprocess.run([*command, "callbacks.progress=null"], capture_output=True, text=True, check=False)
    if finished.returncode:
        last = (finished.stderr.strip().splitlines() or ["nothing was said"])[-1]
        Console().print(f"[red]{row['name']}[/]: failed: {last}", highlight=False, soft_wrap=True)
        return False
    measured = json.loads((run / "metrics.json").read_text())
    value, baseline = measured[row["metric"]], figure(measured["baseline"].get(row["metric"])) or "none"
    good = is_as_good(row, value)
    Console().print(
        f"[{'green' if good else 'red'}]{row['name']}[/]: {row['metric']} {value:.4g} "
        f"(stated {row['reached']:.4g} ± {row['tolerance']:.2g}, baseline {baseline}), "
        f"{measured['training_seconds']:.0f} s",
        highlight=False,
        soft_wrap=True,
    )
    return good


def is_as_good(row: dict[str, Any], value: float) -> bool:
    """Whether a value is no worse than stated, within the tolerance."""
    worse = row["reached"] - value if row["better"] == "higher" else value - row["reached"]
    return bool(worse <= row["tolerance"])


def rendered(page: str, rows: list[dict[str, Any]]) -> str:
    """The page with the tables of figures between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = [f"### {title}\n\n{table([row for row in rows if row['group'] == group])}" for group, title in GROUPS]
    return before + "\n\n".join([BEGIN, *tables, END]) + after


GROUPS = (("embedded", "Embedded defaults"), ("real", "Real data"))


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    header = ["| command | metric | reached | baseline | seconds | |", "|---|---|---|---|---|---|"]
    lines = [
        f"| `python train.py {row['command']}` | {row['metric'].removeprefix('test/')} | {figure(row['reached'])} "
        f"| {figure(row['baseline'])} | {row['seconds']} | {row.get('note', '')} |"
        for row in rows
    ]
    return "\n".join([*header, *lines])


def figure(value: float | None) -> str:
    """Four digits, or all in front of the point."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    main()
