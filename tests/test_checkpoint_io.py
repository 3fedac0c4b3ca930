"""`AtomicCheckpointIO` with Lightning's Trainer used directly, and a module of one's own."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from seqmodels.checkpoints import AtomicCheckpointIO
from seqmodels.checkpoints.digests import KEY


class Line(pl.LightningModule):
    """Somebody's own module."""

    def __init__(self, rate: float) -> None:  # noqa: ARG002
        super().__init__()
        self.save_hyperparameters()
        self.line = nn.Linear(2, 1)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:  # noqa: ARG002
        loss = (self.line(batch[0]) - batch[1]).square().mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), lr=self.hparams["rate"])
        return [optimizer], [torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2])]


def train(folder: Path, epochs: int, plugins: list[Any], ckpt_path: Path | None = None) -> Line:
    """Train that module, possibly from a checkpoint on; leaves `last.ckpt`."""
    rows = torch.arange(16.0).view(8, 2) / 16
    torch.manual_seed(0)
    module = Line(rate=0.1)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        plugins=plugins,
        callbacks=[ModelCheckpoint(folder, monitor="loss", save_last=True, filename="best")],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = DataLoader(TensorDataset(rows, rows.sum(1, keepdim=True)), batch_size=4)
    trainer.fit(module, data, ckpt_path=ckpt_path)
    return module


@pytest.mark.filterwarnings("ignore:The number of training batches", "ignore:Checkpoint directory")
def test_lightnings_trainer_saves_and_resumes_with_it(tmp_path: Path) -> None:
    unbroken = train(tmp_path / "a", 3, [AtomicCheckpointIO()])
    train(tmp_path / "b", 2, [AtomicCheckpointIO()])
    last = tmp_path / "b" / "last.ckpt"
    assert KEY in torch.load(last, weights_only=True)
    resumed = train(tmp_path / "b", 3, [AtomicCheckpointIO()], ckpt_path=last)
    assert all(torch.equal(a, b) for a, b in zip(unbroken.parameters(), resumed.parameters(), strict=True))

    content = bytearray(last.read_bytes())
    content[content.index(resumed.line.weight.detach().numpy().tobytes()) + 1] ^= 1
    last.write_bytes(content)
    with pytest.raises(ValueError, match=r"last\.ckpt is damaged .* state_dict\.line\.weight has another digest"):
        train(tmp_path / "b", 4, [AtomicCheckpointIO()], ckpt_path=last)


@pytest.mark.filterwarnings("ignore:The number of training batches", "ignore:Checkpoint directory")
def test_what_lightning_has_written_itself_is_read(tmp_path: Path) -> None:
    unbroken = train(tmp_path / "a", 3, [])
    train(tmp_path / "b", 2, [])
    resumed = train(tmp_path / "b", 3, [AtomicCheckpointIO()], ckpt_path=tmp_path / "b" / "last.ckpt")
    assert all(torch.equal(a, b) for a, b in zip(unbroken.parameters(), resumed.parameters(), strict=True))


def test_only_files_within_a_folder_are_removed(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "inner").mkdir(parents=True)
    (tmp_path / "mine.txt").write_text("x")
    (tmp_path / "checkpoints" / "a.ckpt").write_text("x")
    plugin = AtomicCheckpointIO()
    plugin.remove_checkpoint(tmp_path / "checkpoints" / "a.ckpt")
    with pytest.raises(ValueError, match="leads upwards"):
        plugin.remove_checkpoint(str(tmp_path / "checkpoints" / ".." / "mine.txt"))
    with pytest.raises(OSError, match="inner"):
        plugin.remove_checkpoint(tmp_path / "checkpoints" / "inner")
    assert (tmp_path / "mine.txt").exists()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["inner"]
