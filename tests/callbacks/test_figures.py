"""What is drawn."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

import io
from pathlib import Path

import matplotlib.image
import matplotlib.pyplot as plt
import pytest
import pytorch_lightning as pl
import torch

from seqmodels.callbacks import ConfusionMatrix, Forecast, LossByEpoch
from seqmodels.callbacks.confusion_matrix import draw_confusion
from seqmodels.callbacks.forecast import ACTUAL, PREDICTED, draw_forecast
from seqmodels.callbacks.loss_by_epoch import draw_losses
from seqmodels.types import Batch
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


class Drawn:
    """Stands for a TensorBoard writer and keeps what is drawn."""

    def __init__(self) -> None:
        self.figures: dict[str, plt.Figure] = {}

    def add_figure(self, tag: str, figure: plt.Figure, step: int, *, close: bool) -> None:
        self.figures[tag] = figure


def lines(figure: plt.Figure) -> list[dict[str, list[float]]]:
    """The y values of the lines of each panel, by their label."""
    return [{line.get_label(): list(line.get_ydata()) for line in axes.lines} for axes in figure.axes]


def test_each_pass_is_drawn_into_the_run_and_pyplot_stays_as_it_was(tmp_path: Path) -> None:
    data = tiny.series()
    mapping = tiny.model(data)
    trainer = tiny.trainer(tmp_path, [Forecast(), LossByEpoch()])
    trainer.fit(mapping, data)
    trainer.test(mapping, data, verbose=False)
    events = tiny.events(tmp_path)
    assert set(events.Tags()["images"]) == {"forecast/val", "forecast/test", "loss/by_epoch"}
    assert [event.step for event in events.Images("forecast/val")] == [4, 8]
    assert [event.step for event in events.Images("loss/by_epoch")] == [8]
    image = matplotlib.image.imread(io.BytesIO(events.Images("forecast/test")[0].encoded_image_string))
    assert image.std() > 0.01
    assert plt.get_fignums() == []


def test_a_forecast_shows_the_first_points_of_the_split_in_their_own_units() -> None:
    data, drawn = tiny.series(num_columns=2), Drawn()
    mapping, forecast = tiny.model(data), Forecast(num_points=20)
    forecast.begin(mapping.objective)
    outputs = []
    for batch in data.val_dataloader():
        output, valid = mapping.respond(batch, "val")
        outputs.append(output.detach())
        forecast.look(mapping.objective, batch, output.detach(), valid)
    forecast.show(mapping.objective, drawn, "val", 0)  # type: ignore[arg-type]
    figure = drawn.figures["forecast/val"]
    targets = data.examples["val"].rows.targets  # type: ignore[attr-defined]
    for column, panel in enumerate(lines(figure)):
        assert panel["actual"] == pytest.approx((targets[:20, column] * 3 + 10).tolist())
        assert panel["predicted"] == pytest.approx((torch.cat(outputs)[:20, column] * 3 + 10).tolist())
    assert [axes.get_ylabel() for axes in figure.axes] == ["wave 0", "wave 1"]


def test_a_forecast_keeps_no_more_than_it_draws() -> None:
    data = tiny.series(num_columns=5)
    mapping, forecast = tiny.model(data), Forecast(num_points=10, num_columns=3)
    forecast.begin(mapping.objective)
    for batch in data.val_dataloader():
        output, valid = mapping.respond(batch, "val")
        forecast.look(mapping.objective, batch, output.detach(), valid)
    assert [tuple(pair.shape) for pair in forecast.pairs] == [(8, 2, 3), (8, 2, 3)]
    drawn = Drawn()
    forecast.show(mapping.objective, drawn, "test", 0)  # type: ignore[arg-type]
    assert len(drawn.figures["forecast/test"].axes) == 3


def test_a_forecast_of_nothing_is_not_possible() -> None:
    with pytest.raises(ValueError, match="num_points and num_columns must be at least 1, got 0 and 3"):
        Forecast(num_points=0)


def test_actual_and_predicted_are_told_apart() -> None:
    figure = draw_forecast(torch.zeros(3, 1), torch.ones(3, 1), ["value"])
    assert [line.get_color() for line in figure.axes[0].lines] == [ACTUAL, PREDICTED]
    assert [text.get_text() for text in figure.legends[0].texts] == ["actual", "predicted"]


def test_confusions_are_counted_over_a_whole_pass() -> None:
    data, drawn = tiny.reviews(), Drawn()
    mapping, confusion = tiny.model(data), ConfusionMatrix()
    for _ in range(2):
        confusion.begin(mapping.objective)
        for batch in data.val_dataloader():
            output = 9.0 * torch.nn.functional.one_hot((batch.targets + (batch.targets == 1)) % 3, 3)
            confusion.look(mapping.objective, batch, output, torch.ones(len(output), dtype=torch.bool))
    confusion.show(mapping.objective, drawn, "val", 0)  # type: ignore[arg-type]
    assert confusion.counts.tolist() == [[8, 0, 0], [0, 0, 8], [0, 0, 8]]
    panel = drawn.figures["confusion/val"].axes[0]
    assert [label.get_text() for label in panel.get_yticklabels()] == list(tiny.CLASSES)
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("predicted", "actual")
    fields = {tuple(text.get_position()): text.get_text() for text in panel.texts}
    assert fields[2, 1] == "100%\n8"
    assert fields[1, 2] == "0%\n0"


def test_a_class_that_does_not_occur_has_an_empty_row() -> None:
    figure = draw_confusion(torch.tensor([[3, 1], [0, 0]]), ["yes", "no"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["75%\n3", "25%\n1", "0%\n0", "0%\n0"]


@pytest.mark.parametrize("size", [13, 200])
def test_many_classes_are_drawn_without_numbers_and_with_few_names(size: int) -> None:
    panel = draw_confusion(torch.eye(size, dtype=torch.long), [f"class number {i} of many" for i in range(size)]).axes[
        0
    ]
    labels = [label.get_text() for label in panel.get_xticklabels()]
    assert len(panel.texts) == 0
    assert len(labels) <= 50
    assert max(map(len, labels)) == 16


def test_confusions_are_in_the_run(tmp_path: Path) -> None:
    data = tiny.reviews()
    mapping = tiny.model(data)
    trainer = tiny.trainer(tmp_path, [ConfusionMatrix()], max_epochs=1)
    trainer.fit(mapping, data)
    trainer.test(mapping, data, verbose=False)
    assert set(tiny.events(tmp_path).Tags()["images"]) == {"confusion/val", "confusion/test"}


def test_the_losses_drawn_are_those_logged(tmp_path: Path) -> None:
    data, losses = tiny.series(), LossByEpoch()
    tiny.trainer(tmp_path, [losses], max_epochs=4, check_val_every_n_epoch=2).fit(tiny.model(data), data)
    assert list(losses.losses["train"]) == [1, 2, 3, 4]
    assert list(losses.losses["val"]) == [2, 4]
    for split, by_epoch in losses.losses.items():
        assert list(by_epoch.values()) == pytest.approx(list(tiny.scalars(tmp_path, f"{split}/loss").values()))
    panel = draw_losses(losses.losses).axes[0]
    assert panel.get_yscale() == "log"
    drawn = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in panel.lines}
    assert drawn["train"] == (list(losses.losses["train"]), list(losses.losses["train"].values()))
    assert drawn["lowest val"][1] == [min(losses.losses["val"].values())]


class PowerCut(pl.Callback):
    """Strikes in the middle of an epoch."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        if trainer.global_step == self.step:
            raise RuntimeError("power cut")


@pytest.mark.parametrize(("step", "drawn"), [(1, []), (9, ["loss/by_epoch"])])
def test_an_interrupted_run_draws_its_whole_epochs(tmp_path: Path, step: int, drawn: list[str]) -> None:
    data, losses = tiny.series(), LossByEpoch()
    with pytest.raises(RuntimeError, match="power cut"):
        tiny.trainer(tmp_path, [losses, PowerCut(step)], max_epochs=4).fit(tiny.model(data), data)
    assert list(losses.losses["train"]) == list(range(1, step // 4 + 1))
    assert tiny.events(tmp_path).Tags()["images"] == drawn


def test_a_resumed_run_draws_the_losses_of_before_too(tmp_path: Path) -> None:
    data, before, after = tiny.series(), LossByEpoch(), LossByEpoch()
    first = tiny.trainer(tmp_path / "run", [before], max_epochs=2)
    first.fit(tiny.model(data), data)
    first.save_checkpoint(tmp_path / "last.ckpt")
    again = tiny.trainer(tmp_path / "run", [after], max_epochs=3)
    again.fit(tiny.model(data), data, ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert list(after.losses["val"]) == [1, 2, 3]
    assert {e: after.losses["val"][e] for e in (1, 2)} == before.losses["val"]


def test_looking_does_not_change_the_training(tmp_path: Path) -> None:
    def weights(run: str, callbacks: list[pl.Callback]) -> torch.Tensor:
        data = tiny.series()
        mapping = tiny.model(data)
        tiny.trainer(tmp_path / run, callbacks).fit(mapping, data)
        return torch.cat([p.detach().flatten() for p in mapping.parameters()])

    assert torch.equal(weights("seen", [Forecast(), LossByEpoch()]), weights("unseen", []))
