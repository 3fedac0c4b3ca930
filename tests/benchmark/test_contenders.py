"""Everyone who competes solves the same problem."""

import dataclasses

import pytest
import torch

from seqmodels import cells
from seqmodels.benchmark import lax_scan
from seqmodels.benchmark.contenders import Network
from seqmodels.benchmark.equality import check_equal
from seqmodels.benchmark.ours import drop_in, eager_loop, over
from seqmodels.benchmark.peers import torch_cell, torch_loop, torch_nn
from seqmodels.benchmark.problems import MODES, Mode, Problem, Shape

SHAPE = Shape(6, 3, 4, 5)


@pytest.fixture(params=["rnn", "lstm", "gru"])
def cell(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("variation", [{}, {"num_layers": 2}, {"bidirectional": True, "num_layers": 2}], ids=str)
def test_loops_and_engines_equal_torch(cell: str, mode: Mode, variation: dict[str, object]) -> None:
    problem = Problem(cell, mode, SHAPE, dtype="float64", **variation)  # type: ignore[arg-type]
    reference = torch_nn(problem).results()
    assert any(name.startswith("gradient of weight_hh_l0") for name in reference) == problem.training
    for build in (torch_loop, drop_in("loop"), drop_in("auto")):
        check_equal(build(problem).results(), reference, "float64")


def test_ragged_rows_equal_the_packed_batch(cell: str) -> None:
    problem = Problem(cell, "training", SHAPE, ragged=True, dtype="float64")
    check_equal(drop_in("loop")(problem).results(), torch_nn(problem).results(), "float64")


def test_a_single_step_equals_the_cell(cell: str) -> None:
    problem = Problem(cell, "training", Shape(1, 3, 4, 5), dtype="float64")
    check_equal(torch_cell(problem).results(), torch_nn(problem).results(), "float64")


def test_any_cell_over_time() -> None:
    problem = Problem("cho gru", "training", SHAPE, dtype="float64")
    reference = eager_loop(cells.ChoGRUCell)(problem).results()
    assert {"output 0", "output 1", "gradient of x", "gradient of cell.weight_hh"} <= reference.keys()
    for engine in ("loop", "auto"):
        contender = over(cells.ChoGRUCell, engine)(problem)  # type: ignore[arg-type]
        check_equal(contender.results(), reference, "float64")


def test_gradients_do_not_add_up_from_call_to_call() -> None:
    network = torch_nn(Problem("gru", "training", SHAPE))
    first = network.results()
    assert check_equal(network.results(), first, "float32") == 0.0
    network.release()
    assert network.x.grad is None


def test_a_gradient_of_every_output_and_state_comes_back() -> None:
    problem = Problem("lstm", "training", SHAPE)
    layer = torch.nn.LSTM(4, 5)
    seen: list[int] = []

    def forward(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y, (h, c) = layer(x)
        for place, output in enumerate((y, h, c)):
            if output.requires_grad:
                output.register_hook(lambda _, place=place: seen.append(place))
        return y, h, c

    Network(problem, forward, {})()
    assert sorted(seen) == [0, 1, 2]


@pytest.mark.parametrize("mode", MODES)
def test_lax_scan_equals_torch(cell: str, mode: Mode) -> None:
    pytest.importorskip("jax", reason="JAX is not installed")
    problem = Problem(cell, mode, SHAPE)
    check_equal(lax_scan.lax_scan(problem).results(), torch_nn(problem).results(), "float32")


def test_lax_scan_says_where_it_does_not_compete(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Problem("gru", "training", SHAPE)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="cannot run here: JAX is not installed"):
        lax_scan.lax_scan(plain)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    assert lax_scan.obstacle(plain) is None
    for other in ({"num_layers": 2}, {"bidirectional": True}, {"ragged": True}, {"dtype": "bfloat16"}):
        assert "one layer in one direction" in str(lax_scan.obstacle(dataclasses.replace(plain, **other)))
