"""Generated sentences: repeatable, with words of several tags and words never seen."""

from collections import defaultdict
from collections.abc import Callable

import pytest

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.generated.tagged_sentences import named_entities, parts_of_speech
from seqmodels.data.text.frequent_tags import tagging_baseline
from seqmodels.data.text.tagged_columns import TaggedSentence

Draw = Callable[..., dict[Split, list[TaggedSentence]]]
both = pytest.mark.parametrize("draw", [parts_of_speech, named_entities])


@both
def test_the_seed_decides(draw: Draw) -> None:
    first, again, other = (draw(seed, count=40) for seed in (0, 0, 1))
    assert first == again != other
    assert [len(first[split]) for split in SPLITS] == [32, 4, 4]


@both
def test_sentences_are_whole_and_differ(draw: Draw) -> None:
    sentences = [sentence for split in draw(3, count=300).values() for sentence in split]
    assert len(set(sentences)) == 300
    for words, tags in sentences:
        assert len(words) == len(tags) > 1
        assert not set("".join(words)) & set("{}*^|_")
        assert next(word for word in words if word[0].isalnum())[0] in "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789"


def tags_of(sentences: list[TaggedSentence]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for sentence in sentences:
        for word, tag in zip(*sentence, strict=True):
            found[word].add(tag[2:] if tag[1:2] == "-" else tag)
    return found


def test_words_have_several_parts_of_speech() -> None:
    splits = parts_of_speech(0)
    found = tags_of(splits["train"])
    assert found["light"] == {"NOUN", "VERB", "ADJ"}
    assert found["can"] == {"NOUN", "AUX"}
    assert found["after"] == {"ADP", "SCONJ"}
    assert len(tags_of(splits["test"]).keys() - found.keys()) > 300
    assert 0.85 < tagging_baseline(splits["train"], splits["test"])["accuracy"] < 0.95


def test_names_are_of_several_kinds() -> None:
    splits = named_entities(0)
    found = tags_of(splits["train"])
    assert found["Jordan"] == found["Florence"] == {"PER", "LOC", "ORG"}
    assert len(tags_of(splits["test"]).keys() - found.keys()) > 100
    assert 0.15 < tagging_baseline(splits["train"], splits["test"])["entity_f1"] < 0.35
