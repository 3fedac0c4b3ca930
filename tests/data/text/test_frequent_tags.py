"""The baseline of tagging, computed by hand."""

import pytest

from seqmodels.data.text.frequent_tags import frequent_tags, tagging_baseline
from seqmodels.data.text.tagged_columns import TaggedSentence

TRAIN = [
    TaggedSentence(("a", "light", "light", "light"), ("DET", "NOUN", "NOUN", "ADJ")),
    TaggedSentence(("walking", "talking", "king"), ("VERB", "VERB", "NOUN")),
]


def test_the_most_frequent_tag_of_a_word_or_of_its_ending() -> None:
    words = [["light", "king", "barking"], ["right", "A", "?"]]
    # "barking" ends as "walking" and "talking" do; "right" as "light" does; nothing ends as "?" does.
    assert frequent_tags(TRAIN, words) == [["NOUN", "NOUN", "VERB"], ["NOUN", "NOUN", "NOUN"]]


def test_accuracy_counts_words() -> None:
    test = [TaggedSentence(("light",), ("NOUN",)), TaggedSentence(("light", "a", "king"), ("ADJ", "DET", "NOUN"))]
    assert tagging_baseline(TRAIN, test) == {"accuracy": 0.75}


def test_whole_entities_count_where_tags_are_of_entities() -> None:
    train = [TaggedSentence(("Ada", "Li", "saw", "Oslo"), ("I-PER", "I-PER", "O", "I-LOC"))]
    test = [TaggedSentence(("Ada", "saw", "Ada", "Oslo"), ("I-PER", "O", "I-PER", "I-PER"))]
    baseline = tagging_baseline(train, test)
    # Predicted: Ada, Ada, Oslo; true: Ada, Ada Oslo. One of three is right, one of two is found.
    assert baseline == {"accuracy": 0.75, "entity_f1": pytest.approx(2 * 1 / (3 + 2))}
