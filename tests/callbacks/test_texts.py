"""What is written out: samples of a language model, and the worst mistakes of a classifier."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from markdown import markdown
from torch import Tensor

from seqmodels.callbacks import Mistakes, TextSamples
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.mappings import ManyToMany
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


def test_each_validation_has_a_sample_that_begins_with_the_prompt(tmp_path: Path) -> None:
    data = tiny.text()
    trainer = tiny.trainer(tmp_path, [TextSamples("to ", length=30)], max_epochs=3, num_sanity_val_steps=1)
    trainer.fit(tiny.model(data, lr=0.1), data)
    samples = tiny.texts(tmp_path, "samples/text")
    assert len(samples) == 3
    for sample in samples:
        assert sample.startswith("    to ")
        assert all(line.startswith("    ") for line in sample.split("\n"))
    assert samples[0] != samples[-1]


def test_a_sample_is_as_long_as_wanted_and_repeatable() -> None:
    mapping = tiny.model(tiny.text())
    assert isinstance(mapping, ManyToMany)
    callback = TextSamples("to ", length=30)
    assert len(callback.write(mapping)) == 30
    assert callback.write(mapping) == callback.write(mapping)
    assert TextSamples("to ", length=30, seed=1).write(mapping) != callback.write(mapping)


def test_the_unknown_entry_is_never_written() -> None:
    mapping = tiny.model(tiny.text())
    assert isinstance(mapping, ManyToMany)
    unknown = Vocabulary.from_json(mapping.objective.spec.vocabulary or "").unknown_index
    mapping.head.linear.bias.data[unknown] = 100.0  # type: ignore[union-attr]
    assert "<unk>" not in TextSamples("to ", length=50).write(mapping)


def test_a_certain_model_writes_what_it_is_certain_of() -> None:
    mapping = tiny.model(tiny.text())
    assert isinstance(mapping, ManyToMany)
    letter = Vocabulary.from_json(mapping.objective.spec.vocabulary or "").encode("b")[0]
    mapping.head.linear.bias.data[letter] = 100.0  # type: ignore[union-attr]
    assert TextSamples("to ", length=5).write(mapping) == "bbbbb"


def test_numbers_are_not_written_as_text() -> None:
    with pytest.raises(ValueError, match="only a model of text writes text, but its inputs are values"):
        TextSamples().write(tiny.model(tiny.series()))  # type: ignore[arg-type]


class Modes(pl.Callback):
    """Whether the model trains: whenever it is called on a single row, and after each training batch."""

    def __init__(self) -> None:
        self.sampling: list[bool] = []
        self.training: list[bool] = []

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        pl_module.layers.register_forward_pre_hook(self._called)

    def _called(self, layers: torch.nn.Module, arguments: tuple[Any, ...]) -> None:
        if len(arguments[0]) == 1:
            self.sampling.append(any(module.training for module in layers.modules()))

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.training.append(all(module.training for module in pl_module.layers.modules()))


def test_the_model_is_in_evaluation_mode_while_it_writes_and_trains_on_after(tmp_path: Path) -> None:
    data, modes = tiny.text(), Modes()
    tiny.trainer(tmp_path, [modes, TextSamples("to ", length=10)], num_sanity_val_steps=0).fit(tiny.model(data), data)
    assert modes.sampling == [False] * 20
    assert modes.training == [True] * 4


def test_writing_changes_neither_weights_nor_random_state(tmp_path: Path) -> None:
    def outcome(run: str, callbacks: list[pl.Callback]) -> tuple[Tensor, Tensor]:
        data = tiny.text()
        mapping = tiny.model(data)
        mapping.embedding.dropout.p = 0.5  # type: ignore[union-attr]
        torch.manual_seed(5)
        tiny.trainer(tmp_path / run, callbacks).fit(mapping, data)
        return torch.cat([p.detach().flatten() for p in mapping.parameters()]), torch.get_rng_state()

    for seen, unseen in zip(outcome("a", [TextSamples(length=9)]), outcome("b", []), strict=True):
        assert torch.equal(seen, unseen)


def test_the_mistakes_are_the_surest_ones_of_the_whole_pass() -> None:
    data, mistakes = tiny.reviews(), Mistakes(num_examples=3)
    objective = tiny.model(data).objective
    batch = data.examples["test"][list(range(8))]
    rest = data.examples["test"][list(range(8, 16))]
    sure = torch.tensor([1.0, 9.0, 2.0, 3.0, 8.0, 4.0, 5.0, 7.0])
    wrong = torch.tensor([True, True, False, False, True, False, False, True])
    output = sure.unsqueeze(1) * torch.nn.functional.one_hot((batch.targets + wrong) % 3, 3)
    mistakes.begin(objective)
    valid = torch.ones(8, dtype=torch.bool)
    mistakes.look(objective, batch, output, valid)
    mistakes.look(objective, rest, 9.9 * torch.nn.functional.one_hot(rest.targets, 3), valid)
    assert [found.probability for found in mistakes.worst] == pytest.approx(
        [float(output[i].softmax(-1).max()) for i in (1, 4, 7)]
    )
    assert [(found.predicted, found.actual) for found in mistakes.worst] == [(2, 1), (2, 1), (2, 1)]
    assert mistakes.worst[0].tokens == batch.inputs[1].tolist()


def test_padding_is_no_part_of_a_mistaken_text() -> None:
    data, mistakes = tiny.reviews(), Mistakes()
    batch = data.examples["test"][[0]]._replace(lengths=torch.tensor([2]))
    mistakes.look(tiny.model(data).objective, batch, torch.tensor([[0.0, 9.0, 0.0]]), torch.tensor([True]))
    assert mistakes.worst[0].tokens == batch.inputs[0, :2].tolist()


def test_mistakes_are_a_table_whatever_marks_are_in_the_text(tmp_path: Path) -> None:
    data = tiny.reviews()
    mapping = tiny.model(data)
    mapping.head.linear.bias.data[0] = 50.0  # type: ignore[union-attr]
    tiny.trainer(tmp_path, [Mistakes(num_examples=20)]).test(mapping, data, verbose=False)
    html = markdown(tiny.texts(tmp_path, "mistakes/test")[0], extensions=["tables"])
    assert html.count("<tr>") == 1 + 16
    assert html.count("<td>bad</td>\n<td>so &#124; &#60;so&#62;</td>\n<td>so &#124; &#60; so</td>") == 8
    assert "<so>" not in html


def test_no_mistake_is_said_to_be_none(tmp_path: Path) -> None:
    data = tiny.reviews()
    mapping = tiny.model(data, lr=0.1)
    trainer = tiny.trainer(tmp_path, [Mistakes()], max_epochs=20)
    trainer.fit(mapping, data)
    assert tiny.texts(tmp_path, "mistakes/val")[-1] == "none"
