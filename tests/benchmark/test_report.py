"""Tables, Markdown and plots from rows that are given."""

import dataclasses
from pathlib import Path

import pytest
from rich.console import Console

from seqmodels.benchmark import report
from seqmodels.benchmark.results import Row
from seqmodels.benchmark.tables import Table, geometric_mean, notes, summary, tables

PEER = Row(
    "grid", "gru", "training", 100, 16, 64, 128, contender="torch.nn", peer="torch.nn", rounds=5, seconds=0.004,
    ratio=1.0, ratio_least=1.0, ratio_most=1.0, gemm_fraction=0.2,
)  # fmt: skip
OURS = dataclasses.replace(
    PEER, contender="auto", engine="fused", seconds=0.002, ratio=2.0, ratio_least=1.5, ratio_most=2.5, gemm_fraction=0.4
)
GONE = Row("grid", "gru", "training", 100, 16, 64, 128, contender="lax.scan", note="JAX is not installed")
SHORT = dataclasses.replace(OURS, time=1, ratio=0.5)
LONG = dataclasses.replace(OURS, time=1000, ratio=8.0)
SHORT_PEER, LONG_PEER = dataclasses.replace(PEER, time=1), dataclasses.replace(PEER, time=1000)
SCALING = [
    dataclasses.replace(OURS, suite="scaling", time=256, peer="auto", seconds=0.256, ratio=1.0, peak_bytes=256 * 1024),
    dataclasses.replace(
        OURS, suite="scaling", time=512, peer="auto, T=256", seconds=1.024, ratio=0.5, peak_bytes=1024 * 1024
    ),
]
MEMORY = [
    dataclasses.replace(OURS, suite="memory", peer="auto", ratio=1.0, peak_bytes=80 * 2**20),
    dataclasses.replace(OURS, suite="memory", contender="often", peer="auto", ratio=0.8, peak_bytes=8 * 2**20),
]
TRAINER = [
    Row("trainer", "lstm", "sentiment", contender="bare loop", peer="bare loop", seconds=0.010, ratio=1.0),
    Row(
        "trainer", "lstm", "sentiment", contender="trainer", peer="bare loop", seconds=0.0125,
        ratio=0.8, ratio_least=0.5, ratio_most=1.0,
    ),
]  # fmt: skip
ROWS = [PEER, OURS, GONE, *SCALING, *MEMORY, *TRAINER]
WHERE = {"command": "seqmodels benchmark --suite grid", "processor": "Abacus, 10 beads"}


def table_of(rows: list[Row], title: str) -> Table:
    (found,) = [table for table in tables(rows) if table.title.startswith(title)]
    return found


def line_of(table: Table, place: int = 0) -> dict[str, str]:
    return dict(zip(table.header, table.body[place], strict=True))


def test_a_line_for_each_problem() -> None:
    table = table_of(ROWS, "One layer")
    assert line_of(table) == {
        "cell": "gru",
        "mode": "training",
        "(T, B, I, H)": "(100, 16, 64, 128)",
        "": "",
        "peer": "torch.nn",
        "ms": "4",
        "auto": "2.00 (1.50 to 2.50)",
        "auto took": "fused",
        "of GEMM peak": "40 %",
    }
    assert len(table.body) == 1
    assert notes(ROWS) == ["lax.scan: JAX is not installed"]


def test_scaling_is_by_the_step() -> None:
    longest = line_of(table_of(ROWS, "From short"), 1)
    assert (longest["T"], longest["µs per step"], longest["KiB per step"]) == ("512", "2000.00", "2.00")
    assert [longest["times the peer's time"], longest["times the peer's memory"]] == ["2.00", "2.00"]


def test_memory_and_time_of_checkpoints() -> None:
    often = line_of(table_of(ROWS, "States stored"), 1)
    assert (often["peak MiB"], often["times the peer's"]) == ("8.00", "1.25")
    given = 4 * 100 * 16 * (64 + 128) / 2**20
    assert often["activations, MiB"] == f"{8 - given:.2f}"
    assert often["of the peer's"] == f"1/{(80 - given) / (8 - given):.1f}"


def test_overhead_of_the_trainer() -> None:
    line = line_of(table_of(ROWS, "A whole training"))
    assert (line["trainer, steps/s"], line["bare loop, steps/s"]) == ("80.0", "100.0")
    assert (line["overhead"], line["least"], line["most"]) == ("25 %", "0 %", "100 %")


def test_short_sequences_do_not_count_in_the_mean_of_training() -> None:
    rows = [PEER, OURS, SHORT_PEER, SHORT, LONG_PEER, LONG]
    line = line_of(summary(rows))
    assert (line["shapes"], line["geometric mean"], line["worst"]) == ("2", "4.00", "2.00")
    assert line["worst shape"] == "(100, 16, 64, 128)"
    inference = [dataclasses.replace(row, mode="inference") for row in rows]
    line = line_of(summary(inference))
    assert (line["shapes"], line["geometric mean"], line["worst"]) == ("3", "2.00", "0.50")


def test_geometric_mean() -> None:
    assert geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)


def test_the_page() -> None:
    page = report.markdown(ROWS, WHERE)
    assert "```bash\nseqmodels benchmark --suite grid\n```" in page
    assert "| processor | Abacus, 10 beads |" in page
    assert "## One layer, one direction, full rows\n\n| cell | mode |" in page
    assert "| 2.00 (1.50 to 2.50) | fused | 40 % |" in page
    assert page.endswith("- lax.scan: JAX is not installed\n")
    for block in page.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_the_terminal() -> None:
    console = Console(width=200)
    with console.capture() as shown:
        report.show(ROWS, console)
    assert "2.00 (1.50 to 2.50)" in shown.get()
    assert "lax.scan: JAX is not installed" in shown.get()


def test_saved_and_restored(tmp_path: Path) -> None:
    report.save(ROWS, WHERE, tmp_path / "new" / "folder")
    assert report.restore(tmp_path / "new" / "folder") == (ROWS, WHERE)
    written = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    pictures = {"ratios_training.png", "time_by_length.png", "memory_by_length.png"}
    assert written == {"benchmark.csv", "circumstances.json", *pictures}
    for name in pictures:
        assert (tmp_path / "new" / "folder" / name).read_bytes().startswith(b"\x89PNG")
