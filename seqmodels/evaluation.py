"""A finished run tested again, on the data that its config names."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytorch_lightning as pl

from seqmodels.assembly import instantiate
from seqmodels.data import SequenceData
from seqmodels.kinds import Trusted
from seqmodels.plain_files import read_mapping
from seqmodels.runs import load


def evaluate(run: str | Path, *, checkpoint: str = "best", trusted: Sequence[Trusted] = ()) -> dict[str, float]:
    """Test a run's checkpoint on the test split of the data that `config.yaml` in its folder names.

    The config is code: it chooses what is imported and called. Test only runs whose config you trust.

    Args:
        run: a run folder.
        checkpoint: `"best"` or `"last"`.
        trusted: see `seqmodels.load`.

    Returns:
        The metrics, by name.

    Raises:
        FileNotFoundError: there is no such run, checkpoint or config.
        ValueError: a file is damaged, or the data is no longer what the run was trained on.
    """
    trained = load(run, checkpoint=checkpoint, trusted=trusted)
    path = Path(run) / "config.yaml"
    config = read_mapping(path)
    if "data" not in config:
        raise ValueError(f"{path}: expected the key data, which names a data set")
    data: SequenceData = instantiate(config["data"])
    data.setup()
    if data.spec != trained.spec:
        raise ValueError(f"the data that {path} names is not what the run was trained on: its spec differs")
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers")
        trainer = pl.Trainer(
            logger=False, enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False
        )
        (metrics,) = trainer.test(trained.mapping, data, verbose=False)
    return {name: float(value) for name, value in metrics.items()}
