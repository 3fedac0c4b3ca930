"""What a person would ask a trained model about: one item for each kind of raw input."""

from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from seqmodels.data.audio.sound import LogMel
from seqmodels.data.images.frames import Frames
from seqmodels.data.images.pictures import Picture
from seqmodels.data.music.melodies import StartNotes
from seqmodels.data.music.piano_rolls import PianoRoll
from seqmodels.data.series.labelled_series import SeriesSteps
from seqmodels.data.series.series_input import SeriesInput
from seqmodels.data.synthetic import Numbers
from seqmodels.data.text.raw_text import Words
from seqmodels.data.text.spelled_words import SpelledWords
from seqmodels.data.vocabulary import Vocabulary


@singledispatch
def item_for(raw: Any, folder: Path) -> Any:
    raise TypeError(f"no item for {type(raw).__name__} is known: add one")


@item_for.register
def _(raw: Words, folder: Path) -> Any:
    return Vocabulary.from_json(raw.vocabulary).decode([5, 6, 7])


@item_for.register
def _(raw: SpelledWords, folder: Path) -> Any:
    return "The light is on"


@item_for.register
def _(raw: SeriesInput, folder: Path) -> Any:
    steps = raw.window
    columns = {name: 1.0 + np.sin(np.arange(steps) + i) for i, name in enumerate(raw.columns)}
    return {**columns, **({raw.time: 3600.0 * np.arange(steps)} if raw.time else {})}


@item_for.register
def _(raw: LogMel, folder: Path) -> Any:
    path = folder / "tone.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000), 16000)
    return str(path)


@item_for.register
def _(raw: Picture, folder: Path) -> Any:
    path = folder / "picture.png"
    Image.fromarray(np.arange(900, dtype=np.uint8).reshape(30, 30)).save(path)
    return str(path)


@item_for.register
def _(raw: Frames, folder: Path) -> Any:
    for t in range(4):
        Image.fromarray(np.full((30, 30), 60 * t, dtype=np.uint8)).save(folder / f"{t}.png")
    return str(folder)


@item_for.register
def _(raw: SeriesSteps, folder: Path) -> Any:
    path = folder / "series.csv"
    rows = [",".join([str(t)] * len(raw.columns)) for t in range(9)]
    path.write_text("\n".join([",".join(raw.columns), *rows]) + "\n")
    return str(path)


@item_for.register
def _(raw: StartNotes, folder: Path) -> Any:
    return "C4"


@item_for.register
def _(raw: PianoRoll, folder: Path) -> Any:
    return "C4 E4 G4 | C4 F4 A4"


@item_for.register
def _(raw: Numbers, folder: Path) -> Any:
    return [[0.5] * raw.size] * 10
