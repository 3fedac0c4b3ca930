"""Recipes of small models, as a config would give them."""

from typing import Any


def recipe(
    cell: str = "LSTMCell", mapping: str = "ManyToOne", objective: str = "Classification", **model: Any
) -> dict[str, Any]:
    """A recipe with sensible small sizes; keywords change the model's."""
    defaults = {
        "cell": {"_target_": f"seqmodels.cells.{cell}", "_partial_": True},
        "hidden_size": 8,
        "num_layers": 1,
        "bidirectional": False,
        "dropout": 0.0,
        "embedding_size": 6,
        "embedding_dropout": 0.0,
        "head_dropout": 0.0,
        "engine": "auto",
        "init": {"_target_": "seqmodels.cells.init.uniform", "_partial_": True},
    }
    pooling = {"_target_": "seqmodels.layers.pooling.Last", "_partial_": True}
    return {
        "model": {**defaults, **model},
        "task": {
            "mapping": {"_target_": f"seqmodels.mappings.{mapping}", "_partial_": True},
            "objective": {"_target_": f"seqmodels.objectives.{objective}", "_partial_": True},
            **({"pooling": pooling} if mapping == "ManyToOne" else {}),
        },
        "optimizer": {"_target_": "torch.optim.AdamW", "_partial_": True, "lr": 0.01},
        "scheduler": {"_target_": "seqmodels.mappings.schedules.cosine", "_partial_": True},
    }
