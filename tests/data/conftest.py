"""What all readers are tested with."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is prepared in a test is not found by the next."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SEQMODELS_CACHE", str(folder))
    return folder
