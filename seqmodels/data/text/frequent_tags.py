"""The baseline of tagging: every word has the tag it had most often."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from seqeval.metrics import f1_score

from seqmodels.data.text.tagged_columns import TaggedSentence

LONGEST_ENDING = 5


def frequent_tags(train: Iterable[TaggedSentence], words: Iterable[Sequence[str]]) -> list[list[str]]:
    """The most frequent tag of each word, or, of a word that was never seen, of its longest ending that was.

    Args:
        train: sentences to count in.
        words: those of the sentences to tag.

    Example:
        >>> train = [TaggedSentence(("the", "singing", "bird"), ("DET", "VERB", "NOUN"))]
        >>> frequent_tags(train, [["the", "barking"]])
        [['DET', 'VERB']]
    """
    whole: defaultdict[str, Counter[str]] = defaultdict(Counter)
    ending: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sentence in train:
        for word, tag in zip(*sentence, strict=True):
            whole[word][tag] += 1
    for word, tags in whole.items():
        for part in _endings(word):
            ending[part].update(tags)

    def tag_of(word: str) -> str:
        known = whole.get(word) or next(ending[part] for part in _endings(word) if part in ending)
        return known.most_common(1)[0][0]

    return [[tag_of(word) for word in sentence] for sentence in words]


def tagging_baseline(train: Sequence[TaggedSentence], test: Sequence[TaggedSentence]) -> dict[str, float]:
    """What `frequent_tags` of the training split reaches on the test split.

    Returns:
        `accuracy`, and `entity_f1` where the tags are those of entities.

    Example:
        >>> said = TaggedSentence(("Ada", "met", "Bo", "Li"), ("I-PER", "O", "I-PER", "I-PER"))
        >>> tagging_baseline([said], [TaggedSentence(("Ada", "met", "Eva"), ("I-PER", "O", "I-ORG"))])
        {'accuracy': 0.666..., 'entity_f1': 0.5}
    """
    predicted = frequent_tags(train, [sentence.words for sentence in test])
    actual = [list(sentence.tags) for sentence in test]
    pairs = list(zip(chain(*predicted), chain(*actual), strict=True))
    baseline = {"accuracy": sum(said == true for said, true in pairs) / len(pairs)}
    tags = {tag for sentence in (*train, *test) for tag in sentence.tags}
    if "O" in tags and all(tag == "O" or tag[:2] in ("B-", "I-") for tag in tags):
        baseline["entity_f1"] = float(f1_score(actual, predicted))
    return baseline


def _endings(word: str) -> list[str]:
    """From the longest to the empty one."""
    return [word[-length:] for length in range(min(LONGEST_ENDING, len(word)), 0, -1)] + [""]
