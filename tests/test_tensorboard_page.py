"""What a person sees who opens TensorBoard on a folder of runs, in a real browser."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytorch_lightning as pl

from seqmodels.callbacks import (
    ConfusionMatrix,
    Forecast,
    GradientNorm,
    HyperparameterTable,
    LossByEpoch,
    Mistakes,
)
from tests.callbacks import tiny

selenium = pytest.importorskip("selenium", reason="selenium is not installed")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

from selenium.common.exceptions import TimeoutException, WebDriverException  # noqa: E402
from selenium.webdriver import Chrome, ChromeOptions, ChromeService  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="chromium and chromedriver are not installed"),
]

PATIENCE = 60
RUNS = SENTIMENT, SINE = "sentiment/first", "sine/second"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1400",
)
# The pages are nested web components: what is on them is found by walking into every shadow root.
VISIBLE = """
const found = [];
function walk(node) {
    if (node.nodeType === Node.TEXT_NODE && node.textContent.trim()) found.push(node.textContent.trim());
    if (node.nodeType === Node.ELEMENT_NODE && !node.checkVisibility()) return;
    if (node.nodeName === "IMG" && node.naturalWidth > 0) found.push("[picture]");
    if (node.shadowRoot) walk(node.shadowRoot);
    node.childNodes.forEach(walk);
}
walk(document.body);
return found;
"""


class Runs(NamedTuple):
    """A folder of runs, and what the test of each found."""

    logs: Path
    tested: dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A finished run of each of two tasks."""
    logs, tested = tmp_path_factory.mktemp("logs"), {}
    sentiment = {"task": "sentiment", "model": {"cell": "gru", "hidden_size": 8}}
    sine = {"task": "sine", "model": {"cell": "gru", "window": 77}}
    plans: dict[str, tuple[tiny.TinyData, list[pl.Callback]]] = {
        SENTIMENT: (
            tiny.reviews(),
            [HyperparameterTable(sentiment, "val/accuracy", "max"), ConfusionMatrix(), Mistakes()],
        ),
        SINE: (tiny.series(), [HyperparameterTable(sine, "val/loss", "min"), Forecast()]),
    }
    for name, (data, callbacks) in plans.items():
        mapping = tiny.model(data)
        trainer = tiny.trainer(logs / name, [GradientNorm(), LossByEpoch(), *callbacks], max_epochs=3)
        trainer.fit(mapping, data)
        tested[name] = dict(trainer.test(mapping, data, verbose=False)[0])
    return Runs(logs, tested)


@pytest.fixture(scope="module")
def address(runs: Runs) -> Iterator[str]:
    """Where TensorBoard answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(runs.logs), "--host", "127.0.0.1"]
    server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(PATIENCE)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A fresh browser."""
    options = ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    yield driver
    driver.quit()


Page = Callable[[str, set[str]], list[str]]


@pytest.fixture
def page(browser: Chrome, address: str) -> Page:
    """Opens a page and gives the texts on it as soon as all those expected are among them."""

    def reachable(driver: Chrome) -> bool:
        driver.get(address)
        return True

    def texts(name: str, expected: set[str]) -> list[str]:
        found: list[str] = []

        def complete(driver: Chrome) -> bool:
            found[:] = driver.execute_script(VISIBLE)
            return expected <= set(found)

        WebDriverWait(browser, PATIENCE, ignored_exceptions=[WebDriverException]).until(reachable)
        browser.get("about:blank")
        browser.get(f"{address}#{name}")
        try:
            WebDriverWait(browser, PATIENCE).until(complete)
        except TimeoutException:
            pytest.fail(f"{name} does not show {expected - set(found)}, but: {' | '.join(found)}")
        if folder := os.environ.get("SEQMODELS_SCREENSHOTS"):
            browser.save_screenshot(Path(folder) / f"{name.partition('&')[0]}.png")
        return found

    return texts


def test_the_curves_of_all_runs_are_side_by_side(page: Page) -> None:
    page("scalars&tagFilter=loss", {*RUNS, "train/loss", "val/loss", "test/loss", "best/loss"})
    page("scalars&tagFilter=accuracy|norm", {*RUNS, "val/accuracy", "train/gradient_norm"})


def test_the_table_has_hyperparameters_and_results_of_all_runs(page: Page, runs: Runs) -> None:
    tested = {run: {name: f"{value:#.5g}" for name, value in runs.tested[run].items()} for run in RUNS}
    best = f"{min(tiny.scalars(runs.logs / SINE, 'val/loss').values()):#.5g}"
    columns = {
        "task",
        "model.cell",
        "model.hidden_size",
        "model.window",
        "best/accuracy",
        "best/loss",
        "test/loss",
    }
    accuracy, f1 = tested[SENTIMENT]["test/accuracy"], tested[SENTIMENT]["test/f1"]
    found = page("hparams", {*RUNS, *columns, "8.0000", "77.000", accuracy, f1, best})
    lines = found[found.index("Show Metrics") :]
    sentiment, sine = lines.index(SENTIMENT), lines.index(SINE)
    assert lines[sentiment:sine] == [
        SENTIMENT,
        "sentiment",
        "gru",
        "8.0000",
        accuracy,
        "3.0000",
        accuracy,
        f1,
    ]
    assert lines[sine:] == [SINE, "sine", "gru", "77.000", best, "3.0000"]


def test_the_figures_and_texts_of_all_runs_are_there(page: Page) -> None:
    page(
        "images",
        {*RUNS, "confusion/val", "confusion/test", "forecast/val", "forecast/test", "loss", "[picture]"},
    )
    page("text", {SENTIMENT, "mistakes/val/text_summary", "probability", "a good good film"})
