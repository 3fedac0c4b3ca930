"""Text to indices and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from seqmodels.data.vocabulary import Vocabulary


@given(text=st.text())
def test_characters_come_back(text: str) -> None:
    vocabulary = Vocabulary.characters(text)
    indices = vocabulary.encode(text)
    assert vocabulary.decode(indices) == text
    assert len(indices) == len(text)
    assert vocabulary.tokens == ["<unk>", *sorted(set(text))]
    assert len(vocabulary) == len(set(text)) + 1


@given(texts=st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_batch_is_encoded_like_its_texts(texts: list[str]) -> None:
    for vocabulary in (Vocabulary.characters("abc \n" + texts[0]), Vocabulary.words(texts)):
        assert vocabulary.encode_batch(texts) == [vocabulary.encode(text) for text in texts]


@given(text=st.text())
def test_a_vocabulary_survives_a_checkpoint(text: str) -> None:
    for vocabulary in (Vocabulary.characters(text), Vocabulary.words([text])):
        again = Vocabulary.from_json(vocabulary.to_json())
        assert again.tokens == vocabulary.tokens
        assert again.encode(text) == vocabulary.encode(text)
        assert again.decode(again.encode(text)) == vocabulary.decode(vocabulary.encode(text))


def test_unknown_characters_and_words() -> None:
    characters = Vocabulary.characters("ab")
    assert characters.encode("a?b") == [1, 0, 2]
    assert characters.unknown_index == 0
    assert characters.padding_index is None
    assert characters.decode([1, 0]) == "a<unk>"
    words = Vocabulary.words(["yes no"])
    assert words.encode("yes maybe") == [2, 1]
    assert words.unknown_index == 1
    assert words.padding_index == 0


def test_words_are_ordered_by_frequency_and_limited() -> None:
    texts = ["b a b c", "b a c d"]
    assert Vocabulary.words(texts).tokens == ["<pad>", "<unk>", "b", "a", "c", "d"]
    assert Vocabulary.words(texts, max_size=4).tokens == ["<pad>", "<unk>", "b", "a"]
    assert Vocabulary.words(texts, min_count=2).tokens == ["<pad>", "<unk>", "b", "a", "c"]
    assert len(Vocabulary.words(texts, max_size=4)) == 4


@pytest.mark.parametrize("max_size", [2, 3])
def test_a_vocabulary_is_never_larger_than_asked(max_size: int) -> None:
    assert len(Vocabulary.words(["a b c"], max_size=max_size)) == max_size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's good, isn't it?", "it 's good , is n't it ?"),
        ("don't; won't", "do n't ; wo n't"),
        ("Wait... what -- no!!", "wait ... what -- no ! !"),
        ("They're 3 cafe\u0301s", "they 're 3 caf\u00e9s"),
        ("", ""),
        ("\t\n ", ""),
    ],
)
def test_words_are_cut_as_in_the_treebank(text: str, words: str) -> None:
    vocabulary = Vocabulary.words([text])
    assert vocabulary.decode(vocabulary.encode(text)) == words


def test_case_can_be_kept() -> None:
    vocabulary = Vocabulary.words(["The the"], lowercase=False)
    assert vocabulary.tokens == ["<pad>", "<unk>", "The", "the"]
    assert vocabulary.encode("The the THE") == [2, 3, 1]
    assert Vocabulary.words(["The the"]).tokens == ["<pad>", "<unk>", "the"]


def test_a_text_that_names_a_special_entry_does_not_become_one() -> None:
    vocabulary = Vocabulary.words(["<pad> <unk>"])
    assert vocabulary.decode(vocabulary.encode("<pad>")) == "< pad >"
    assert vocabulary.padding_index not in vocabulary.encode("<pad> <unk>")


def test_a_foreign_tokenizer_without_unknown_entry_is_refused_where_it_matters() -> None:
    with pytest.raises(ValueError, match="the vocabulary has no entry '<unk>'"):
        _ = Vocabulary(Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))).unknown_index


def test_many_texts_are_indexed_as_one_by_one_with_an_end_if_asked_for() -> None:
    words = Vocabulary.words(["a good film"], marks=True)
    texts = ["good", "", "a bad film"]
    assert words.encode_batch(texts) == [words.encode(text) for text in texts]
    assert words.encode_batch(texts, end=True) == [[*words.encode(text), words.end_index] for text in texts]
    with pytest.raises(ValueError, match="the vocabulary has no entry '<end>'"):
        Vocabulary.words(["a"]).encode_batch(texts, end=True)
