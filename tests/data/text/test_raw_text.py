"""A trained model reads text as its training did."""

from typing import Any

import pytest

from seqmodels.assembly import instantiate
from seqmodels.data.text.raw_text import Words
from seqmodels.data.vocabulary import Vocabulary

VOCABULARY = Vocabulary.words(["so good a film"]).to_json()


def test_a_recipe_builds_the_same_reader() -> None:
    words = Words(VOCABULARY, max_length=3)
    again = instantiate(words.recipe())
    assert again == words
    assert again.read("A good film, so good").tolist() == Vocabulary.from_json(VOCABULARY).encode("a good film")


def test_many_texts_are_read_like_one() -> None:
    words = Words(VOCABULARY, max_length=2)
    texts = ["so good", "a film so bad", "what"]
    assert words.indices(texts) == [words.read(text).tolist() for text in texts]


@pytest.mark.parametrize(
    ("item", "message"), [(" ", "a text must hold at least one token, got ' '"), (3, "expected a text, got 3")]
)
def test_what_is_no_text_is_refused(item: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Words(VOCABULARY).read(item)
