"""Short messages, spam or not, of the same words: who offers, what is denied and which sum is larger decides.

They are drawn from a grammar whose symbols carry a sign (see `grammar.rules_of`): positive is spam. Spam promises
something for nothing; ham says that there is none of it, in the same words. An offer that somebody only tells of does
not count, and of two sums spam always promises to give the larger one.
"""

from collections.abc import Mapping
from random import Random

from seqmodels.data.base import Split
from seqmodels.data.generated.grammar import different, expanded, polished, rules_of
from seqmodels.data.text.formats import LabelledText

GRAMMAR = """
message   = {offer+}. | {offer+}. {chat}. | {chat}. {offer+}. | {hello}, {offer+}. {request} | {offer+}. {request}
          | {hello}, {chat}. {offer+}. | {told~}. {offer+}. | {offer+}. {told~}. | {sums+}. {request} | {chat}. {sums+}.
          | {hello}, {sums+}. | {sums+}. {told~}.
offer     = {claim+} | {claim+} | {claim+} and {claim+} | {contrast+} | {denied+} | {denied+} | {distant+}
claim     = {thing} is {free+} | {thing} for you is {free+} | your {account} has been {chosen+}
          | you {won+} {thing} | {thing} will be {sent+} {when}
contrast  = {claim-}, you thought, but {claim+} | {claim-}? no, {claim+} | whoever says that {claim-} is wrong, {claim+}
          | not true that {claim-}, {claim+} | yesterday {claim-}, today {claim+}
denied    = {thing} is not {free-} | {thing} is anything but {free-} | your {account} has not been {chosen-}
          | {thing} will never be {sent-} | {thing} is no longer {free-} | you have not {lost-} {thing}
distant   = nobody can say that {claim-} | we do not believe that {claim-} | it is a mistake to think that {claim-}
          | no one here ever said {when} that {claim-}
sums      = send us {ten}, you get {hundred} back / send us {hundred}, you get {ten} back
          | {hundred} for you, you pay only {ten} / {ten} for you, you pay only {hundred}
          | pay {ten} and take {hundred} home / pay {hundred} and take {ten} home
          | it costs {ten} {when} and brings you {hundred} / it costs {hundred} {when} and brings you {ten}
told      = {friend} wrote that {claim~} | my {brother} dreamt that {claim~}
          | {friend} laughed at a text saying {claim~}

free      = free / full price | a gift / a purchase | costless / expensive | a present / a debt | on us / on you
chosen    = chosen / refused | credited / charged | selected / closed | upgraded / blocked | rewarded / fined
won       = have won / have lost | can claim / must return | have gained / have missed | get / owe
lost      = won / lost | gained / missed | inherited / broken | earned / forgotten
sent      = delivered / collected | given away / taken away | handed over / taken back | doubled / halved
ten       = two pounds | five pounds | ten pounds | twelve pounds | fifteen pounds | twenty pounds
          | thirty pounds | forty pounds
hundred   = fifteen hundred pounds | five hundred pounds | ninety pounds | two hundred pounds | sixty pounds
          | a thousand pounds | eighty pounds | four hundred pounds

thing     = the phone | the ticket | the holiday | the camera | the voucher | the ring tone | the laptop | the trip
          | the weekend in Rome | the television | the bike | the concert ticket | the watch | the game
account   = number | account | card | address | contract | name
hello     = hi | hello | good morning | hey there | dear friend | good evening
request   = call back {when}. | text back {when}. | reply {when}. | let me know {when}. | ring the office {when}.
when      = today | tonight | before noon | this week | by Friday | tomorrow | after work | on Monday
chat      = the bus is late again | I am at the station | see you at lunch | it rains here | the kids are asleep
          | I left my keys at home | dinner is at eight | the meeting went well | we are in town
          | the train leaves at six | I saw your sister | the garden looks lovely
friend    = Anna | Tom | my boss | our neighbour | the teacher | my cousin | grandma | Peter
brother   = brother | sister | aunt | uncle | flatmate | colleague
"""

RULES = rules_of(GRAMMAR)
SIZES: Mapping[Split, int] = {"train": 8000, "val": 1000, "test": 1000}
LONGEST = 40


def messages(seed: int, sizes: Mapping[Split, int] = SIZES) -> dict[Split, list[LabelledText]]:
    """Draw messages, no two alike, about half of them `spam` and half `ham`.

    Args:
        seed: of every choice.
        sizes: number of messages of each split.

    Example:
        >>> {text.label for text in messages(0)["test"]} == {"ham", "spam"}
        True
    """
    random = Random(seed)

    def draw() -> LabelledText | None:
        spam = random.random() < 0.5
        text = polished(expanded(RULES, "message", spam, random, set()))
        return LabelledText(text, "spam" if spam else "ham") if len(text.split()) <= LONGEST else None

    return different(draw, sizes)
