"""The compiled kernels, for a test that asks for them; and how close two results have to be."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from torch.utils import _pytree as pytree

from seqmodels.layers.engines.native import available
from seqmodels.layers.engines.native import build as building


@pytest.fixture(scope="session")
def _native_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the library, built once for all tests of all workers."""
    if shutil.which("c++") is None:
        pytest.skip("there is no C++ compiler")
    own = tmp_path_factory.getbasetemp()
    cache = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "native"
    with pytest.MonkeyPatch.context() as patch, FileLock(f"{cache}.lock"):
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.delenv("CXX", raising=False)
        building.is_built.cache_clear()
        assert available() == building.library().exists()
        assert building.build() == building.library()
        assert available()
    return cache


@pytest.fixture
def _native(_nothing_compiled: None, _native_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library has been built."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(_native_cache))
    building.is_built.cache_clear()
    yield
    torch.compiler.reset()  # a graph holds for good whether there was a library


@pytest.fixture
def _compiled(request: pytest.FixtureRequest) -> None:
    """The library, where a test is about the engine that needs it."""
    if "engine" in request.fixturenames and request.getfixturevalue("engine") == "native":
        request.getfixturevalue("_native")


@pytest.fixture
def assert_same() -> Callable[..., None]:
    """Fails where two structures differ by more than a share of each tensor's largest entry."""

    def check(actual: Any, expected: Any, tolerance: float | None = None) -> None:
        actual, expected = pytree.tree_leaves(actual), pytree.tree_leaves(expected)
        for a, b in zip(actual, expected, strict=True):
            share = tolerance or (1e-10 if b.dtype == torch.float64 else 1e-5)
            largest = b.abs().max().item() if b.numel() else 0.0
            torch.testing.assert_close(a, b, rtol=0.0, atol=share * largest)

    return check
