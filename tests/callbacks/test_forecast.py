"""Forecasts of several steps are drawn where they belong."""

import torch

from seqmodels.callbacks import Forecast
from seqmodels.callbacks.forecast import draw_forecast
from seqmodels.objectives import Regression
from seqmodels.types import Batch, DataSpec
from tests.callbacks.test_figures import Drawn


def test_forecasts_follow_one_another_over_what_came() -> None:
    came = torch.arange(10.0)
    actual = came.unfold(0, 3, 1)  # eight origins, three steps ahead of one column
    figure = draw_forecast(actual + 100, actual, ["load"])
    lines = figure.axes[0].lines
    assert list(lines[0].get_ydata()) == came.tolist()
    paths = [line for line in lines if len(line.get_xdata()) == 3]
    assert [list(path.get_xdata()) for path in paths] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert [list(path.get_ydata()) for path in paths] == [[100, 101, 102], [103, 104, 105], [106, 107, 108]]
    assert [text.get_text() for text in figure.legends[0].texts] == ["actual", "predicted", "made here"]


def test_at_least_two_forecasts_are_kept_and_columns_stay_apart() -> None:
    spec = DataSpec(
        "values",
        input_size=3,
        output_size=8,
        mean=(10.0, 0.0),
        std=(2.0, 1.0),
        columns=("x", "y", "year sine"),
        answers=tuple(f"{name} +{step}" for step in range(1, 5) for name in "xy"),
    )
    objective, view, drawn = Regression(spec), Forecast(num_points=3, num_columns=1), Drawn()
    view.begin(objective)
    for start in range(0, 40, 4):
        targets = torch.arange(start, start + 4.0).unsqueeze(1) + torch.arange(4.0).repeat_interleave(2)
        batch = Batch(torch.zeros(4, 5, 3), targets, torch.full((4,), 5))
        view.look(objective, batch, targets + 1, torch.ones(4, dtype=torch.bool))
    assert [tuple(pair.shape) for pair in view.pairs] == [(4, 2, 4), (4, 2, 4)]
    view.show(objective, drawn, "test", 0)  # type: ignore[arg-type]
    (panel,) = drawn.figures["forecast/test"].axes
    assert panel.get_ylabel() == "x"
    assert list(panel.lines[0].get_ydata()) == [10 + 2.0 * step for step in range(11)]
    assert list(panel.lines[1].get_ydata()) == [10 + 2.0 * step for step in range(1, 5)]
