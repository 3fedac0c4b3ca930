"""Made-up reports and their headlines: matches, weather, shares."""

from collections.abc import Callable
from random import Random

TEAMS = "Ashford Brookfield Carlton Dunmore Eastwick Farnham Glenrock Harwood Kingsley Langton Merton Norwood".split()
PLAYERS = "Adams Baxter Conway Doyle Ellis Fisher Grant Hayes Irwin Jarvis Keane Lowell Mason Nolan Osborne".split()
CITIES = "Alford Bramley Corby Denton Epsom Formby Goring Hexham Ilkley Jarrow Kelso Ludlow".split()
COMPANIES = "Altona Borealis Castor Delphi Electra Fortuna Gemini Helios Icarus Juno Kronos Lumen".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NUMBERS = "no one two three four five".split()
ASIDES = (
    "The stands were full .",
    "Tickets had been sold out for weeks .",
    "It had rained all morning .",
    "Both coaches had asked for patience .",
    "The old scoreboard failed once more .",
)


def reports(seed: int, *, count: int = 10_000) -> list[tuple[str, str]]:
    """Reports of a few sentences, each with its headline, which puts together what lies far apart.

    Who scores is told goal by goal and never added up; what fell in the morning and rose later must be weighed;
    what is said aside is to be left out.

    Args:
        seed: of the reports.
        count: how many.

    Example:
        >>> reports(0, count=1)
        [('...', '...')]
    """
    random = Random(seed)
    kinds: tuple[Callable[[Random], tuple[str, str]], ...] = (_match, _weather, _shares)
    pairs: dict[str, str] = {}
    while len(pairs) < count:
        report, headline = random.choice(kinds)(random)
        pairs[report] = headline
    return list(pairs.items())


def _match(random: Random) -> tuple[str, str]:
    home, away = random.sample(TEAMS, 2)
    players = random.sample(PLAYERS, 4)
    sides = {home: players[:2], away: players[2:]}
    goals = [random.choice((home, home, away)) for _ in range(random.randint(1, 5))]
    told = [f"{random.choice(sides[team])} scored for {team} ." for team in goals]
    told.insert(random.randrange(len(told) + 1), random.choice(ASIDES))
    opening = f"{home} met {away} on {random.choice(DAYS)} ."
    ours, theirs = goals.count(home), goals.count(away)
    score = f"{NUMBERS[max(ours, theirs)]} to {NUMBERS[min(ours, theirs)]}"
    if ours == theirs:
        return _report(opening, told), f"{home} and {away} draw {score}"
    winner, loser = (home, away) if ours > theirs else (away, home)
    return _report(opening, told), f"{winner} beat {loser} {score}"


def _weather(random: Random) -> tuple[str, str]:
    here, there = random.sample(CITIES, 2)
    day, later = random.sample(DAYS, 2)
    now, then = random.sample(("sun", "rain", "snow", "fog", "wind"), 2)
    told = [
        f"People in {here} woke up to {now} on {day} .",
        f"{there} , further north , had {random.choice(('hail', 'frost', 'clouds'))} .",
        f"On {later} forecasters expect {then} in its place .",
    ]
    told.insert(random.randrange(1, 3), random.choice(ASIDES))
    return _report(told[0], told[1:]), f"{then} to replace {now} in {here} on {later}"


def _shares(random: Random) -> tuple[str, str]:
    one, other = random.sample(COMPANIES, 2)
    morning, evening = random.randint(2, 9), random.randint(2, 9)
    while morning == evening:
        evening = random.randint(2, 9)
    first, second = random.sample(("fell", "rose"), 2)
    told = [
        f"In the morning it {first} by {morning} percent .",
        f"Later it {second} by {evening} percent .",
        f"Shares of {other} did not move .",
    ]
    outcome = second if evening > morning else first
    verb = {"fell": "falls", "rose": "rises"}[outcome]
    return _report(f"{one} had a lively {random.choice(DAYS)} .", told), f"{one} {verb} in a day of ups and downs"


def _report(opening: str, told: list[str]) -> str:
    return " ".join([opening, *told])
