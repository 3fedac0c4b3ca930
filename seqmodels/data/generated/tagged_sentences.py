"""Sentences whose words have a tag each, drawn from two grammars: parts of speech, and names.

A rule may mark what becomes of it: in `noun/NOUN = light | book`, whatever stands for `{noun}` is a NOUN. In a word,
`*` stands for syllables made up on the spot, and `^` makes the next letter a capital. So a test sentence has words
that were never seen in training, of which only the ending or the surroundings tell anything.

Parts of speech: most words of the open classes are listed under two or three of them (`light`, `book`, `can`), so
that only their neighbours decide. Names: the same made-up names, and the same towns, are those of people, places
and organisations; a sentence says which.
"""

import re
from collections.abc import Callable, Sequence
from random import Random

from seqmodels.data.base import Split, in_time
from seqmodels.data.text.tagged_columns import TaggedSentence

PARTS_OF_SPEECH = """
sentence    = {clause} {stop} | {clause} {stop} | {clause} {comma} {and} {clause} {stop}
            | {because} {clause} {comma} {clause} {stop} | {clause} {because} {clause} {stop} | {question} {mark}
            | {order} {stop} | {order} {comma} {and} {order} {stop}
clause      = {subject} {predicate} | {subject} {predicate} | {subject} {adverb} {predicate}
            | {adverb} {comma} {subject} {predicate}
subject     = {pronoun} | {pronoun} | {name} | {things} | {things} {preposition} {things} | {name} {and} {name}
things      = {the} {noun} | {the} {adjective} {noun} | {the} {noun} {noun} | {number} {nouns}
            | {the} {adjective} {and} {adjective} {noun} | {number} {adjective} {nouns}
predicate   = {past} {things} | {past} {things} {place} | {modal} {verb} {things} | {modal} {not} {verb} {things}
            | {modal} {adverb} {verb} {place} | {be} {adjective} | {be} {adverb} {adjective} | {be} {things}
            | {past} {to} {verb} {things} | {past} {adverb} | {be} {adjective} {place}
question    = {modal} {subject} {verb} {things} | {modal} {subject} {verb} {place} | {modal} {subject} {not} {verb}
order       = {verb} {things} | {verb} {things} {place} | {verb} {the} {noun} {adverb} | {do} {not} {verb} {things}
place       = {preposition} {things} | {preposition} {the} {noun} | {preposition} {name}

noun/NOUN   = {either} | {either} | {either} | {quality} | {quality} | can | will | might | must | *tion | *ness
            | *ment | *er | *ist | garden | river | teacher | window | evening | village | market
nouns/NOUN  = {noun}s
verb/VERB   = {either} | {either} | {either} | {either} | *ise | *ify | *ate | clean | open | dry | warm | cool | empty
            | see | bring | find | carry | follow
adjective/ADJ = {quality} | {quality} | {quality} | *ous | *ful | *able | *less | *ive | old | small | young | heavy
            | early | friendly | {past}
past/VERB   = {either}ed | {either}ed | *ed | *ised | *ated | cleaned | opened | saw | brought | found | carried
adverb/ADV  = *ly | *ly | *ously | *fully | often | never | soon | then | early | well | hard | fast
either      = light | book | watch | plant | fish | cook | dress | paint | point | water | load | park | hand | face
            | walk | dance | sign | answer | question | post | mail | farm | guard | pilot | judge | guide | lift
quality     = light | clean | open | dry | warm | cool | empty | round | flat | level | hard | fast | well | back | kind
            | square | plain | total | patient | secret | green | cold
name/PROPN  = ^* | ^* | ^*son | ^*a | ^*ville | ^river ^* | ^market ^*
pronoun/PRON = she | he | they | we | you | it | someone | nobody | that
the/DET     = the | the | the | a | this | that | every | some | no | her
modal/AUX   = can | will | may | might | must | could | should
be/AUX      = would be | will be | may be | had been | could be
do/AUX      = do
not/PART    = not
to/PART     = to
and/CCONJ   = and | or | but
because/SCONJ = because | while | if | after | before
preposition/ADP = in | on | behind | near | with | by | after | before | round | over | to
number/NUM  = two | three | seven | twelve | forty | {digit}{digit} | {digit},000
digit       = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
stop/PUNCT  = . | . | . | !
comma/PUNCT = ,
mark/PUNCT  = ?
"""

NAMED_ENTITIES = """
sentence    = {report} . | {report} . | {report} , and {more} . | {report} ; {more} . | " {saying} , " said {person} .
            | {when} {report} . | {when} {report} , but {more} .
report      = {about_person} | {about_place} | {about_company} | {about_person} | {about_company} | {ordinary}
more        = {about_person} | {about_place} | {about_company} | {ordinary} | {ordinary}
about_person = {person} {was_born} in {place} | {person} {did} {relative} | the {old} {person} {did} a {thing}
            | {relative} of {person} {did} {ordinary_place} | {person} , {role} of {company} , {did} in {place}
            | {person} and {person} {did} together | {person} married {person} in {place} | {role} {person} {did}
            | {role} {person} {did} a {thing} for {company} | a {thing} by {person} was found in {place}
about_place = the {old} town of {place} lies {far} of {place} | it rained in {place} and {place} {when}
            | the {road} from {place} to {place} was {closed} | the people of {place} {did} a {thing}
            | {place} , the capital of {place} , has {number} inhabitants | they {went} to {place} by {way} of {place}
            | the river runs through {place}
about_company = {company} {announced} that its {profits} {rose} | shares of {company} {rose} {percent}
            | {company} bought {company} for {number} million | workers at {company} {did} {when}
            | {company} , which makes {thing}s , {rose} {percent} | {company} {announced} a new {thing} in {place}
            | the board of {company} {announced} that {person} would leave | {company} hired {person} as {role}
ordinary    = the {role} {did} a {thing} | the {road} was {closed} {when} | the {thing} was sold for {number} crowns
            | nobody {did} {when} | a {old} {thing} was found {ordinary_place} | the {profits} {rose} {percent}
saying      = {place} is a {old} town | we {went} to {place} | {company} must not be sold | {person} {did} a {thing}
            | the {thing} is {closed} | {ordinary}

person/PER  = {given} {name} | {given} {name} | {given} {name} | {name} | {name} | {given} | {given} ^{letter}. {name}
place/LOC   = {name} | {name} | {name} | ^north {name} | ^lake {name} | {name} ^valley | ^saint {given} | ^mount {name}
company/ORG = {name} | {name} | {name} | {name} & ^sons | ^bank of {name} | ^university of {name} | {given} {name} ^inc.
            | {name} ^motors | ^{letter}^{letter}^{letter} | {name} ^united
name        = ^* | ^* | ^* | ^*son | ^*ton | ^*berg | ^*a | ^*er | ^jordan | ^florence | ^lincoln | ^chelsea | ^paris
            | ^israel | ^victoria | ^austin | ^houston | ^sidney | ^madison | ^ford | ^siena | ^georgia | ^hamilton
given       = ^anna | ^paul | ^mary | ^karl | ^ruth | ^hugo | ^florence | ^chelsea | ^paris | ^victoria | ^austin
            | ^sidney | ^madison | ^georgia | ^*o | ^*ine
letter      = a | b | c | e | h | j | k | m | r | s | t
role        = president | director | mayor | captain | doctor | professor | painter | judge | ^president | ^mayor
was_born    = was born | grew up | died | was raised | has lived
did         = wrote | painted | refused | sang | signed | won | lost | promised
relative    = the sister | a friend | the lawyer | an old teacher | the son | a colleague
thing       = letter | bicycle | song | clock | contract | portrait | novel | bell | engine | map
old         = old | famous | small | forgotten | quiet | rich
road        = road | railway | bridge | border | tunnel
closed      = closed | opened again | repaired | too narrow
far         = ten miles north | not far east | an hour south | just west
went        = went | moved | walked | returned | sent a {thing}
way         = way | train | ship | car
announced   = announced | said | denied | reported | promised
profits     = profits | sales | debts | costs | prices
rose        = rose | fell | doubled | hardly changed
percent     = {number} percent | by a third | {when}
ordinary_place = in the garden | under a bridge | in the attic | at the station
number      = two | three | seven | twelve | forty | {digit}0 | {digit}50
digit       = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
when        = on ^monday | on ^friday | in ^march | in ^october | last ^sunday | yesterday
"""

COUNT = 4000
SYMBOL = r"\{(\w+)\}"
ONSETS = ("b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "br", "dr", "gr", "kl", "st", "tr")
CODAS = ("l", "m", "n", "r", "t", "nd", "rk", "lt")
VOWELS = "aeiou"

Rules = dict[str, tuple[str, list[str]]]
Mark = Callable[[int, str], list[str]]


def parts_of_speech(seed: int, *, count: int = COUNT) -> dict[Split, list[TaggedSentence]]:
    """Draw sentences with parts of speech, named as in Universal Dependencies.

    Args:
        seed: of every choice.
        count: number of sentences; eight of ten are to train on, one is for validation, one for test.

    Example:
        >>> sentence = parts_of_speech(3, count=10)["test"][0]
        >>> " ".join(f"{word}/{tag}" for word, tag in zip(*sentence))
        'We/PRON geminly/ADV saw/VERB forty/NUM friendly/ADJ judges/NOUN ./PUNCT'
    """
    return _drawn(PARTS_OF_SPEECH, lambda size, tag: [tag] * size, seed, count)


def named_entities(seed: int, *, count: int = COUNT) -> dict[Split, list[TaggedSentence]]:
    """Draw sentences with the names of people (PER), places (LOC) and organisations (ORG), in the format IOB2.

    Args:
        seed: of every choice.
        count: number of sentences; eight of ten are to train on, one is for validation, one for test.

    Example:
        >>> sentence = named_entities(8, count=10)["test"][0]
        >>> " ".join(f"{word}/{tag}" for word, tag in zip(*sentence))
        'Shares/O of/O Bank/B-ORG of/I-ORG Hamilton/I-ORG rose/O two/O percent/O ./O'
    """
    return _drawn(NAMED_ENTITIES, lambda size, kind: [f"B-{kind}", *[f"I-{kind}"] * (size - 1)], seed, count)


def _drawn(grammar: str, mark: Mark, seed: int, count: int) -> dict[Split, list[TaggedSentence]]:
    """No two of the sentences are alike."""
    found = re.findall(r"^(\w+)(?:/(\w+))? += (.*(?:\n +\|.*)*)", grammar, flags=re.MULTILINE)
    rules = {name: (tag, re.split(r"\s+\|\s+", alternatives)) for name, tag, alternatives in found}
    random = Random(seed)
    drawn: dict[TaggedSentence, None] = {}
    while len(drawn) < count:
        words, tags = zip(*_expanded("sentence", rules, mark, random), strict=True)
        drawn.setdefault(TaggedSentence(_polished(words), tags))
    sentences = list(drawn)
    return {split: [sentences[row] for row in rows] for split, rows in in_time(count, (0.1, 0.1)).items()}


def _expanded(symbol: str, rules: Rules, mark: Mark, random: Random) -> list[tuple[str, str]]:
    """The words of a symbol, with their tags; "O" where no rule has marked them."""
    tag, alternatives = rules[symbol]
    if tag:
        words = _text(f"{{{symbol}}}", rules, random).split()
        return list(zip(words, mark(len(words), tag), strict=True))
    parts: list[tuple[str, str]] = []
    for part in random.choice(alternatives).split():
        inner = re.fullmatch(SYMBOL, part)
        if inner:
            parts += _expanded(inner[1], rules, mark, random)
        else:
            parts += [(word, "O") for word in _text(part, rules, random).split()]
    return parts


def _text(part: str, rules: Rules, random: Random) -> str:
    """With all symbols replaced, the made-up syllables in place, and endings as English spells them."""
    while re.search(SYMBOL, part):
        part = re.sub(SYMBOL, lambda match: random.choice(rules[match[1]][1]), part)
    part = re.sub(r"\*", lambda _: _made_up(random), part)
    part = re.sub(r"\^(\w)", lambda match: match[1].upper(), part)
    part = re.sub(r"eed\b", "ed", part)
    return re.sub(r"(ss|sh|ch)s\b", r"\1es", part)


def _made_up(random: Random) -> str:
    """One or two syllables."""
    inner = [random.choice(ONSETS) + random.choice(VOWELS) for _ in range(random.choice([1, 1, 2]))]
    return "".join(inner) + random.choice(CODAS)


def _polished(words: Sequence[str]) -> tuple[str, ...]:
    """With "an" before vowels, and a capital at the beginning."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    fitting = ["an" if word == "a" and after[:1] in tuple(VOWELS) else word for word, after in pairs]
    first = next(i for i, word in enumerate(fitting) if word[0].isalnum())
    fitting[first] = fitting[first][0].upper() + fitting[first][1:]
    return tuple(fitting)
