"""Tokens are numbered alike however a text is cut into pieces, and a vocabulary cuts a prompt as the text was cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.text.units import Characters, Unit, Words, continuation
from seqmodels.data.vocabulary import Vocabulary

UNITS: dict[str, Unit] = {
    "characters": Characters(),
    "words": Words(),
    "pretokenised words": Words(pretokenised=True),
    "lowercase words": Words(lowercase=True),
}
WORDS = {name: unit for name, unit in UNITS.items() if isinstance(unit, Words)}
TEXTS = st.text(alphabet=st.sampled_from("aBé'.,n t\n@-\u00e4\u4e2d\U0001f600"), max_size=60)


def numbered(unit: Unit, pieces: list[str]) -> list[str]:
    """The tokens of a text."""
    numbering = unit.numbering()
    numbers = np.concatenate(list(numbering.numbers(pieces)))
    assert len(set(numbering.entries)) == len(numbering.entries)
    return [numbering.entries[number] for number in numbers]


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@given(text=TEXTS, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_it_does_not_matter_where_a_text_is_cut_into_pieces(unit: Unit, text: str, cuts: list[int]) -> None:
    pieces = [text[start:end] for start, end in pairwise([0, *sorted(cuts), len(text)])]
    assert numbered(unit, pieces) == numbered(unit, [text])


@pytest.mark.parametrize("unit", WORDS.values(), ids=WORDS)
@given(text=TEXTS | st.text(alphabet=st.sampled_from("aBn't.<eoskup> \n\t\u00a0\u001c\u2003\u0301"), max_size=60))
def test_words_are_those_of_the_whole_text(unit: Words, text: str) -> None:
    tokenizer = unit._tokenizer([])
    words = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
    assert numbered(unit, [text]) == [word for word, _ in words]


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@given(text=TEXTS)
def test_the_vocabulary_cuts_a_text_as_it_was_counted(unit: Unit, text: str) -> None:
    tokens = numbered(unit, [text])
    vocabulary = Vocabulary.from_json(unit.vocabulary(dict.fromkeys(tokens, 1)).to_json())
    assert [vocabulary.tokens[index] for index in vocabulary.encode(text)] == tokens
    assert vocabulary.padding_index is None


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "Zs", "Cc"]), max_size=60))
def test_blanks_alone_separate_pretokenised_words(text: str) -> None:
    # Python also splits at the separators of information, which are no white space in Unicode.
    plain = text.translate(dict.fromkeys(range(0x1C, 0x20), "a"))
    expected = [word for end, line in enumerate(plain.split("\n")) for word in ["<eos>"] * (end > 0) + line.split()]
    assert numbered(Words(pretokenised=True), [plain]) == expected


def test_words_are_ordered_by_frequency_and_limited() -> None:
    counts = {"a": 1, "b": 3, "<eos>": 9, "c": 3, "<unk>": 2, "d": 2}
    assert Words().vocabulary(counts).tokens == ["<unk>", "<eos>", "b", "c", "d", "a"]
    assert Words(max_size=4).vocabulary(counts).tokens == ["<unk>", "<eos>", "b", "c"]
    assert Words(min_count=2).vocabulary(counts).tokens == ["<unk>", "<eos>", "b", "c", "d"]


def test_case_counts_unless_it_is_ignored() -> None:
    assert numbered(Words(), ["The the\n"]) == ["The", "the", "<eos>"]
    assert numbered(Words(lowercase=True), ["The the\n"]) == ["the", "the", "<eos>"]
    assert Words(lowercase=True).vocabulary({"the": 1}).encode("THE\n") == [2, 1]


@pytest.mark.parametrize(
    ("unit", "written", "text"),
    [
        (Words(), "Don't (say): it's \"it\", [no]!\n\nYes.\n", "Don't (say): it's \" it \", [no]!\n\nYes.\n"),
        (Words(pretokenised=True), "a two @-@ part , 3 @,@ 000 @.@ 5 % <unk> 's", "a two-part, 3,000.5% <unk>'s"),
        (Words(pretokenised=True), " \n = Title = \n \n", "\n= Title =\n\n"),
    ],
)
def test_words_are_set_as_usual(unit: Words, written: str, text: str) -> None:
    tokens = numbered(unit, [written])
    vocabulary = unit.vocabulary(dict.fromkeys(tokens, 1))
    assert vocabulary.decode(vocabulary.encode(written)) == text


@given(prompt=st.lists(st.integers(0, 7), min_size=1), written=st.lists(st.integers(0, 7)))
def test_a_continuation_goes_on_where_the_prompt_ends(prompt: list[int], written: list[int]) -> None:
    vocabulary = Words().vocabulary(dict.fromkeys(["a", ",", "(", ")", "n't", "b"], 1))
    text = continuation(vocabulary, prompt, written)
    assert vocabulary.decode(prompt) + text == vocabulary.decode([*prompt, *written])


def test_a_continuation_of_characters_is_their_text() -> None:
    vocabulary = Vocabulary.characters("abc")
    assert continuation(vocabulary, vocabulary.encode("a?"), vocabulary.encode("bc")) == "bc"
