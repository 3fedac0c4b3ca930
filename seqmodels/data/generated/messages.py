"""Short messages, spam or not, of the same words: who offers, what is denied and which sum is larger decides.

They are drawn from a grammar whose symbols carry a sign (see `grammar.rules_of`): positive is spam. Spam promises
something for nothing; ham says that there is none of it, in the same words. An offer that somebody only tells of does
not count, and of two sums spam always promises to give the larger one.

A quarter of them are what people write every day: what they plan, and what spam wants of them.
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
          | {daily+}{mark} | {daily+}{mark} | {hello}, {daily+}{mark} | {daily+}{mark} {daily+}{mark}
daily     = {bait} / {plan} | {bait} / {plan} | {bait} / {plan} | {bait}, {hurry} / {plan}, {close}
          | {bait}, {hurry} / {plan} {when}
bait      = win a {great} {prize} | you have won a {prize} | congratulations, you won a {prize} | claim your {prize}
          | claim your {great} {prize} | a {great} {prize} is waiting for you | get a {prize} for free
          | free {prize} for every customer | you have been selected for a {prize} | earn {hundred} a week from home
          | cheap loans for everyone | lose weight fast | buy cheap pills online | your account is locked, click here
          | click here for your {prize} | click the link for a {great} {prize} | cash prize of {hundred}
          | get rich quick | exclusive offer, {prize} for {ten} | limited offer, only {ten} | make money fast
          | meet singles in your area | double your money | your loan has been approved
hurry     = call now | text win now | reply yes | order now | act now | click here | offer ends {when} | hurry up
          | do not miss it | call this number
plan      = see you {when} | are you free {when} | I will be late | can you call me | call me when you can
          | what are you doing {when} | where are you | I am on my way | let us meet at the {where} | happy birthday
          | thank you for the {gift} | did you get my {gift} | I forgot my {gift} | can you buy some {food}
          | shall we have {food} {when} | we are out of {food} | I miss you | how was your day | good luck {when}
          | the meeting is at {hour} | dinner at {hour} | I will pick you up at {hour} | do you want to watch a film
          | did you win the game | you won, I pay for the {food} | is the parking free | the tickets are not free
          | my number has changed | please send me the address | I love you | how are you | sorry, I was asleep
          | can I call you later | are you coming to the party | mum says hello | the doctor can see you at {hour}
close     = love you | take care | see you soon | thanks | talk later | kiss | ok | let me know
great     = free | big | brand new | fantastic | luxury | exclusive | guaranteed | special
prize     = phone | prize | holiday | gift card | laptop | voucher | ticket | camera | cruise | car | bonus | ring tone
where     = station | office | cinema | park | cafe | school | gym | library | shop | bank
gift      = book | keys | present | lunch | message | photos | email | umbrella | phone | wallet
food      = milk | bread | pizza | coffee | lunch | dinner | fruit | cake | tea | eggs
hour      = six | seven | noon | eight thirty | nine | ten | half past five
mark      = . | . | . | ! |
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
