"""What all readers are tested with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.data.cache_entries import KINDS, forget, held


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What is prepared in a test is not found by the next."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SEQMODELS_CACHE", str(folder))
    yield folder
    forget()


@pytest.fixture(params=KINDS)
def load(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Function that reads a data set of each kind through the cache, and returns all that it holds."""
    monkeypatch.setattr("seqmodels.data.series.csv_columns.LARGE", 0)
    monkeypatch.setattr("os.fsync", lambda _: None)  # ten milliseconds for each file
    made = KINDS[request.param](tmp_path)
    return lambda: held(made())
