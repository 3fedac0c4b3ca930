"""Generated headlines: who acts decides, and not who is named."""

import re
from collections import Counter

from seqmodels.data.base import SPLITS
from seqmodels.data.generated.headlines import PATTERNS, PEOPLE, headlines
from seqmodels.data.text.bag_of_words import bag_of_words

TOPIC = {name: topic for topic, names in PEOPLE.items() for name in names.split("|")}


def named(text: str) -> list[str]:
    """The topics of the people in a headline, in their order."""
    return [TOPIC[name] for name in re.findall("|".join(sorted(TOPIC, key=len, reverse=True)), text)]


def test_sizes_topics_and_no_headline_twice() -> None:
    splits = headlines(0)
    assert [len(splits[split]) for split in SPLITS] == [8000, 1000, 1000]
    counts = Counter(text.label for text in splits["train"])
    assert set(counts) == set(PEOPLE)
    assert all(abs(count - 1600) < 150 for count in counts.values())
    assert len({text.text for split in SPLITS for text in splits[split]}) == 10_000


def test_the_one_who_acts_gives_the_topic() -> None:
    for text, label, _ in headlines(0)["train"]:
        topics = named(text)
        if len(topics) < 2:  # An everyday headline is about one topic alone.
            continue
        assert label in topics
        if re.search(r" by the | says the |^Not the |^While the ", text):
            assert topics[1] == label, text
        else:
            assert topics[0] == label, text


def test_every_pattern_is_drawn_cleanly() -> None:
    texts = [text.text for text in headlines(0)["train"]]
    assert not any(re.search(r"[{}/|]|  | ,", text) for text in texts)
    assert sum("{other}" in pattern for pattern in PATTERNS) == len(PATTERNS) - 1


def test_the_seed_decides() -> None:
    sizes = dict.fromkeys(SPLITS, 5)
    assert headlines(1, sizes) == headlines(1, sizes) != headlines(2, sizes)


def test_a_bag_of_words_is_not_enough() -> None:
    splits = headlines(0)
    assert 0.4 < bag_of_words(splits["train"], splits["test"])["accuracy"] < 0.75
