"""Pieces between blanks give the same numbers as the whole text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.text import between_blanks
from seqmodels.data.text.between_blanks import BetweenBlanks
from seqmodels.data.vocabulary import Vocabulary

# Line ends, tabs, no-break spaces, separators of information, a mark that joins the letter in front of it.
ODD = "aBé'.-,nt \n\t\u00a0\u001c\u2003\u0301\u4e2d\U0001f600"
TEXTS = st.text(alphabet=st.sampled_from(ODD), max_size=60) | st.text(max_size=30)


@given(text=TEXTS, lowercase=st.booleans())
def test_a_vocabulary_of_words_finds_the_same_in_pieces(text: str, lowercase: bool) -> None:
    vocabulary = Vocabulary.words([text[::2], "don't it's a.b"], lowercase=lowercase)
    assert BetweenBlanks(vocabulary.encode).of(text).tolist() == vocabulary.encode(text)


def test_a_piece_is_looked_at_once() -> None:
    seen = []

    def numbers(piece: str) -> list[int]:
        seen.append(piece)
        return [len(seen)] * len(piece)

    pieces = BetweenBlanks(numbers)
    assert pieces.of("aa b  aa").tolist() == [1, 1, 2, 1, 1]
    assert pieces.of("b c").tolist() == [2, 4]
    assert seen == ["aa", "b", "", "c"]


def test_no_more_than_so_many_pieces_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between_blanks, "LIMIT", 3)
    pieces = BetweenBlanks(lambda piece: [int(piece)])
    for _ in range(2):
        np.testing.assert_array_equal(pieces.of(" ".join(map(str, range(100)))), np.arange(100))
        assert len(pieces) <= 3
