from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqmodels.assembly import build_mapping
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.mappings import EncoderDecoder
from seqmodels.mappings.teacher_forcing import always, inverse_sigmoid, linear
from seqmodels.types import Batch, DataSpec
from tests.mappings.models import recipe

LETTERS = Vocabulary.listed("abcdef", marks=True)
SPEC = DataSpec(
    "tokens",
    len(LETTERS),
    len(LETTERS),
    padding_index=0,
    vocabulary=LETTERS.to_json(),
    target_vocabulary=LETTERS.to_json(),
)
EXACT = {"exact": {"_target_": "seqmodels.objectives.text_metrics.ExactMatch"}}


def build(mapping: str = "EncoderDecoder", *, input_feeding: bool = False, **model: Any) -> EncoderDecoder:
    plain = recipe("GRUCell", mapping, "Generation", **model)
    plain["task"]["objective"]["metrics"] = EXACT
    plain["task"]["decoder"] = {"input_feeding": input_feeding}
    plain["task"]["attention"] = {"_target_": "seqmodels.layers.attention.General", "_partial_": True}
    built = build_mapping(plain, SPEC)
    assert isinstance(built, EncoderDecoder)
    return built.eval()


def batch_of(*pairs: tuple[str, str]) -> Batch:
    def rows(texts: list[str], ends: list[int]) -> tuple[Tensor, Tensor]:
        tokens = [torch.tensor(LETTERS.encode(" ".join(text)) + ends) for text in texts]
        return torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True), torch.tensor([len(row) for row in tokens])

    inputs, lengths = rows([read for read, _ in pairs], [])
    targets, target_lengths = rows([written for _, written in pairs], [LETTERS.end_index])
    return Batch(inputs, targets, lengths, target_lengths)


BATCH = batch_of(("abc", "cba"), ("f", "f"), ("dcbae", "eabcd"))


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.usefixtures("_double")
def test_a_row_is_the_same_alone_and_in_any_batch(input_feeding: bool) -> None:
    mapping = build(input_feeding=input_feeding, bidirectional=True, num_layers=2)
    together = mapping(BATCH.inputs, BATCH.lengths, BATCH.targets)
    written = mapping.write(BATCH.inputs, BATCH.lengths, num_beams=3, num_best=2)
    for row, (length, steps) in enumerate(zip(BATCH.lengths.tolist(), BATCH.target_lengths.tolist(), strict=True)):
        inputs, lengths = BATCH.inputs[row : row + 1, :length], BATCH.lengths[row : row + 1]
        alone = mapping(inputs, lengths, BATCH.targets[row : row + 1, :steps])
        torch.testing.assert_close(alone[0], together[row, :steps])
        best = mapping.write(inputs, lengths, num_beams=3, num_best=2)
        torch.testing.assert_close(best.scores[0], written.scores[row])
        assert torch.equal(best.tokens[0], written.tokens[row, :, : best.tokens.shape[2]])
        assert not written.tokens[row, :, best.tokens.shape[2] :].any()


@pytest.mark.usefixtures("_double")
@settings(max_examples=8)
@given(
    seed=st.integers(0, 10**6),
    lengths=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    num_beams=st.integers(1, 3),
    garbage=st.integers(0, len(LETTERS) - 1),
)
def test_what_is_written_depends_neither_on_the_batch_nor_on_its_padding(
    seed: int, lengths: list[int], num_beams: int, garbage: int
) -> None:
    torch.manual_seed(seed)
    mapping = build(bidirectional=True)
    rows = torch.tensor(lengths)
    inputs = torch.randint(4, len(LETTERS), (len(lengths), 7))
    inputs[torch.arange(7) >= rows.unsqueeze(1)] = garbage

    def search(inputs: Tensor, lengths: Tensor) -> Tensor:
        return mapping.write(inputs, lengths, num_beams=num_beams).tokens[:, 0]

    def draw(inputs: Tensor, lengths: Tensor) -> Tensor:
        return mapping.improvise(inputs, lengths, 12, generator=torch.Generator().manual_seed(seed))

    together = search(inputs, rows)
    for row, length in enumerate(lengths):
        alone = search(inputs[row : row + 1, :length], rows[row : row + 1])
        assert torch.equal(together[row, : alone.shape[1]], alone[0])
        assert not together[row, alone.shape[1] :].any()
    # Each row has random numbers of its own, so only the first has the same ones alone.
    together, alone = draw(inputs, rows), draw(inputs[:1, : lengths[0]], rows[:1])
    assert torch.equal(together[0, : alone.shape[1]], alone[0])
    assert not together[0, alone.shape[1] :].any()


def test_the_loss_is_that_of_every_token_given_those_before_it() -> None:
    mapping = build()
    output, valid = mapping.respond(BATCH, "val")
    total = torch.zeros(())
    for row, steps in enumerate(BATCH.target_lengths.tolist()):
        for t in range(steps):
            total -= output[row, t].log_softmax(-1)[BATCH.targets[row, t]]
    loss = mapping.objective.loss(output, BATCH.targets, valid)
    torch.testing.assert_close(loss, total / BATCH.target_lengths.sum())


def test_without_true_tokens_it_reads_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = build()
    mapping.teacher_forcing = partial(linear, start=0.0, end=0.0)
    monkeypatch.setattr(mapping, "_progress", lambda: 0.0)
    output, _ = mapping.respond(BATCH, "train")
    own = output.argmax(-1)
    torch.testing.assert_close(output, mapping(BATCH.inputs, BATCH.lengths, own))
    assert not torch.equal(own, BATCH.targets)
    mapping.teacher_forcing = partial(linear, start=0.999999, end=0.999999)
    torch.testing.assert_close(mapping.respond(BATCH, "train")[0], mapping(BATCH.inputs, BATCH.lengths, BATCH.targets))


def test_teacher_forcing_falls_as_training_goes_on() -> None:
    assert [always(part) for part in (0.0, 1.0)] == [1.0, 1.0]
    assert [linear(part, start=1.0, end=0.5) for part in (0.0, 0.5, 1.0)] == [1.0, 0.75, 0.5]
    falling = [inverse_sigmoid(part / 10) for part in range(11)]
    assert falling == sorted(falling, reverse=True)
    assert falling[5] == 0.5


def test_it_never_writes_marks_and_stops_at_the_longest_length() -> None:
    mapping = build()
    written = mapping.write(BATCH.inputs, BATCH.lengths).tokens
    assert not {0, LETTERS.unknown_index, LETTERS.start_index} & set(written[0, 0].tolist())
    mapping.search = partial(mapping.search, max_length=4)
    assert mapping.write(BATCH.inputs, BATCH.lengths).tokens.shape[2] <= 4


def test_it_learns_to_reverse() -> None:
    mapping = build(hidden_size=24).train()
    optimizer = torch.optim.Adam(mapping.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        output, valid = mapping.respond(BATCH, "val")
        mapping.objective.loss(output, BATCH.targets, valid).backward()
        optimizer.step()
    written = mapping.eval().write(BATCH.inputs, BATCH.lengths).tokens[:, 0]
    told, true = mapping.objective.compared(written, BATCH.targets, valid)
    assert told == true == ["c b a", "f", "e a b c d"]


def test_one_to_many_reads_one_step() -> None:
    mapping = build("OneToMany")
    one = batch_of(("a", "abc"), ("b", "bcd"))
    assert mapping(one.inputs, one.lengths, one.targets).shape == (2, 4, len(LETTERS))
    with pytest.raises(ValueError, match="one-to-many reads one step, got 5"):
        mapping(BATCH.inputs, BATCH.lengths, BATCH.targets)


def test_a_batch_without_target_lengths_is_refused() -> None:
    with pytest.raises(ValueError, match="no target_lengths"):
        build().respond(BATCH._replace(target_lengths=None), "val")
