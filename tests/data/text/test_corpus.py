"""Streams are contiguous, predict every held-out character once, and know only what was trained on."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.baselines import witten_bell
from seqmodels.data.generated.documentation import python_documentation
from seqmodels.data.orders import Chunks
from seqmodels.data.text.corpus import BASELINE_TEST_TOKENS, BASELINE_TRAIN_TOKENS, CorpusData, Streams
from seqmodels.data.text.tokenised import Tokens
from seqmodels.data.text.units import Words
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec, valid_steps
from tests.data.text.corpora import random_text, read


def make_data(text: str, **arguments: Any) -> CorpusData:
    data = CorpusData(generate=lambda: text, **arguments)
    data.setup()
    return data


@given(num_tokens=st.integers(2, 200), rows=st.integers(1, 12), steps=st.integers(1, 30))
def test_every_token_but_the_first_is_predicted_once(num_tokens: int, rows: int, steps: int) -> None:
    array = np.arange(100, 100 + num_tokens, dtype=np.uint16)
    streams = Streams(Tokens(lambda: array, range(num_tokens)), rows, steps)
    batches = [streams[[i]] for i in range(len(streams))]
    for batch in batches:
        assert batch.inputs.shape == batch.targets.shape == (rows, batch.inputs.shape[1])
        assert batch.inputs.shape[1] <= steps
        assert batch.lengths.max() == batch.inputs.shape[1]
        valid = valid_steps(batch.lengths, batch.inputs.shape[1])
        assert torch.equal(batch.targets[valid], batch.inputs[valid] + 1)
    predicted = torch.cat(
        [torch.cat([batch.targets[row, : batch.lengths[row]] for batch in batches]) for row in range(rows)]
    )
    assert predicted.tolist() == list(range(101, 100 + num_tokens))


@given(steps=st.integers(1, 20), batch_size=st.integers(1, 10))
def test_a_training_epoch_gives_back_the_rows_of_the_text(steps: int, batch_size: int) -> None:
    text = random_text(1000)
    data = make_data(text, steps=steps, batch_size=batch_size, held_out=(0.1, 0.1))
    length = 799 // batch_size
    inputs, targets = read(data, "train")
    assert inputs == [text[row * length : (row + 1) * length] for row in range(batch_size)]
    assert targets == [text[row * length + 1 : (row + 1) * length + 1] for row in range(batch_size)]


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_every_held_out_character_is_predicted_once(batch_size: int) -> None:
    text = random_text(20_000)
    data = make_data(text, steps=10, batch_size=batch_size, held_out=(0.1, 0.3))
    splits = {"val": text[12_000:14_000], "test": text[14_000:]}
    for split, own in splits.items():
        inputs, targets = read(data, split)  # type: ignore[arg-type]
        assert len(inputs) == min(batch_size, 8)
        assert "".join(inputs) == own[:-1]
        assert "".join(targets) == own[1:]


def test_each_batch_continues_the_rows_of_the_one_before() -> None:
    data = make_data(random_text(5000), steps=7, batch_size=4)
    assert data.spec.streams
    for first, second in pairwise(data.train_dataloader()):
        assert torch.equal(first.targets[:, -1], second.inputs[:, 0])
        assert first.targets.dtype == torch.long


def test_all_epochs_are_alike_and_one_can_be_resumed() -> None:
    data = make_data(random_text(5000), steps=7, batch_size=4)
    loader = data.train_dataloader()
    epochs = [[batch.inputs.tolist() for batch in loader] for _ in range(2)]
    assert epochs[0] == epochs[1]
    iterator = iter(loader)
    for _ in range(5):
        next(iterator)
    resumed = data.train_dataloader()
    resumed.load_state_dict(loader.state_dict())
    assert [batch.inputs.tolist() for batch in resumed] == epochs[0][5:]


def test_the_vocabulary_is_that_of_the_training_split() -> None:
    text = random_text(900) + "xyz" * 34
    data = make_data(text, steps=5, batch_size=2, held_out=(0.05, 0.05))
    vocabulary = Vocabulary.from_json(data.spec.vocabulary or "")
    assert vocabulary.tokens == ["<unk>", *sorted(set(text[:900]))]
    assert data.spec == DataSpec(
        inputs="tokens",
        input_size=11,
        output_size=11,
        vocabulary=data.spec.vocabulary,
        streams=True,
        raw={
            "_target_": "seqmodels.data.text.raw_text.Words",
            "vocabulary": data.spec.vocabulary,
            "max_length": None,
        },
    )
    assert all(not batch.targets.any() for batch in data.test_dataloader())


def test_a_change_of_the_held_out_text_changes_nothing_in_training() -> None:
    text = random_text(2000)
    before, after = (make_data(each, steps=5, batch_size=4) for each in (text, text[:1800] + "?" * 200))
    assert before.spec == after.spec
    assert read(before, "train") == read(after, "train")


def test_the_baseline_is_a_six_gram_model_of_the_training_split() -> None:
    text = "to be or not to be, that is the question. " * 50 + random_text(900)
    data = make_data(text, steps=10, batch_size=4, held_out=(0.1, 0.1))
    vocabulary = Vocabulary.from_json(data.spec.vocabulary or "")
    train, test = np.array(vocabulary.encode(text[:2400])), np.array(vocabulary.encode(text[2700:]))
    loss = -np.log(witten_bell(train, test, len(vocabulary), order=6))[1:].mean()
    assert data.baseline() == pytest.approx(
        {"loss": loss, "perplexity": np.exp(loss), "bits_per_character": loss / np.log(2)}
    )


def test_a_held_out_split_of_one_character_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected at least 2 characters in the test split .* got 1"):
        make_data("abc" * 200, steps=1, batch_size=1, held_out=(0.1, 0.001))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generate": None}, "a corpus needs a path or a generator, got neither"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"held_out": (0.5, 0.5)}, r"held_out must be two fractions, .* got \(0.5, 0.5\)"),
        ({"path": {"val": "a"}}, "expected a file for train and possibly val and test, got {'val': 'a'}"),
        ({"path": {"train": "a", "test": "b"}}, "a text with a test file of its own needs one for validation too, got"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CorpusData(**{"generate": python_documentation, **arguments})


def test_chunks_are_a_list_that_is_not_written_down() -> None:
    chunks = Chunks(range(10**9), 1)
    assert len(chunks) == 10**9
    assert chunks[7] == [7]
    assert list(chunks[10**9 - 2 :]) == [[10**9 - 2], [10**9 - 1]]
    assert len(chunks[3:]) == 10**9 - 3


def test_words_are_streamed_like_characters() -> None:
    text = "To be, or not to be:\nthat's it.\n" * 60
    data = make_data(text, unit=Words(), steps=7, batch_size=3, held_out=(0.1, 0.1))
    vocabulary = Vocabulary.from_json(data.spec.vocabulary or "")
    indices = vocabulary.encode(text)
    assert vocabulary.tokens[:2] == ["<unk>", "<eos>"]
    assert vocabulary.decode(indices) == text
    # Twelve tokens in a pair of lines, both line ends included.
    assert [len(vocabulary.encode(line)) for line in text.splitlines(keepends=True)[:2]] == [9, 5]
    assert data.describe() == {
        "data": "<lambda> (generated)",
        "words": "672 train, 84 val, 84 test",
        "vocabulary": "13 words, the unknown one and the line end included",
        "streams": "3 rows, 7 steps at a time",
    }
    batches = list(data.test_dataloader())
    predicted = [token for row in range(3) for batch in batches for token in batch.targets[row, : batch.lengths[row]]]
    assert predicted == indices[757:]


def test_the_baseline_of_words_is_a_trigram_model() -> None:
    text = " ".join(random_text(1500, "abcd"))
    data = make_data(text, unit=Words(), steps=7, batch_size=3, held_out=(0.1, 0.1))
    indices = np.array(Vocabulary.from_json(data.spec.vocabulary or "").encode(text))
    loss = -np.log(witten_bell(indices[:1200], indices[1350:], 6, order=3))[1:].mean()
    assert data.baseline() == pytest.approx({"loss": loss, "perplexity": np.exp(loss)})


def test_the_baseline_of_a_long_text_counts_the_end_of_the_training_split(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "z" * 1000 + random_text(3000)
    whole = make_data(text, steps=7, batch_size=3, held_out=(0.1, 0.1))
    assert "baseline" not in whole.describe()
    assert (BASELINE_TRAIN_TOKENS, BASELINE_TEST_TOKENS) == (3_000_000, 300_000)
    monkeypatch.setattr("seqmodels.data.text.corpus.BASELINE_TRAIN_TOKENS", 500)
    monkeypatch.setattr("seqmodels.data.text.corpus.BASELINE_TEST_TOKENS", 90)
    vocabulary = Vocabulary.from_json(whole.spec.vocabulary or "")
    train, test = (np.array(vocabulary.encode(part)) for part in (text[2700:3200], text[3600:3690]))
    loss = -np.log(witten_bell(train, test, len(vocabulary)))[1:].mean()
    assert whole.baseline()["loss"] == pytest.approx(loss)
    assert whole.describe()["baseline"] == "of the last 500 characters of train, the first 90 of test"


def test_the_embedded_text_fills_the_default_batches() -> None:
    data = CorpusData(generate=python_documentation)
    data.setup()
    assert len(data.train_dataloader()) > 100
    assert data.describe()["data"] == "python_documentation (generated)"
    assert python_documentation() == python_documentation()
