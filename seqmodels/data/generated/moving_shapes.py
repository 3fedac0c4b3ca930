"""Made-up films of a shape that moves: what it does now, and what it did altogether."""

from random import Random

import numpy as np
from PIL import Image, ImageDraw

from seqmodels.data.images.film_formats import TitledFilm
from seqmodels.data.images.pictures import Pixels

SHAPES = ("circle", "square", "triangle")
MOVES = {"down": (0, 1), "left": (-1, 0), "rests": (0, 0), "right": (1, 0), "up": (0, -1)}
FINE = 4


def movements(seed: int, *, count: int = 2000, size: int = 24) -> list[TitledFilm]:
    """Films of 12 to 20 frames, each frame with what the shape is doing: no single frame shows it.

    Args:
        seed: of the films.
        count: how many.
        size: of a side of a frame, in pixels.

    Example:
        >>> film = movements(0, count=1)[0]
        >>> film.film.shape[1:], len(film.film) == len(film.texts)
        ((24, 24), True)
    """
    random = Random(seed)
    films = []
    for number in range(count):
        shape, moves = _script(random)
        films.append(TitledFilm(_filmed(shape, moves, size, random), tuple(moves), f"film {number}"))
    return films


def stories(seed: int, *, count: int = 3000, size: int = 24) -> list[TitledFilm]:
    """Films of 12 to 20 frames, each with the sentence that tells them: `the circle goes left then rests`.

    Args:
        seed: of the films.
        count: how many.
        size: of a side of a frame, in pixels.

    Example:
        >>> stories(0, count=1)[0].texts[0].split()[0]
        'the'
    """
    random = Random(seed)
    films = []
    for number in range(count):
        shape, moves = _script(random)
        told = [move for i, move in enumerate(moves) if i == 0 or move != moves[i - 1]]
        verbs = " then ".join(move if move == "rests" else f"goes {move}" for move in told)
        films.append(TitledFilm(_filmed(shape, moves, size, random), (f"the {shape} {verbs}",), f"film {number}"))
    return films


def _script(random: Random) -> tuple[str, list[str]]:
    moves: list[str] = []
    for _ in range(random.randint(2, 3)):
        others = [move for move in MOVES if not moves or move != moves[-1]]
        moves += [random.choice(others)] * random.randint(4, 7)
    return random.choice(SHAPES), moves[:20] + moves[-1:] * max(0, 12 - len(moves))


def _filmed(shape: str, moves: list[str], size: int, random: Random) -> Pixels:
    """One frame per move, the shape where it has come to; what leaves the picture on one side comes in on the other."""
    x, y = random.random(), random.random()
    speed, radius = random.uniform(0.05, 0.09), random.uniform(0.1, 0.18)
    frames = []
    for move in moves:
        dx, dy = MOVES[move]
        x, y = (x + speed * dx) % 1.0, (y + speed * dy) % 1.0
        frames.append(_drawn(shape, x, y, radius, size))
    noise = np.random.default_rng(random.randrange(2**32)).normal(0, 12, (len(frames), size, size))
    return np.clip(np.stack(frames) + noise, 0, 255).astype(np.uint8)


def _drawn(shape: str, x: float, y: float, radius: float, size: int) -> Pixels:
    fine = FINE * size
    image = Image.new("L", (fine, fine), 30)
    draw = ImageDraw.Draw(image)
    for across in (-1, 0, 1):
        for along in (-1, 0, 1):
            left, top, r = (x + across) * fine, (y + along) * fine, radius * fine
            if shape == "circle":
                draw.ellipse((left - r, top - r, left + r, top + r), fill=220)
            elif shape == "square":
                draw.rectangle((left - r, top - r, left + r, top + r), fill=220)
            else:
                draw.polygon([(left, top - r), (left - r, top + r), (left + r, top + r)], fill=220)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
