"""What is predicted is a change, in whichever way the columns are read."""

from typing import Any

import numpy as np
import pytest
import torch

from seqmodels.assembly import build_mapping
from seqmodels.data.series.forecast_data import SeriesData
from seqmodels.data.series.table import Table
from seqmodels.mappings import Forecasting
from seqmodels.types import Batch

RECIPE = {
    "model": {
        "cell": {"_target_": "seqmodels.cells.GRUCell", "_partial_": True},
        "hidden_size": 8,
        "embedding_size": 4,
        "embedding_dropout": 0.0,
        "head_dropout": 0.0,
    },
    "task": {
        "mapping": {"_target_": "seqmodels.mappings.Forecasting", "_partial_": True},
        "objective": {"_target_": "seqmodels.objectives.Regression", "_partial_": True},
        "pooling": {"_target_": "seqmodels.layers.pooling.Last", "_partial_": True},
    },
}


def made(columns: int, *, dated: bool = False, **arguments: Any) -> tuple[Forecasting, Batch]:
    values = np.random.default_rng(0).normal(5.0, 2.0, (150, columns)).cumsum(axis=0)
    times = 3600.0 * np.arange(150) if dated else None
    table = Table(tuple("abc"[:columns]), values, times)
    data = SeriesData(generate=lambda _: table, window=12, **arguments)
    data.setup()
    torch.manual_seed(0)
    mapping = build_mapping(RECIPE, data.spec)
    assert isinstance(mapping, Forecasting)
    return mapping.eval(), data.examples["val"][[0, 3, 7]]  # type: ignore[return-value]


KINDS = [{}, {"per_column": True}, {"patch": 4}, {"per_column": True, "patch": 4}]


@pytest.mark.parametrize("network", KINDS, ids=str)
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("horizon", [1, [2, 6]])
@pytest.mark.parametrize("dated", [False, True])
@torch.no_grad()
def test_a_level_goes_through_and_the_rest_is_change(network: Any, columns: int, horizon: Any, dated: bool) -> None:
    mapping, batch = made(columns, network=network, horizon=horizon, dated=dated)
    output = mapping(batch.inputs, batch.lengths)
    assert output.shape == batch.targets.shape
    levels = torch.arange(1.0, columns + 1)
    lifted = batch.inputs.clone()
    lifted[..., :columns] += levels
    expected = output + levels.repeat(batch.targets.shape[1] // columns)
    torch.testing.assert_close(mapping(lifted, batch.lengths), expected, rtol=1e-4, atol=1e-4)
    mapping.head.linear.weight.zero_()  # type: ignore[union-attr, operator]
    mapping.head.linear.bias.zero_()  # type: ignore[union-attr, operator]
    last = batch.inputs[:, -1, :columns]
    torch.testing.assert_close(mapping(batch.inputs, batch.lengths), last.repeat(1, batch.targets.shape[1] // columns))


@pytest.mark.parametrize("patch", [1, 4])
@torch.no_grad()
def test_columns_read_apart_know_nothing_of_each_other_and_share_the_network(patch: int) -> None:
    mapping, batch = made(3, network={"per_column": True, "patch": patch}, horizon=[1, 5])
    output = mapping(batch.inputs, batch.lengths).view(3, 5, 3)
    other = batch.inputs.clone()
    other[..., 1] = torch.randn(3, 12)
    changed = mapping(other, batch.lengths).view(3, 5, 3)
    assert torch.equal(output[..., [0, 2]], changed[..., [0, 2]])
    assert not torch.equal(output[..., 1], changed[..., 1])
    turned = mapping(batch.inputs[..., [2, 0, 1]], batch.lengths).view(3, 5, 3)
    torch.testing.assert_close(turned, output[..., [2, 0, 1]])


@pytest.mark.parametrize("network", KINDS, ids=str)
@torch.no_grad()
def test_rows_of_unequal_length_are_answered_as_alone(network: Any) -> None:
    mapping, batch = made(2, network=network, horizon=[1, 3], dated=True)
    lengths = torch.tensor([4, 12, 8])
    together = mapping(batch.inputs, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = mapping(batch.inputs[row : row + 1, :length], lengths[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone)


def test_several_steps_ahead_are_scored_in_their_own_units() -> None:
    mapping, batch = made(2, horizon=[1, 3])
    objective = mapping.objective
    predicted, came = objective.compared(batch.targets, batch.targets, batch.lengths > 0)
    torch.testing.assert_close(predicted, came)
    spec = objective.spec
    expected = batch.targets.view(3, 3, 2) * torch.tensor(spec.std) + torch.tensor(spec.mean)
    torch.testing.assert_close(predicted, expected.flatten(1))
