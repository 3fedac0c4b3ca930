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
        max_epochs=120,
        log_every_n_steps=1,
    )
    loader = DataLoader([batch], batch_size=None)
    trainer.fit(mapping, loader, loader)
    after = mapping.objective.loss(mapping(batch.inputs, batch.lengths), batch.targets, batch.lengths > 0).item()
    assert after < 0.3 * before
    groups = trainer.optimizers[0].param_groups
    assert all(p.ndim > 1 for p in groups[0]["params"])
    assert all(p.ndim == 1 for p in groups[1]["params"])
    assert (groups[0]["weight_decay"], groups[1]["weight_decay"]) == (0.01, 0.0)


def test_a_mapping_without_optimizer_says_so_when_trained() -> None:
    mapping = build_mapping({**recipe(), "optimizer": None}, SPEC)
    with pytest.raises(ValueError, match="without an optimizer"):
        mapping.configure_optimizers()
