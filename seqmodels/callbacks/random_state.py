"""The state of all random numbers, in checkpoints."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import random
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch


class RandomState(pl.Callback):
    """Random state of Python, NumPy and torch (CPU and CUDA), kept in checkpoints and restored before training goes on.

    With it, dropout and whatever else is drawn from the global generators go on as in an uninterrupted training.
    On several devices, every process goes on with the state of the main one.
    """

    def __init__(self) -> None:
        self._restored: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return the states, as tensors and plain values."""
        version, python, gauss = random.getstate()
        _, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
        return {
            "python": [version, list(python), gauss],
            "numpy": [torch.from_numpy(np.asarray(keys, np.int64)), int(position), int(has_gauss), float(cached)],
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the states: what is set up until the training begins may draw random numbers too."""
        self._restored = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the states."""
        if self._restored is None:
            return
        version, python, gauss = self._restored["python"]
        random.setstate((version, tuple(python), gauss))
        keys, *others = self._restored["numpy"]
        np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), *others))
        torch.set_rng_state(self._restored["torch"].cpu())
        if len(self._restored["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([state.cpu() for state in self._restored["cuda"]])
        self._restored = None
