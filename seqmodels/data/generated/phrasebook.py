"""Made-up sentences in English and French: numbers spelled out, dates, and words whose order differs."""

from random import Random
from typing import NamedTuple

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
ONES += "seventeen eighteen nineteen".split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
UNITES = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split()
DIZAINES = "_ dix vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
MONTHS = {
    "january": "janvier",
    "february": "février",
    "march": "mars",
    "april": "avril",
    "may": "mai",
    "june": "juin",
    "july": "juillet",
    "august": "août",
    "september": "septembre",
    "october": "octobre",
    "november": "novembre",
    "december": "décembre",
}
VERBS = {"bought": "a acheté", "sold": "a vendu", "saw": "a vu", "lost": "a perdu", "found": "a trouvé"}


class Noun(NamedTuple):
    """A noun in both languages, and whether it is feminine in French. Its plurals take an s."""

    english: str
    french: str
    feminine: bool


PEOPLE = [
    Noun("neighbour", "voisin", False),
    Noun("merchant", "marchand", False),
    Noun("singer", "chanteuse", True),
    Noun("soldier", "soldat", False),
    Noun("dancer", "danseuse", True),
    Noun("doctor", "docteur", False),
    Noun("baker", "boulangère", True),
]
THINGS = [
    Noun("house", "maison", True),
    Noun("book", "livre", False),
    Noun("car", "voiture", True),
    Noun("dog", "chien", False),
    Noun("table", "table", True),
    Noun("lamp", "lampe", True),
    Noun("garden", "jardin", False),
    Noun("cup", "tasse", True),
    Noun("bottle", "bouteille", True),
    Noun("cat", "chat", False),
]
# English adjective: masculine and feminine in French, and whether it stands in front of its noun there.
ADJECTIVES = {
    "green": ("vert", "verte", False),
    "black": ("noir", "noire", False),
    "small": ("petit", "petite", True),
    "big": ("grand", "grande", True),
    "round": ("rond", "ronde", False),
    "expensive": ("cher", "chère", False),
    "blue": ("bleu", "bleue", False),
    "pretty": ("joli", "jolie", True),
}


def phrasebook(seed: int, *, count: int = 12_000) -> list[tuple[str, str]]:
    """Different English sentences, each with its French translation.

    A model must spell numbers by another rule (92 is four-twenty-twelve), move adjectives behind their nouns, make
    them agree, and bring a date or a clause to another place.

    Args:
        seed: of the sentences.
        count: how many.

    Example:
        >>> phrasebook(4, count=1)
        [('...', '...')]
    """
    random = Random(seed)
    pairs: dict[str, str] = {}
    while len(pairs) < count:
        english, french = random.choice((_purchase, _purchase, _date, _sum))(random)
        pairs[english] = french
    return list(pairs.items())


def english_number(number: int) -> str:
    """A number below 10,000 in words.

    Example:
        >>> english_number(1992)
        'one thousand nine hundred ninety-two'
    """
    if number < 20:
        return ONES[number]
    if number < 100:
        ten, one = divmod(number, 10)
        return TENS[ten] + (f"-{ONES[one]}" if one else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    many, rest = divmod(number, size)
    return f"{english_number(many)} {name}" + (f" {english_number(rest)}" if rest else "")


def french_number(number: int) -> str:
    """A number below 10,000 in words, in the spelling before 1990.

    Example:
        >>> french_number(1992), french_number(80), french_number(71), french_number(200)
        ('mille neuf cent quatre-vingt-douze', 'quatre-vingts', 'soixante et onze', 'deux cents')
    """
    if number < 17:
        return UNITES[number]
    if number < 100:
        return _french_tens(number)
    if number < 1000:
        many, rest = divmod(number, 100)
        hundred = "cent" if many == 1 else f"{UNITES[many]} cent{'' if rest else 's'}"
        return f"{hundred} {french_number(rest)}" if rest else hundred
    many, rest = divmod(number, 1000)
    thousand = "mille" if many == 1 else f"{french_number(many)} mille"
    return f"{thousand} {french_number(rest)}" if rest else thousand


def _french_tens(number: int) -> str:
    ten, one = divmod(number, 10)
    if ten in (7, 9):
        one += 10
    if number == 80:
        return "quatre-vingts"
    if one == 0:
        return DIZAINES[ten]
    if one in (1, 11) and ten < 8:
        return f"{DIZAINES[ten]} et {UNITES[one]}"
    return f"{DIZAINES[ten]}-{UNITES[one] if one < 17 else f'dix-{UNITES[one - 10]}'}"


def _things(random: Random) -> tuple[str, str]:
    """Some things of a kind: "three small lamps", "trois petites lampes"."""
    number, noun = random.randint(2, 999), random.choice(THINGS)
    english, (masculine, feminine, in_front) = random.choice(list(ADJECTIVES.items()))
    adjective = (feminine if noun.feminine else masculine) + "s"
    order = (adjective, f"{noun.french}s") if in_front else (f"{noun.french}s", adjective)
    spelled = french_number(number)
    if noun.feminine and spelled.endswith("un"):
        spelled += "e"
    return f"{english_number(number)} {english} {noun.english}s", f"{spelled} {' '.join(order)}"


def _person(random: Random) -> tuple[str, str]:
    noun = random.choice(PEOPLE)
    return f"the {noun.english}", f"{'la' if noun.feminine else 'le'} {noun.french}"


def _day(random: Random) -> tuple[str, str]:
    day, (month, mois) = random.randint(1, 20), random.choice(list(MONTHS.items()))
    return f"on {month} the {ORDINALS[day - 1]}", f"le {'premier' if day == 1 else french_number(day)} {mois}"


def _purchase(random: Random) -> tuple[str, str]:
    """English ends with the day, French begins with it."""
    verb, verbe = random.choice(list(VERBS.items()))
    (who, qui), (what, quoi), (when, quand) = _person(random), _things(random), _day(random)
    return f"{who} {verb} {what} {when}", f"{quand} , {qui} {verbe} {quoi}"


def _date(random: Random) -> tuple[str, str]:
    (when, quand), year = _day(random), random.randint(1000, 2100)
    return f"it was {when} {english_number(year)}", f"c' était {quand} {french_number(year)}"


def _sum(random: Random) -> tuple[str, str]:
    one, other = random.randint(0, 999), random.randint(0, 999)
    return (
        f"{english_number(one)} and {english_number(other)} make {english_number(one + other)}",
        f"{french_number(one)} et {french_number(other)} font {french_number(one + other)}",
    )
