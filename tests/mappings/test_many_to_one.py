import pytest
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

from seqmodels.assembly import build_mapping
from seqmodels.types import Batch, DataSpec
from tests.mappings.models import recipe

SPEC = DataSpec("tokens", input_size=20, output_size=3, padding_index=0, classes=("a", "b", "c"))


def batches(sizes: list[int]) -> list[Batch]:
    generator = torch.Generator().manual_seed(0)
    made = []
    for size in sizes:
        lengths = torch.randint(1, 7, (size,), generator=generator)
        inputs = torch.randint(1, 20, (size, 6), generator=generator)
        targets = torch.randint(3, (size,), generator=generator)
        made.append(Batch(inputs, targets, lengths))
    return made


def evaluator() -> pl.Trainer:
    return pl.Trainer(
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        max_epochs=1,
    )


def test_an_epochs_loss_is_the_mean_over_rows_however_batched() -> None:
    mapping = build_mapping(recipe(), SPEC)
    whole = batches([5, 2])
    (measured,) = evaluator().test(mapping, DataLoader(whole, batch_size=None), verbose=False)
    with torch.no_grad():
        outputs = torch.cat([mapping(b.inputs, b.lengths) for b in whole])
    targets = torch.cat([b.targets for b in whole])
    assert measured["test/loss"] == pytest.approx(F.cross_entropy(outputs, targets).item(), rel=1e-6)
    assert measured["test/accuracy"] == pytest.approx((outputs.argmax(-1) == targets).float().mean().item())


@pytest.mark.parametrize("pooling", ["Last", "Mean", "Max", "Attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_answer_does_not_depend_on_padding_or_on_the_batch(pooling: str, bidirectional: bool) -> None:
    plan = recipe(bidirectional=bidirectional, num_layers=2)
    plan["task"]["pooling"] = {"_target_": f"seqmodels.layers.pooling.{pooling}", "_partial_": True}
    mapping = build_mapping(plan, SPEC).eval()
    (batch,) = batches([4])
    together = mapping(batch.inputs, batch.lengths)
    for row, length in enumerate(batch.lengths.tolist()):
        alone = mapping(batch.inputs[row : row + 1, :length], torch.tensor([length]))
        torch.testing.assert_close(together[row], alone[0])


def test_training_lowers_the_loss_and_only_matrices_decay() -> None:
    mapping = build_mapping(recipe(hidden_size=16), SPEC)
    (batch,) = batches([16])
    before = mapping.objective.loss(mapping(batch.inputs, batch.lengths), batch.targets, batch.lengths > 0).item()
    trainer = pl.Trainer(
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        max_epochs=4,
        log_every_n_steps=30,
    )
    loader = DataLoader([batch] * 30, batch_size=None)
    trainer.fit(mapping, loader, loader)
    after = mapping.objective.loss(mapping(batch.inputs, batch.lengths), batch.targets, batch.lengths > 0).item()
    assert after < 0.3 * before
    groups = trainer.optimizers[0].param_groups
    assert all(group["params"] for group in groups)
    assert all(p.ndim > 1 for p in groups[0]["params"])
    assert all(p.ndim == 1 for p in groups[1]["params"])
    assert (groups[0]["weight_decay"], groups[1]["weight_decay"]) == (0.01, 0.0)


def test_a_mapping_without_optimizer_says_so_when_trained() -> None:
    mapping = build_mapping({**recipe(), "optimizer": None}, SPEC)
    with pytest.raises(ValueError, match="without an optimizer"):
        mapping.configure_optimizers()


class Losses(pl.Callback):
    """What was logged at every step, and the loss of every step."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.shown: list[float | None] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, _module: pl.LightningModule, outputs: dict[str, torch.Tensor], *_: object
    ) -> None:
        self.steps.append(outputs["loss"].item())
        logged = trainer.callback_metrics.get("train/loss_step")
        self.shown.append(None if logged is None else logged.item())


def test_training_logs_the_mean_of_the_epoch_and_the_loss_of_every_nth_step() -> None:
    mapping, losses = build_mapping(recipe(), SPEC), Losses()
    trainer = pl.Trainer(
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        max_epochs=2,
        log_every_n_steps=2,
        callbacks=[losses],
    )
    loader = DataLoader(batches([5, 2, 4]), batch_size=None)
    trainer.fit(mapping, loader, loader)
    first, second, third = losses.steps[3:]
    assert trainer.callback_metrics["train/loss"].item() == pytest.approx((5 * first + 2 * second + 4 * third) / 11)
    every_second = [None, *(losses.steps[i] for i in (1, 1, 3, 3, 5))]
    assert losses.shown == pytest.approx(every_second)


@pytest.mark.parametrize(
    "spec", [DataSpec("values", 3, 2), DataSpec("tokens", 5, 2, padding_index=0)], ids=["values", "tokens"]
)
def test_what_goes_in_is_dropped_as_the_model_says(spec: DataSpec) -> None:
    mapping = build_mapping(recipe(embedding_dropout=1.0), spec)
    inputs = torch.ones(2, 4, 3) if spec.inputs == "values" else torch.ones(2, 4, dtype=torch.long)
    assert not mapping.embedding(inputs).any()
    assert mapping.eval().embedding(inputs).any()
