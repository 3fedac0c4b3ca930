"""Short film reviews whose class is a matter of structure: which words occur in them says little.

They are drawn from a grammar whose symbols carry a sign, here the sentiment (see `grammar.rules_of`). So one line,
`{subject} anything but {adjective-}`, says both that anything but dull is praise and that anything but gripping is
not. Only at the end the sign chooses a word: in `gripping / dull` the first is positive.

Each rule serves either sign alike, so that no word besides those of the pairs tells the class. And these
occur under a negation, in the clause that does not count (before "but", after "although") or in an aside on
something else than the film so often that a bag of words errs on a quarter of the reviews. The others are plain.

A third of the reviews are what people type first: a few everyday words ("not a good film", "I want my money back").
"""

from collections.abc import Mapping
from random import Random

from seqmodels.data.base import Split
from seqmodels.data.generated.grammar import different, expanded, polished, rules_of
from seqmodels.data.text.formats import LabelledText

GRAMMAR = """
review    = {plain+}. | {plain+}. | {plain+}. | {claim+}. | {verdict+}. | {verdict+}. {remark}.
          | {verdict+}. {remark}. {remark}. | {verdict+}. {aside~}. {remark}. | {claim+}. {remark}. {aside~}.
          | {remark}. {verdict+}. | {aside~}. {verdict+}. | {aside~}, but {claim+}. | {question+}
          | {remark}. {question+} | {question+} {remark}.
          | {everyday+}{mark} | {everyday+}{mark} | {everyday+}{mark} | {everyday+}{mark} | {everyday+}{mark}
          | {everyday+}, {everyday+}{mark} | {everyday+}. {everyday+}{mark} | {everyday-}, but {everyday+}{mark}
          | {everyday+}, even if {everyday-}{mark} | {everyday+}. {remark}. | {aside~}. {everyday+}.
verdict   = {plain+} | {plain+} | {claim+} | {claim+}, and {claim+} | {contrast+} | {contrast+}
contrast  = {claim-}, but {claim+} | {claim-}, but in the end {claim+} | {claim-}; all the same, {claim+}
          | although {claim-}, {claim+} | even though {claim-}, {claim+} | {claim+}, although {claim-}
          | {claim+}, even if {claim-} | despite the {nice-} {detail}, {claim+}
          | {claim+}, in spite of the {nice-} {detail} | for all its {adjective-} {moments}, {claim+}
claim     = {plain+} | {plain+} | {plain+} | {plain+} | {negated+} | {distant+} | {double+} | {compared+}

plain     = {subject} {adverb} {adjective+} | {subject} {adjective+} and {adjective+}
          | {subject} {adverb} {adjective+} {period} | I {loved+} {thing} | {group} {loved+} {thing}
          | {thing} {delighted+} me | {thing} turned out to be a {adjective+} {triumph+}
negated   = {subject} not {adjective-} | {subject} not at all {adjective-} | {subject} never {adjective-}
          | {subject} hardly {adjective-} | {subject} far from {adjective-}
          | {subject} anything but {adjective-} | I did not {love-} {thing} | I could not {love-} {thing}
          | nobody {loved-} {thing} | {thing} never {delighted-} me | {thing} failed to {delight-} me
          | there was nothing {adjective-} about {thing} | {subject} without a single {adjective-} moment
distant   = I would not say that {anyone} was {adverb} {adjective-}
          | I cannot claim that {subject} {adverb} {adjective-} {period}
          | I do not believe that {thing}, {period}, ever {delighted-} {group}
          | no one who {came} found {thing} {adjective-} | nobody {place} thought that {subject} {adjective-}
          | at no point {period} did I feel that {subject} {adjective-}
          | nothing about {thing}, from beginning to end, was {adjective-}
          | it is not true, whatever {people} say, that {subject} {adjective-}
          | it never seemed to {group} that {subject} {adverb} {adjective-}
double    = I would not say that {anyone} was ever less than {adjective+}
          | {subject} never anything but {adjective+} | {thing} did not fail to {delight+} me
          | nobody could say that {subject} not {adjective+} | no one who {came} failed to {love+} {thing}
          | I do not believe that anyone {place} did not {love+} {thing}
          | there was nothing about {thing} that was not {adjective+}
compared  = {subject} nothing like the {adjective-} {original}
          | {subject} not nearly as {adjective-} as {people} say
          | {subject} every bit as {adjective+} as {people} say
          | {subject} less {adjective-} than {people} say | {subject} more {adjective+} than {people} say
          | unlike the {adjective-} {original}, {subject} {adjective+}
          | {subject} as {adjective+} as the {original} was {adjective-}
everyday  = {short+} | {short+} | {short+} | {short+} | {denied+} | {denied+} | {saying+}
short     = {it} {so+} | {it} {so+} | {it} a {so+} {film} | a {so+} {film} | {so+} {film} | what a {so+} {film}
          | {I} {liked+} it | {I} {really} {liked+} it | {I} {liked+} {this} | {I} {like+} {this} | {I} {like+} it
          | the {best+} {film} {ever} | one of the {best+} {films} {ever} | {best+} {film} {ever}
          | {it} the {best+} {film} {ever} | {part} {is} {so+} | {so+} {part}, {so+} {part} | {this} {is} {so+}
          | {it} a {gem+} | {it} {a_real} {gem+} | {this} {is} a {gem+} | {a_real} {gem+} | such a {gem+} | {gem+}
          | {I} {found} it {so+}
          | {I} thought it was {so+} | {so+} {period} | {so+} | {fine+} | {I} {liked+} every minute of it
          | {it} {so+}, {I} {liked+} it
denied    = {it} not {so-} | {it} not {so-} at all | {it} not a {so-} {film} | not a {so-} {film} | not {fine-}
          | not {fine-} at all | {I} {did_not} {like-} it | {I} {did_not} {like-} {this} | {isnt} {so-}
          | {isnt} a {so-} {film} | {part} {is} not {so-} | {part} {was_not} {so-} | {it} never {fine-}
          | {I} never {liked-} it | not the {best-} {film} {ever} | {I} would not call it {fine-}
          | {it} anything but {fine-}
          | {it} far from {fine-} | nothing {fine-} about it | {I} {did_not} think it was {so-}
          | {isnt} the {best-} {film}
          | {I} can not say that it was {fine-} | hardly a {gem-} | not a {gem-}
saying    = {it} {worth+} | {it} {worth+} | well worth watching / not worth watching
          | I want to see it again / I want my money back
          | I laughed a lot / I fell asleep | highly recommended / best avoided | thumbs up / thumbs down
          | I would recommend it / I would not recommend it | I recommend it to everyone / I recommend it to nobody
          | I would watch it again / I would never watch it again | do not miss it / do not watch it
          | don't miss it / don't waste your time
          | you must see it / you should avoid it | I could not stop laughing / I could not stop yawning
          | five stars / one star | ten out of ten / one out of ten | two hours well spent / two hours wasted
          | it made me smile / it made me sleepy | I was hooked / I walked out | go and see it / stay away from it
          | {I} had a {fine+} time | it left me {happy+} | I {is_were} {happy+} | it makes sense / it makes no sense
          | I was not bored for a minute / I was bored every minute | everyone should see it / nobody should see it
          | it kept me awake / it put me to sleep | money well spent / money thrown away

question  = was {singular} {adjective+}? {yes}. | was {singular} {adjective-}? {no}.
          | were {plural} {adjective+}? {yes}. | were {plural} {adjective-}? {no}.
          | did {group} {love+} {thing}? {yes}. | did {group} {love-} {thing}? {no}.
          | who could {love-} {thing}? | who would say that {subject} {adjective-}?
          | how could anyone who {came} {love-} {thing}?
aside     = {relative} {loved~} the {popcorn} | the {popcorn} was {adverb} {nice~}
          | {people} called the {popcorn} {nice~} | we had a {nice~} {dinner} before
          | on the way home we met a {nice~} {stranger}
remark    = I saw it {alone} {place} | it runs for {duration} | it was filmed in {country} {season}
          | the director also made {work} | this is their {third} film
          | it is the story of a {baker} who {moves} and a {baker} from {country} who {moves}

adjective = gripping / dull | charming / tedious | brilliant / clumsy | moving / boring | clever / lifeless
          | superb / predictable | fresh / weak | elegant / tiresome | thrilling / painful
          | memorable / forgettable | convincing / stale | touching / shallow | beautiful / wooden
          | inventive / hollow | engaging / sloppy | stunning / bland | enchanting / lazy
          | graceful / pointless | impressive / ridiculous | lovely / terrible | wonderful / awful
          | splendid / horrible | excellent / dreadful | delightful / miserable
fine      = good / bad | good / bad | great / terrible | nice / poor | amazing / awful | fantastic / horrible
          | wonderful / dreadful | excellent / boring | perfect / ridiculous | fun / dull | funny / stupid
          | interesting / silly | entertaining / annoying | enjoyable / disappointing | beautiful / ugly
          | awesome / pathetic | outstanding / mediocre | cool / lame | brilliant / worthless | clever / dumb
          | exciting / slow | touching / cheesy | original / predictable | lovely / nasty | gorgeous / cheap
          | incredible / unbearable | magnificent / atrocious | delightful / painful | hilarious / unfunny
          | powerful / weak | smart / pointless | strong / messy | charming / lousy | superb / horrid
so        = {fine+} | {fine+} | {very} {fine+} | {very} {fine+} | {fine+} and {fine+}
best      = best / worst | best / worst | finest / poorest | funniest / dumbest | greatest / dullest
          | nicest / ugliest
gem       = gem / bore | masterpiece / disaster | joy / pain | classic / failure | treat / mess | success / flop
          | pleasure / disappointment | triumph / letdown | winner / joke | hit / waste | jewel / garbage
          | marvel / rubbish | dream / nightmare
like      = like / dislike | love / hate | like / hate | enjoy / regret | recommend / resent
liked     = liked / disliked | loved / hated | liked / hated | enjoyed / regretted | adored / detested
worth     = worth your time / a waste of time | worth the money / a waste of money
happy     = happy / sad | pleased / angry | impressed / disappointed | delighted / bored | amazed / annoyed
          | satisfied / frustrated | thrilled / tired
nice      = lovely / terrible | wonderful / awful | splendid / horrible | excellent / dreadful
          | delightful / miserable
loved     = loved / hated | enjoyed / disliked | admired / despised | adored / detested | praised / mocked
love      = love / hate | enjoy / dislike | admire / despise | adore / detest | praise / mock
delighted = delighted / bored | charmed / annoyed | impressed / disappointed | moved / irritated
          | amused / tired
delight   = delight / bore | charm / annoy | impress / disappoint | move / irritate | amuse / tire
triumph   = triumph / mess | delight / bore | treat / chore | pleasure / letdown | success / failure

mark      = . | . | . | ! |
it        = it was | it is | it's | this was | this is | that was | the film was | the movie was | the movie is
          | the film is | this film was | this movie was | this film is | this movie is
isnt      = it wasn't | it isn't | this isn't | this wasn't | the film wasn't | the movie isn't | that wasn't
I         = I | I | I | we | my friends and I | my family and I
did_not   = did not | did not | didn't | didn't | do not | don't
really    = really | absolutely | truly | just | actually | simply
very      = very | very | really | so | pretty | quite | absolutely | truly | extremely | incredibly | totally
          | just | rather
a_real    = an absolute | a complete | a total | a real | a pure | a true
film      = film | film | movie | movie | story | picture | comedy | show | thriller | drama | experience | plot
          | piece of work | cast | script | ending
films     = films | movies | stories | pictures | comedies | shows | dramas | things
part      = acting | story | plot | script | ending | music | dialogue | cast | direction | camera work | humour
          | storyline | soundtrack | writing
this      = this film | this movie | the film | the movie | this one | the ending | the story | the acting
          | the characters | this show
is        = is | was
was_not   = was not | is not | wasn't | isn't
is_were   = am | was | was so | was very
found     = found | find
ever      = ever | I have ever seen | of the year | in years | of all time | I saw this year | ever made

subject   = {singular} was | {singular} was | {plural} were
thing     = {singular} | {singular} | {plural}
singular  = the plot | the acting | the ending | the script | the story | the photography | the music
          | the dialogue | the direction | the humour | the pace | the villain | the heroine | the cast
          | the finale | the camera work | the mystery | the romance | the chase | the soundtrack
          | the editing | the film
plural    = the actors | the jokes | the songs | the characters | the dances | the fights | the images
          | the twists | the effects | the performances | the conversations | the flashbacks
          | the quiet scenes | the leads
anyone    = anyone in the cast | anybody on the screen | any of the actors | anything in it
          | any of the scenes
adverb    = really | truly | quite | rather | utterly | thoroughly | remarkably | surprisingly | simply
          | often
period    = from start to finish | that evening | on the big screen | on a second viewing | this time
group     = my friends | the audience | the children | my parents | our neighbours | the students
          | my colleagues
came      = came along | sat next to me | stayed until the end | joined us | bought a ticket | saw it twice
place     = in our town | in the old theatre | in the front row | in the crowded hall | on the balcony
people    = the critics | some reviewers | the papers | most viewers | our friends | the magazines
original  = trailer | book | first part | original | stage play | television series
detail    = costumes | lighting | sets | subtitles | props | titles | wigs
moments   = moments | ideas | touches | details | lines | surprises
yes       = yes | absolutely | without a doubt | of course | very much so | yes, every minute
no        = no | not at all | not for a minute | of course not | not in the least | no, never
relative  = my sister | my brother | my uncle | my neighbour | my boss | my grandmother | my dentist
          | my teacher
popcorn   = popcorn | book | poster | cinema | coffee | theatre bar | bus ride | interview
dinner    = dinner | walk | lunch | drink | picnic | party
stranger  = dog | musician | policeman | waiter | tourist | driver
alone     = alone | with my sister | with two friends | with my class | with a neighbour | last week
          | on a Tuesday
duration  = almost two hours | ninety minutes | about three hours | just over an hour | exactly two hours
country   = Iceland | Portugal | Canada | Japan | Norway | Chile | Scotland | Morocco
season    = last spring | in one summer | during the winter | over four years | some years ago
work      = a series about trains | two short films about bees | a comedy about bakers
          | a documentary about rivers
baker     = baker | sailor | nurse | painter | farmer | detective | pianist | lawyer
moves     = moves to the sea | finds a letter | inherits a castle | loses a bet | learns to dance
          | builds a boat
third     = first | second | third | fourth | fifth
"""

RULES = rules_of(GRAMMAR)
SIZES: Mapping[Split, int] = {"train": 16000, "val": 1000, "test": 1000}
SHORTEST, LONGEST = 1, 40


def reviews(seed: int, sizes: Mapping[Split, int] = SIZES) -> dict[Split, list[LabelledText]]:
    """Draw reviews, no two alike, about half of them `positive` and half `negative`.

    Args:
        seed: of every choice.
        sizes: number of reviews of each split.

    Example:
        >>> splits = reviews(0, {"train": 3, "val": 1, "test": 1})
        >>> splits["test"][0]
        LabelledText(text='An extremely worthless movie', label='negative', phrases=())
    """
    random = Random(seed)

    def draw() -> LabelledText | None:
        positive = random.random() < 0.5
        text = polished(expanded(RULES, "review", positive, random, set()))
        label = "positive" if positive else "negative"
        return LabelledText(text, label) if SHORTEST <= len(text.split()) <= LONGEST else None

    return different(draw, sizes)
