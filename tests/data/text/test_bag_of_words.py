"""The baseline sees words and not their order."""

import pytest

from seqmodels.data.text.bag_of_words import bag_of_words
from seqmodels.data.text.formats import LabelledText


def test_words_are_learnt() -> None:
    train = [LabelledText(f"{word} film {i}", word) for word in ("good", "bad", "odd") for i in range(9)]
    test = [LabelledText("what a good one", "good"), LabelledText("bad", "bad"), LabelledText("ODD", "odd")]
    assert bag_of_words(train, test) == {"accuracy": 1.0, "f1": 1.0}


def test_order_is_not_learnt() -> None:
    train = [LabelledText("good not bad", "+"), LabelledText("bad not good", "-")] * 20
    assert bag_of_words(train, train)["accuracy"] == pytest.approx(0.5)


def test_marks_are_words() -> None:
    train = [LabelledText("!", "+"), LabelledText("?", "-")]
    assert bag_of_words(train, train)["accuracy"] == 1.0


def test_of_two_classes_each_has_its_f1() -> None:
    train = [LabelledText("good", "+"), LabelledText("bad", "-")]
    test = [LabelledText(text, label) for text, label in (("good", "+"), ("good", "-"), ("bad", "-"), ("bad", "-"))]
    assert bag_of_words(train, test) == pytest.approx(
        {"accuracy": 3 / 4, "f1": (2 / 3 + 4 / 5) / 2, "f1_+": 2 / 3, "f1_-": 4 / 5}
    )
