"""Trainings of a second or two, and what TensorBoard reads of them."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.cells import GRUCell
from seqmodels.data.base import SequenceData, Split
from seqmodels.data.orders import Order, in_order
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.layers import TokenEmbedding, ValueEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.layers.pooling import Last
from seqmodels.mappings import ManyToMany, ManyToOne, SequenceMapping
from seqmodels.objectives import Classification, Language, Regression
from seqmodels.types import Batch, DataSpec

CLASSES = ("bad", "good", "so | <so>")


class Rows(Dataset[Batch]):
    """The rows of one batch."""

    def __init__(self, rows: Batch) -> None:
        self.rows = rows

    def __getitem__(self, indices: list[int]) -> Batch:
        return Batch(*(part[indices] for part in self.rows[:3]))  # type: ignore[index]

    def __len__(self) -> int:
        return len(self.rows.lengths)


class TinyData(SequenceData):
    """The same few rows for training, validation and test, in their order."""

    def __init__(self, spec: DataSpec, inputs: Tensor, targets: Tensor, batch_size: int = 8) -> None:
        super().__init__(batch_size, seed=0)
        rows = Batch(inputs, targets, torch.full((len(inputs),), inputs.shape[1]))
        self.spec = spec
        self.examples = dict.fromkeys(("train", "val", "test"), Rows(rows))
        self.size = len(inputs)

    def load(self) -> None: ...

    def order(self, split: Split) -> Order:
        return in_order(self.size, self.batch_size)

    def baseline(self) -> dict[str, float]:
        return {}

    def describe(self) -> dict[str, str]:
        return {}


def series(num_columns: int = 1) -> TinyData:
    """Windows of eight steps of sine waves, in units of 3 around 10; the next values are the targets."""
    wave = torch.sin(torch.arange(40).unsqueeze(1) / torch.arange(2, 2 + num_columns))
    columns = tuple(f"wave {i}" for i in range(num_columns))
    mean, std = (10.0,) * num_columns, (3.0,) * num_columns
    spec = DataSpec("values", num_columns, num_columns, mean=mean, std=std, columns=columns)
    return TinyData(spec, wave.unfold(0, 8, 1)[:-1].transpose(1, 2).contiguous(), wave[8:])


def reviews() -> TinyData:
    """24 texts of three classes; one has a name that Markdown and HTML could mistake."""
    texts = ["a bad bad film", "a good good film", "so | <so film"] * 8
    words = Vocabulary.words(texts)
    spec = DataSpec(
        "tokens",
        len(words),
        3,
        padding_index=words.padding_index,
        classes=CLASSES,
        vocabulary=words.to_json(),
    )
    tokens = torch.tensor([row[:4] for row in words.encode_batch(texts)])
    return TinyData(spec, tokens, torch.arange(24) % 3)


def text() -> TinyData:
    """Rows of nine characters, each the target of the one before."""
    letters = "to be or not to be\n" * 8
    characters = Vocabulary.characters(letters)
    rows = torch.tensor(characters.encode(letters))[:144].view(16, 9)
    spec = DataSpec("tokens", len(characters), len(characters), vocabulary=characters.to_json())
    return TinyData(spec, rows[:, :-1], rows[:, 1:])


def model(data: TinyData, hidden_size: int = 8, lr: float = 0.01) -> SequenceMapping:
    """A small model for the kind of data: a language model for unlabelled text, else many-to-one."""
    torch.manual_seed(0)
    spec = data.spec
    numbers = spec.inputs == "values"
    embedding = ValueEmbedding(spec.input_size) if numbers else TokenEmbedding(spec.input_size, 5)
    layers = recurrent_stack(GRUCell, embedding.output_size, hidden_size)
    optimizer = partial(torch.optim.Adam, lr=lr)
    if not numbers and not spec.classes:
        head = Head(layers.output_size, spec.output_size)
        return ManyToMany(embedding, layers, head, Language(spec), optimizer)  # type: ignore[arg-type]
    head = Head(layers.output_size, spec.output_size, pooling=Last(layers))
    objective = Regression(spec) if numbers else Classification(spec)
    return ManyToOne(embedding, layers, head, objective, optimizer)  # type: ignore[arg-type]


def trainer(run: Path, callbacks: Sequence[pl.Callback], **arguments: Any) -> pl.Trainer:
    """Writes into the run folder, as a training of the command line does."""
    return pl.Trainer(
        **{"max_epochs": 2, "log_every_n_steps": 1, "enable_checkpointing": False, **arguments},
        accelerator="cpu",
        logger=TensorBoardLogger(save_dir=run, name="", version="", default_hp_metric=False),
        callbacks=list(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def events(run: Path) -> EventAccumulator:
    """All that TensorBoard finds in a run folder."""
    return EventAccumulator(str(run), size_guidance={"images": 0, "tensors": 0, "scalars": 0}).Reload()


def scalars(run: Path, tag: str) -> dict[int, float]:
    """The values of a scalar, by step."""
    return {event.step: event.value for event in events(run).Scalars(tag)}


def texts(run: Path, tag: str) -> list[str]:
    """The texts under a tag, oldest first."""
    return [event.tensor_proto.string_val[0].decode() for event in events(run).Tensors(f"{tag}/text_summary")]
