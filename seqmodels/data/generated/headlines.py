"""Headlines of five topics, of which most name the people of two: the topic is that of whoever acts.

"The senator thanks the striker" is politics, "the striker is thanked by the senator" too, and "the striker thanks the
senator" is sport. Every name occurs as often in the one place as in the other, and all do the same things, so that a
bag of words knows which two topics meet, but hardly which of them the headline is about.

A third of them report what is in the news every day, one topic alone: "The government raises taxes".
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
EVERYDAY = {
    "business": (
        "shares|prices|profits|sales|wages|exports|oil prices|house prices|interest rates|bank shares|car sales",
        "rise|fall|rise again|fall sharply|reach a record high|recover|drop by a tenth|surprise investors"
        "|worry markets",
        "company|firm|bank|factory|supermarket|airline|car maker|start-up|online shop|brewery|insurer",
        "cuts jobs|hires workers|buys a rival|goes bankrupt|reports a profit|reports a loss|raises prices"
        "|sells its shares"
        "|opens a factory|closes shops|signs a deal|pays a dividend|borrows money|loses customers|launches a product",
    ),
    "culture": (
        "new film|new novel|exhibition|concert|play|opera|album|musical|book fair|poem|painting|series",
        "opens in the city|wins a prize|delights critics|disappoints critics|sells out|is a success|is shown at last"
        "|is on display|premieres|tops the charts|is translated|moves the audience",
        "actress|actor|writer|band|singer|painter|museum|theatre|choir|pianist|director|gallery",
        "releases an album|publishes a book|plays a concert|stars in a film|shows paintings|reads from a novel"
        "|writes a song|goes on tour|stages a play|wins an award for a film|opens an exhibition|signs books",
    ),
    "politics": (
        "new law|tax reform|budget|peace treaty|election|referendum|vote|border dispute|peace talks|sanctions"
        "|coalition",
        "divides parliament|passes|fails|is rejected|ends in a tie|is delayed|begins|is debated|shakes the government"
        "|surprises voters|angers the opposition|wins a majority",
        "government|president|prime minister|minister|senate|party|opposition|king|mayor|council|voters|candidate",
        "raises taxes|cuts taxes|passes a law|resigns|wins the election|loses the election|calls an election"
        "|signs a treaty|promises reform|rejects the budget|visits the border|bans protests|campaigns in the north",
    ),
    "science": (
        "vaccine|comet|new planet|fossil|virus|telescope|experiment|rocket|gene|climate study|robot|black hole",
        "is discovered|is tested|puzzles researchers|works, study finds|is older than thought|reaches orbit"
        "|helps patients|explains the past|is photographed|could cure cancer|is found in a cave"
        "|surprises astronomers",
        "researchers|scientists|astronomers|doctors|chemists|physicists|biologists|study|laboratory|space probe"
        "|engineers",
        "discover a planet|find a new species|test a vaccine|measure the ocean|map the brain|launch a satellite"
        "|find water on Mars|explain a disease|study the climate|grow cells|build a robot|decode a gene",
    ),
    "sport": (
        "match|final|world cup|race|season|tournament|marathon|penalty|derby|title fight|relay|championship",
        "ends in a draw|is decided late|goes to extra time|is cancelled|begins with a record|is won at home"
        "|thrills fans"
        "|is lost in the last minute|ends with a goal|disappoints fans|starts on Sunday",
        "team|striker|goalkeeper|coach|runner|champion|swimmer|club|tennis player|boxer|skier|captain|fans",
        "scores twice|wins the match|loses the final|wins gold|breaks the record|is injured|misses a penalty"
        "|saves a penalty|wins the race|celebrates the title|signs a striker|trains for the cup|beats the champion",
    ),
}
"""Of each topic: what happens and how, who acts and what they do."""

SHARE_OF_EVERYDAY = 1 / 3
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
        if random.random() < SHARE_OF_EVERYDAY:
            return LabelledText(_everyday(topic, random), topic)
        does, done = _one_of(DOES, random).split("/")
        text = random.choice(PATTERNS).format(
            actor=f"{_one_of(ADJECTIVE, random)} {_one_of(PEOPLE[topic], random)}",
            other=f"{_one_of(ADJECTIVE, random)} {_one_of(PEOPLE[second], random)}",
            does=does,
            done=done,
            alone=_one_of(ALONE, random),
            detail=_one_of(DETAIL, random),
        )
        return LabelledText(_headline(text), topic)

    return different(draw, sizes)


def _everyday(topic: str, random: Random) -> str:
    events, happens, people, does = EVERYDAY[topic]
    article = random.choice(("", "the ", "the "))
    if random.random() < 0.5:
        sentence = f"{_one_of(events, random)} {_one_of(happens, random)}"
    else:
        sentence = f"{_one_of(ADJECTIVE, random)} {_one_of(people, random)} {_one_of(does, random)}"
    return _headline(f"{article}{sentence} {_one_of(DETAIL, random)}")


def _headline(text: str) -> str:
    words = " ".join(text.split()).replace(" ,", ",")
    return words[0].upper() + words[1:]


def _one_of(listed: str, random: Random) -> str:
    return random.choice(listed.split("|"))
