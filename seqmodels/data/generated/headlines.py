"""Headlines of five topics, of which most name the people of two: the topic is that of whoever acts.

"The senator thanks the striker" is politics, "the striker is thanked by the senator" too, and "the striker thanks the
senator" is sport. Every name occurs as often in the one place as in the other, and all do the same things, so that a
bag of words knows which two topics meet, but hardly which of them the headline is about.
"""

from collections.abc import Mapping
from random import Random

from seqmodels.data.base import Split
from seqmodels.data.generated.grammar import different
from seqmodels.data.text.formats import LabelledText

PEOPLE = {
    "business": "bank|brewery|airline|car maker|stock exchange|shipping company|insurer|retailer|oil company|start-up",
    "culture": "orchestra|novelist|museum|film director|theatre|painter|singer|festival|poet|dance company",
    "politics": "senator|parliament|minister|mayor|opposition|ambassador|president|city council|chancellor|governor",
    "science": "laboratory|physicist|observatory|biologist|university|space agency|chemist|geologist|doctor|engineer",
    "sport": "striker|football club|goalkeeper|cyclist|coach|tennis champion|swimmer|referee|ski team|boxer",
}
DOES = (
    "thanks/thanked|sues/sued|praises/praised|warns/warned|invites/invited|criticises/criticised|defends/defended"
    "|supports/supported|surprises/surprised|visits/visited|contradicts/contradicted|answers/answered"
    "|mocks/mocked|honours/honoured|rejects/rejected|helps/helped"
)
ALONE = "wins an award|celebrates|has a new plan|faces trouble|looks back|moves to the coast|starts again|is in debt"
DETAIL = (
    "|after a long dispute|in the rain|on live television|for the third time|despite all doubts|in front of thousands"
    "|over a letter|in record time|at the last minute|once more|without a word|because of a mistake"
)
ADJECTIVE = "|young|famous|retired|unknown|local|controversial|foreign|popular"
PATTERNS = (
    "the {actor} {alone} {detail}",
    "the {actor} {does} the {other} {detail}",
    "the {actor} {does} the {other} {detail}",
    "the {other} is {done} by the {actor} {detail}",
    "the {other} is {done} by the {actor} {detail}",
    "the {other}, {done} by the {actor} {detail}, {alone}",
    "the {other} {alone}, says the {actor} {detail}",
    "the {actor} says that the {other} {alone} {detail}",
    "not the {other} but the {actor} {alone} {detail}",
    "the {actor}, not the {other}, {alone} {detail}",
    "while the {other} {alone}, the {actor} {does} it {detail}",
    "the {actor} {alone} {detail} before the {other} does",
)
SIZES: Mapping[Split, int] = {"train": 8000, "val": 1000, "test": 1000}


def headlines(seed: int, sizes: Mapping[Split, int] = SIZES) -> dict[Split, list[LabelledText]]:
    """Draw headlines, no two alike, about as many of each topic.

    Args:
        seed: of every choice.
        sizes: number of headlines of each split.

    Example:
        >>> sorted({text.label for text in headlines(0)["test"]})
        ['business', 'culture', 'politics', 'science', 'sport']
    """
    random = Random(seed)

    def draw() -> LabelledText:
        topic, second = random.sample(sorted(PEOPLE), 2)
        does, done = _one_of(DOES, random).split("/")
        text = random.choice(PATTERNS).format(
            actor=f"{_one_of(ADJECTIVE, random)} {_one_of(PEOPLE[topic], random)}",
            other=f"{_one_of(ADJECTIVE, random)} {_one_of(PEOPLE[second], random)}",
            does=does,
            done=done,
            alone=_one_of(ALONE, random),
            detail=_one_of(DETAIL, random),
        )
        words = " ".join(text.split()).replace(" ,", ",")
        return LabelledText(words[0].upper() + words[1:], topic)

    return different(draw, sizes)


def _one_of(listed: str, random: Random) -> str:
    return random.choice(listed.split("|"))
