"""Words by index and by characters, the same in training and for a person's own sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.assembly import instantiate
from seqmodels.data.text.spelled_words import SpelledWords, spelled
from seqmodels.data.vocabulary import Vocabulary

SENTENCES = [["The", "light", "is", "on"], ["the", "Light", "went", "out"], ["<unk>", "<pad>"]]


def tokens(json: str) -> list[str]:
    return Vocabulary.from_json(json).tokens


def test_case_is_ignored_in_the_word_and_kept_in_its_characters() -> None:
    reader = SpelledWords.of(SENTENCES, longest=5)
    lower, upper = reader.read("light"), reader.read("LIGHT")
    assert lower[0, 0] == upper[0, 0] == tokens(reader.vocabulary).index("light")
    assert [tokens(reader.characters)[i] for i in lower[0, 1:]] == list("light")
    assert upper[0, 1] == tokens(reader.characters).index("L")
    # Of the capitals only L and T were seen.
    assert upper[0, 2:].tolist() == [1, 1, 1, tokens(reader.characters).index("T")]


def test_known_words() -> None:
    assert tokens(SpelledWords.of(SENTENCES).vocabulary)[:4] == ["<pad>", "<unk>", "the", "light"]
    assert tokens(SpelledWords.of(SENTENCES, min_count=2).vocabulary) == ["<pad>", "<unk>", "the", "light"]
    assert tokens(SpelledWords.of(SENTENCES, max_size=3).vocabulary) == ["<pad>", "<unk>", "the"]
    assert SpelledWords.of(SENTENCES, min_count=2).read("went")[0, :5].tolist()[0] == 1


def test_long_words_are_cut_and_short_ones_padded() -> None:
    reader = SpelledWords.of(SENTENCES, longest=3)
    steps = reader.read(["on", "light"])
    assert steps.shape == (2, 4)
    assert steps[0, 3] == 0
    assert spelled(Vocabulary.from_json(reader.characters), steps) == ["on", "lig"]


def test_a_word_with_blanks_in_it_and_composed_letters() -> None:
    reader = SpelledWords.of([["10 000", "café"]])
    assert (reader.read(["10 000", "cafe\u0301"])[:, 0] > 1).all()
    assert reader.words("cafe\u0301!") == ["café", "!"]


def test_unknown_characters_are_shown_as_such() -> None:
    reader = SpelledWords.of([["ab"]])
    assert spelled(Vocabulary.from_json(reader.characters), reader.read("abc")) == ["ab�"]


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1))
def test_a_sentence_of_training_is_read_as_it_is(words: list[str]) -> None:
    reader = SpelledWords.of([words], longest=30)
    steps = reader.read(words)
    assert (steps[:, 0] > 1).all() or {"<unk>", "<pad>"} & set(words)
    assert spelled(Vocabulary.from_json(reader.characters), steps) == [word[:30] for word in words]


def test_the_recipe_builds_it_again() -> None:
    reader = SpelledWords.of(SENTENCES)
    assert instantiate(reader.recipe()) == reader


@pytest.mark.parametrize("item", ["", "  ", []])
def test_an_empty_sentence(item: object) -> None:
    with pytest.raises(ValueError, match="a sentence must have at least one word, got"):
        SpelledWords.of(SENTENCES).read(item)  # type: ignore[arg-type]


@pytest.mark.parametrize("item", [7, ["a", 1], ["a", ""]])
def test_what_is_no_sentence(item: object) -> None:
    with pytest.raises(ValueError, match="expected a sentence, as a text or as a list of words, got"):
        SpelledWords.of(SENTENCES).read(item)  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [{"longest": 0}, {"min_count": 0}, {"max_size": 1}])
def test_numbers_that_are_too_small(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected max_size to be at least 2 or None, min_count and longest"):
        SpelledWords.of(SENTENCES, **arguments)
