"""Shape annotations are executed, draws are repeatable, and what several rooms test with."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings
from jaxtyping import config, install_import_hook
from torch import Tensor
from torch.utils import _pytree as pytree

CHECKED = ("cells", "layers", "objectives")
PACKAGE = Path(__file__).parents[1] / "seqmodels"
ANNOTATED = [
    path
    for path in (PACKAGE / "types.py", *(path for room in CHECKED for path in (PACKAGE / room).rglob("*.py")))
    if "from jaxtyping import" in path.read_text(encoding="utf-8")
]
install_import_hook(
    [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in ANNOTATED], "beartype.beartype"
)

from seqmodels import cells, freed_memory  # noqa: E402 (the hook acts on what is imported after it)
from seqmodels.layers.engines.native.build import is_built  # noqa: E402

settings.register_profile(
    "seqmodels",
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("seqmodels")

NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
MAX_TEXT_IN_ID = 40
CELLS: dict[str, Callable[..., cells.Cell[Any]]] = {
    "RNNCell": cells.RNNCell,
    "RNNCell-relu": partial(cells.RNNCell, nonlinearity="relu"),
    "RNNCell-softsign": partial(cells.RNNCell, nonlinearity=torch.nn.functional.softsign),
    "LSTMCell": cells.LSTMCell,
    "LSTMCell-projected": partial(cells.LSTMCell, proj_size=2),
    "LSTMCell-without-bias": partial(cells.LSTMCell, bias=False),
    "GRUCell": cells.GRUCell,
    "GRUCell-without-bias": partial(cells.GRUCell, bias=False),
    "ChoGRUCell": cells.ChoGRUCell,
    "MinGRUCell": cells.MinGRUCell,
}


def pytest_configure(config: pytest.Config) -> None:
    """What the workers and the programs of tests compute with has one thread as well, NumPy's algebra above all."""
    if config.getoption("numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collectstart() -> None:
    """Whatever a test module imports: torch's own helpers for tests load a Hypothesis profile of theirs."""
    settings.load_profile("seqmodels")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Return a short readable identifier that is the same in every collection, or None where pytest's own is.

    Bytes are named by their argument: compressed ones depend on the clock and on the version of zlib.
    """
    if isinstance(val, bytes) or (isinstance(val, str) and not (val.isascii() and val.isprintable())):
        return argname
    if isinstance(val, str) and len(val) > MAX_TEXT_IN_ID:
        return f"{val[: MAX_TEXT_IN_ID - 3]}..."
    return None


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Tests are small and a worker has one core to itself, whatever the test before has asked for."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed() -> Iterator[None]:
    """Every test draws the same numbers, whatever ran before it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def _double() -> Iterator[None]:
    """float64 wherever no dtype is given."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=NEEDS_CUDA)])
def device(request: pytest.FixtureRequest) -> str:
    """Return the name of each device; tests on one that this machine lacks are skipped."""
    return request.param


@pytest.fixture(params=CELLS.values(), ids=CELLS)
def build_cell(request: pytest.FixtureRequest) -> Callable[[int, int], cells.Cell[Any]]:
    """Builds each kind of cell from an input size and a hidden size."""
    return request.param


@pytest.fixture
def gradients() -> Callable[[Any, Any], list[Tensor]]:
    """Gradients of a fixed weighted sum of all given outputs; zeros where there is no dependence."""

    def compute(outputs: Any, inputs: Any) -> list[Tensor]:
        tensors = pytree.tree_leaves(outputs)
        weights = [torch.linspace(0.5, 1.5, max(t.numel(), 1))[: t.numel()].view(t.shape) for t in tensors]
        loss = sum(((t * w.to(t)).sum() for t, w in zip(tensors, weights, strict=True)), torch.zeros(()))
        wanted = pytree.tree_leaves(inputs)
        return list(torch.autograd.grad(loss, wanted, retain_graph=True, allow_unused=True, materialize_grads=True))

    return compute


@pytest.fixture
def _unannotated() -> Iterator[None]:
    """Shape annotations as outside of tests: not executed, so that what the code itself raises is seen."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def _empty_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is prepared of files is not looked for in the user's cache, nor left there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQMODELS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a training in this process has asked for."""
    monkeypatch.setattr(freed_memory, "_kept", Event())


@pytest.fixture(autouse=True)
def _nothing_compiled(_empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has been built on this machine, `auto` does not see it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(_empty_cache))
    is_built.cache_clear()
