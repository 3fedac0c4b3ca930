"""What answers look like on a terminal, in JSON and in files."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import mido
import pytest
import torch

from seqmodels.answers import line, note, plain, save
from seqmodels.data.music.melodies import StartNotes
from seqmodels.data.music.midi import read_midi
from seqmodels.data.music.notes import LOWEST, Note, key_names
from seqmodels.data.music.piano_rolls import PianoRoll
from seqmodels.data.raw import RawInput
from seqmodels.objectives import Label, Notes
from seqmodels.runs import Run, UnknownWords
from seqmodels.types import DataSpec, valid_steps

YES = Label("yes", 0.75, {"no": 0.25, "yes": 0.75})
NO = Label("no", 0.9, {"no": 0.9, "yes": 0.1})

YES_IN_JSON = {**YES._asdict(), "unknown": []}


class Sentences(RawInput):
    def read(self, item: Any) -> Any:
        return item

    def words(self, item: Any) -> list[str]:
        return str(item).split()


def run(raw: RawInput, answers: tuple[str, ...] = ()) -> Run:
    spec = SimpleNamespace(answers=answers, columns=())
    return cast(Run, SimpleNamespace(raw=raw, spec=spec, unknown_words=lambda item: UnknownWords(raw.unknown(item), 3)))


@pytest.mark.parametrize(
    ("answer", "shown", "value"),
    [
        (YES, "yes\t0.750\tso it is", YES_IN_JSON),
        ("c'est ça", "c'est ça", {"text": "c'est ça"}),
        (1.5, "1.5", {"value": 1.5}),
        ([1.0, 2.0], "[1.0, 2.0]", {"value": [1.0, 2.0]}),
    ],
)
def test_an_answer_is_shown_and_written_as_json(answer: Any, shown: str, value: dict[str, Any]) -> None:
    assert line(run(Sentences()), "so it is", answer) == shown
    assert plain(run(Sentences()), "so it is", answer) == {"input": "so it is", **value}


def test_unknown_words_are_named_beside_an_answer() -> None:
    class Unknown(Sentences):
        def unknown(self, item: Any) -> list[str]:
            return [word for word in item.split() if word.startswith("z")]

    reader = run(Unknown())
    answer = YES._replace(unknown=("zebra",))
    assert line(reader, "a zebra here", answer) == "yes\t0.750\ta zebra here\t1 of 3 words unknown: zebra"
    assert note(reader, "a zebra here", answer) == ""
    assert note(reader, "a zebra here", "le texte") == "1 of 3 words unknown: zebra"
    assert plain(reader, "a zebra here", answer)["unknown"] == ["zebra"]
    assert plain(reader, "a zebra here", "le texte")["unknown"] == ["zebra"]
    guess = YES._replace(unknown=("z", "zz", "zzz"), guess=True)
    assert line(reader, "z zz zzz", guess).endswith("\ta guess: no word is known (z, zz, zzz)")
    assert plain(reader, "z zz zzz", guess)["guess"] is True


def test_tags_stand_beside_their_words() -> None:
    tagged = [YES, NO]
    assert line(run(Sentences()), "light on", tagged) == "light/yes on/no"
    steps = plain(run(Sentences()), "light on", tagged)["steps"]
    assert [(step["word"], step["label"]) for step in steps] == [("light", "yes"), ("on", "no")]


def test_answers_are_saved_by_the_name_of_the_file(tmp_path: Path) -> None:
    items, answers = ["one", "two"], [YES, NO]
    save(run(Sentences()), items, answers, tmp_path / "sub" / "a.txt")
    assert (tmp_path / "sub" / "a.txt").read_text() == "yes\t0.750\tone\nno\t0.900\ttwo\n"
    save(run(Sentences()), items, answers, tmp_path / "a.jsonl")
    assert [json.loads(row)["label"] for row in (tmp_path / "a.jsonl").read_text().splitlines()] == ["yes", "no"]
    save(run(Sentences()), items, answers, tmp_path / "a.csv")
    assert list(csv.reader((tmp_path / "a.csv").read_text().splitlines())) == [
        ["input", "label", "probability"],
        ["one", "yes", "0.75"],
        ["two", "no", "0.9"],
    ]
    with pytest.raises(ValueError, match=r"\.txt, \.jsonl, \.csv, \.mid, got 'a\.doc'"):
        save(run(Sentences()), items, answers, tmp_path / "a.doc")


def test_columns_of_a_table_are_named_after_what_is_predicted(tmp_path: Path) -> None:
    save(run(Sentences(), ("amount +1", "amount +2")), ["sales.csv"], [[1.0, 2.0]], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "amount +1,amount +2\n1.0,2.0\n"
    save(run(Sentences()), ["light on"], [[YES, NO]], tmp_path / "tags.csv")
    assert (tmp_path / "tags.csv").read_text() == "word,label\nlight,yes\non,no\n"


def test_music_goes_to_midi_files(tmp_path: Path) -> None:
    save(run(StartNotes()), ["C4", "D4"], ["60 hold 62", "62"], tmp_path / "tune.mid")
    (voice,) = read_midi(tmp_path / "tune.mid", steps_per_beat=2).voices
    assert [(note.pitch, note.start, note.duration) for note in voice] == [(60, 0, 2), (62, 2, 1)]
    assert (tmp_path / "tune-2.mid").exists()
    with pytest.raises(ValueError, match="only a model of music writes MIDI files"):
        save(run(Sentences()), ["x"], ["60"], tmp_path / "tune.mid")


def test_notes_that_sound_next_have_names_everywhere_and_their_pitches_in_midi_files(tmp_path: Path) -> None:
    spec = DataSpec("values", 88, 88, answers=key_names(), raw=PianoRoll(steps_per_beat=4).recipe())
    output = torch.full((3, 5, 88), -9.0)
    output[0, 4, [60 - LOWEST, 64 - LOWEST]] = 9.0  # of the second row the last steps are padding
    output[1, 1, [70 - LOWEST]] = 9.0
    said = Notes(spec).answers(output, valid_steps(torch.tensor([5, 2, 5]), 5))
    assert said == ["C4 E4", "A#4", ""]

    items, piano = ["C4 | D4", "A#4", "C4"], run(PianoRoll(steps_per_beat=4), spec.answers)
    assert [line(piano, item, answer) for item, answer in zip(items, said, strict=True)] == said
    assert plain(piano, items[0], said[0]) == {"input": "C4 | D4", "text": "C4 E4"}
    save(piano, items, said, tmp_path / "next.csv")
    assert (tmp_path / "next.csv").read_text() == "input,text\nC4 | D4,C4 E4\nA#4,A#4\nC4,\n"
    save(piano, items, said, tmp_path / "next.mid")
    for name, pitches in (("next", [60, 64]), ("next-2", [70])):
        notes = read_midi(tmp_path / f"{name}.mid", steps_per_beat=4).notes
        assert notes == [Note(pitch, 0, 1) for pitch in pitches]
    assert not any(message.type == "note_on" for message in mido.MidiFile(tmp_path / "next-3.mid"))
