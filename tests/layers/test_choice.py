"""Which engine `auto` takes, and why."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import permutations
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from seqmodels.benchmark.user_cells import LayerNormLSTMCell, PeepholeLSTMCell
from seqmodels.cells import Cell, ChoGRUCell, GRUCell, LSTMCell, MinGRUCell, RNNCell
from seqmodels.layers.drop_in import GRU, LSTM, RNN
from seqmodels.layers.engines import REASONS, TRANSFORMED, Choice, choose, gemm, run

LARGE, WORTH_IT = (256, 5, 100, 100), 2_200_000
assert LARGE[0] * 3 * LARGE[3] ** 2 > WORTH_IT


@pytest.fixture(autouse=True)
def _threshold(monkeypatch):
    """What a large product is, and who computes the others, on any processor."""
    monkeypatch.setattr(gemm, "WORTH_IT", WORTH_IT)
    monkeypatch.setattr(gemm, "MKL_AT_HOME", False)


@pytest.fixture
def torchs(monkeypatch):
    """Whether torch's layer computes what a drop-in layer is asked."""
    asked = []
    for theirs in (nn.RNN, nn.LSTM, nn.GRU):
        monkeypatch.setattr(
            theirs, "forward", lambda layer, *args, by=theirs.forward: asked.append(0) or by(layer, *args)
        )

    def asks(layer, x):
        asked.clear()
        layer(x)
        return bool(asked)

    return asks


class Doubled(LSTMCell):
    """Not what its parent is."""

    def step(self, drive_t, state):
        """Another equation."""
        return super().step(2 * drive_t, state)


class Case(NamedTuple):
    """What is asked for, and what is to run."""

    build: Callable[..., Cell[Any]]
    engine: str
    training: bool = True
    ragged: bool = False
    sizes: tuple[int, int, int, int] = (4, 5, 2, 3)  # batch, time, input, hidden
    dtype: torch.dtype = torch.float32

    def choose(self) -> tuple[Choice, Cell[Any], Tensor]:
        """By a cell and an input like that."""
        batch, time, inputs, hidden = self.sizes
        cell, x = self.build(inputs, hidden).to(self.dtype), torch.randn(batch, time, inputs, dtype=self.dtype)
        with torch.set_grad_enabled(self.training):
            return choose(cell, x, ragged=self.ragged), cell, x


sin = partial(RNNCell, nonlinearity=torch.sin)
projected = partial(LSTMCell, proj_size=2)
CASES = {
    "LSTM": Case(LSTMCell, "vendor"),
    "LSTM, ragged": Case(LSTMCell, "vendor", ragged=True),
    "LSTM, inference": Case(LSTMCell, "vendor", training=False),
    "LSTM, float64": Case(LSTMCell, "fused", dtype=torch.float64),
    "LSTM, projected": Case(projected, "fused"),
    "GRU": Case(GRUCell, "fused"),
    "GRU, float64": Case(GRUCell, "fused", dtype=torch.float64),
    "GRU, ragged": Case(GRUCell, "fused", ragged=True),
    "GRU, inference": Case(GRUCell, "vendor", training=False),
    "GRU, large inference": Case(GRUCell, "fused", training=False, sizes=LARGE),
    "GRU, ragged inference": Case(GRUCell, "fused", training=False, ragged=True),
    "GRU, one step": Case(GRUCell, "vendor", sizes=(4, 1, 2, 3)),
    "GRU, empty": Case(GRUCell, "fused", sizes=(0, 5, 2, 3)),
    "RNN": Case(RNNCell, "fused"),
    "RNN, relu": Case(partial(RNNCell, nonlinearity="relu"), "fused"),
    "RNN, another nonlinearity": Case(sin, "derived"),
    "RNN, inference": Case(RNNCell, "fused", training=False),
    "Cho's GRU": Case(ChoGRUCell, "fused"),
    "Cho's GRU, one step": Case(ChoGRUCell, "fused", sizes=(4, 1, 2, 3)),
    "minGRU": Case(MinGRUCell, "parallel"),
    "minGRU, ragged": Case(MinGRUCell, "parallel", ragged=True),
    "peephole LSTM": Case(PeepholeLSTMCell, "derived"),
    "peephole LSTM, inference": Case(PeepholeLSTMCell, "derived", training=False),
    "layer-normalised LSTM": Case(LayerNormLSTMCell, "derived", ragged=True),
    "a subclass": Case(Doubled, "derived"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_takes_the_fastest_and_says_why(case, monkeypatch):
    choice, cell, x = case.choose()
    assert choice == (case.engine, REASONS[case.engine])
    lengths = torch.zeros(len(x), dtype=torch.int64) if case.ragged else None
    with torch.set_grad_enabled(case.training):
        assert run(cell, x, None, lengths)[0].shape == (*x.shape[:2], cell.output_size)


WITH_KERNELS = {
    "GRU": (CASES["GRU"], "native"),
    "GRU, ragged": (CASES["GRU, ragged"], "native"),
    "GRU, inference": (CASES["GRU, inference"], "native"),
    "GRU, one step": (CASES["GRU, one step"], "vendor"),
    "GRU, float64": (CASES["GRU, float64"], "fused"),
    "RNN": (CASES["RNN"], "native"),
    "RNN, relu": (CASES["RNN, relu"], "native"),
    "RNN, another nonlinearity": (CASES["RNN, another nonlinearity"], "derived"),
    "LSTM, short": (CASES["LSTM"], "vendor"),
    "LSTM, small and long": (Case(LSTMCell, "vendor", sizes=(16, 64, 8, 64)), "native"),
    "LSTM, inference": (CASES["LSTM, inference"], "vendor"),
    "LSTM, ragged": (CASES["LSTM, ragged"], "native"),
    "LSTM, ragged inference": (Case(LSTMCell, "vendor", training=False, ragged=True), "native"),
    "LSTM, large ragged inference": (
        Case(LSTMCell, "vendor", training=False, ragged=True, sizes=(128, 5, 8, 257)),
        "vendor",
    ),
    "LSTM, projected": (CASES["LSTM, projected"], "fused"),
    "LSTM, middling": (Case(LSTMCell, "vendor", sizes=(32, 10, 8, 128)), "vendor"),
    "LSTM, large": (Case(LSTMCell, "vendor", sizes=(64, 100, 8, 128)), "native"),
    "LSTM, large products": (Case(LSTMCell, "vendor", sizes=(128, 100, 8, 128)), "vendor"),
    "Cho's GRU": (CASES["Cho's GRU"], "fused"),
    "minGRU": (CASES["minGRU"], "parallel"),
}


@pytest.mark.parametrize(("case", "engine"), WITH_KERNELS.values(), ids=WITH_KERNELS)
@pytest.mark.usefixtures("_native")
def test_takes_compiled_kernels_where_they_are_faster(case, engine):
    assert case.choose()[0] == (engine, REASONS[engine])


@pytest.mark.parametrize(
    ("rows", "steps", "long"), [(4, 25, True), (99, 25, True), (4, 24, False), (1, 100, True), (1, 99, False)]
)
def test_a_long_gru_is_inferred_by_fused_where_mkl_is_at_home(rows, steps, long, monkeypatch):
    case = Case(GRUCell, "vendor", training=False, sizes=(rows, steps, 2, 3))
    assert case.choose()[0].engine == "vendor"
    monkeypatch.setattr(gemm, "MKL_AT_HOME", True)
    assert case.choose()[0].engine == ("fused" if long else "vendor")


@pytest.mark.usefixtures("_native")
@pytest.mark.parametrize(("steps", "engine"), [(48, "native"), (47, "vendor")])
def test_where_mkl_is_at_home_the_length_decides_about_a_small_lstm(steps, engine, monkeypatch):
    case = Case(LSTMCell, engine, sizes=(4, steps, 2, 3))
    assert case.choose()[0].engine == "vendor"
    monkeypatch.setattr(gemm, "MKL_AT_HOME", True)
    assert case.choose()[0].engine == engine


def test_frozen_parameters_count_as_inference():
    cell, x = GRUCell(2, 3).requires_grad_(False), torch.randn(4, 5, 2)
    assert choose(cell, x).engine == "vendor"
    assert choose(cell, x.requires_grad_()).engine == "fused"


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("build", [LSTMCell, GRUCell, ChoGRUCell, MinGRUCell, PeepholeLSTMCell])
def test_transforms_are_for_the_loop(build):
    cell, x, chosen = build(2, 3), torch.randn(6, 4, 5, 2), []

    def outputs(x):
        chosen.append(choose(cell, x))
        return run(cell, x, None, None)[0]

    mapped = torch.func.vmap(outputs)(x)
    torch.func.grad(lambda x: outputs(x).sum())(x[0])
    torch.func.jvp(outputs, (x[0],), (x[0],))
    with torch.autograd.forward_ad.dual_level():
        outputs(x[0])
    assert chosen == [Choice("loop", TRANSFORMED)] * 4
    torch.testing.assert_close(mapped, torch.stack([outputs(part) for part in x]))
    assert all(choice.engine != "loop" for choice in chosen[4:])


@pytest.mark.parametrize("engine", ["fused", "vendor", "native", "derived"])
def test_engines_refuse_transforms(engine):
    message, cell = f'^engine="{engine}" cannot run here: {TRANSFORMED}$', GRUCell(2, 3)
    with pytest.raises(ValueError, match=message):
        torch.func.vmap(lambda x: run(cell, x, None, None, engine)[0])(torch.randn(6, 4, 5, 2))


def test_autocast_is_for_torchs_kernels_and_the_loop():
    x = torch.randn(4, 5, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert {choose(build(2, 3), x).engine for build in (RNNCell, GRUCell)} == {"vendor"}
        assert {choose(build(2, 3), x).engine for build in (ChoGRUCell, MinGRUCell, PeepholeLSTMCell)} == {"loop"}


@pytest.mark.parametrize(("supported", "engine"), [(True, "vendor"), (False, "loop")])
def test_autocast_takes_torchs_lstm_only_where_the_processor_has_its_type(monkeypatch, supported, engine):
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: supported)
    x = torch.randn(4, 5, 2)
    assert choose(LSTMCell(2, 3), x).engine == "vendor"
    with torch.autocast("cpu", torch.bfloat16):
        assert choose(LSTMCell(2, 3), x).engine == engine
        assert choose(LSTMCell(2, 3, proj_size=2), x).engine == "vendor"
    with torch.autocast("cpu", torch.float16):
        assert choose(LSTMCell(2, 3), x).engine == "vendor"


def test_what_cannot_be_derived_is_for_the_loop():
    cell = RNNCell(2, 3, nonlinearity=torch.nn.functional.dropout)
    message = "nothing can be derived from RNNCell: it draws random numbers"
    assert choose(cell, torch.randn(4, 5, 2)) == Choice("loop", message)


def test_nothing_is_derived_for_a_single_step():
    assert choose(PeepholeLSTMCell(2, 3), torch.randn(4, 1, 2)).engine == "loop"
    assert choose(PeepholeLSTMCell(2, 3), torch.randn(4, 1, 2), "derived").engine == "derived"


@pytest.mark.parametrize(("build", "engine"), [(RNN, "fused"), (LSTM, "vendor"), (GRU, "fused")])
def test_drop_in_layers_tell_as_well(build, engine):
    layer, x = build(2, 3, num_layers=2, bidirectional=True), torch.randn(5, 4, 2)
    assert layer.explain_engine(x) == (engine, REASONS[engine])
    assert layer.explain_engine(x, lengths=torch.tensor([5, 2, 0, 3])) == (engine, REASONS[engine])
    assert build(2, 3, engine="loop", batch_first=True).explain_engine(x) == ("loop", "asked for")
    with torch.no_grad():
        assert layer.explain_engine(x).engine == ("fused" if build is RNN else "vendor")


SITUATIONS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "training": nullcontext,
    "inference": torch.no_grad,
    "without oneDNN": partial(torch.backends.mkldnn.flags, enabled=False, allow_tf32=None),
    "forward mode": torch.autograd.forward_ad.dual_level,
    "mixed precision": partial(torch.autocast, "cpu", torch.bfloat16),
}


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("build", [RNN, LSTM, GRU])
@pytest.mark.parametrize(("before", "after"), list(permutations(SITUATIONS, 2)))
def test_what_was_best_before_is_not_taken_for_what_is_best_now(build, before, after, torchs):
    layer, x = build(2, 3), torch.randn(5, 4, 2)
    for situation in (before, after):
        with SITUATIONS[situation]():
            assert torchs(layer, x) == torchs(build(2, 3), x)


def test_what_is_best_for_a_sequence_is_not_taken_for_what_is_best_for_another(torchs):
    layer, x, longer = LSTM(2, 300), torch.randn(5, 4, 2), torch.randn(4000, 1, 2)
    assert [torchs(layer, x), torchs(layer, longer), torchs(layer, x)] == [True, False, True]
    assert not torchs(layer.double(), x.double())
