"""What is seen and heard of music."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection

from seqmodels.assembly import build_mapping
from seqmodels.callbacks import Melodies, PianoRolls
from seqmodels.callbacks.melodies import draw_pieces
from seqmodels.callbacks.piano_rolls import draw_foreseen, draw_roll
from seqmodels.callbacks.sound import RATE, sound_of
from seqmodels.data import MelodyData, PianoRollData
from seqmodels.data.generated.tunes import melodies, progressions
from seqmodels.data.music.notes import Note, roll_of
from seqmodels.mappings import OneToMany, SequenceMapping
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


def model(data: Any, **task: Any) -> SequenceMapping:
    torch.manual_seed(0)
    model = {
        "cell": {"_target_": "seqmodels.cells.GRUCell", "_partial_": True},
        "hidden_size": 8,
        "embedding_size": 4,
        "embedding_dropout": 0.0,
        "head_dropout": 0.0,
    }
    adam = {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.01}
    return build_mapping({"model": model, "task": task, "optimizer": adam}, data.spec)


def chords() -> tuple[PianoRollData, SequenceMapping]:
    data = PianoRollData(generate=partial(progressions, count=10), batch_size=4)
    data.setup()
    named = {name: {"_target_": f"seqmodels.{path}", "_partial_": True} for name, path in CHORDS.items()}
    return data, model(data, **named)


CHORDS = {"mapping": "mappings.ManyToMany", "objective": "objectives.Notes"}
TUNES = {
    "mapping": {"_target_": "seqmodels.mappings.OneToMany", "_partial_": True, "max_length": 5},
    "objective": {"_target_": "seqmodels.objectives.Generation", "_partial_": True, "metrics": {}},
    "decoder": {"input_feeding": False},
}


def tunes() -> tuple[MelodyData, SequenceMapping]:
    data = MelodyData(generate=partial(melodies, count=10), batch_size=4)
    data.setup()
    return data, model(data, **TUNES)


def run(path: Path, data: Any, mapping: SequenceMapping, view: Any) -> dict[str, Any]:
    trainer = tiny.trainer(path, [view], max_epochs=1)
    trainer.fit(mapping, data)
    trainer.test(mapping, data, verbose=False)
    return tiny.events(path).Tags()


def test_rolls_and_music_are_in_the_run(tmp_path: Path) -> None:
    tags = run(tmp_path, *chords(), PianoRolls(length=8))
    assert set(tags["images"]) == {"rolls/val", "rolls/test", "music/val", "music/test"}
    assert set(tags["audio"]) == {"music/val", "music/test"}


def test_melodies_are_in_the_run(tmp_path: Path) -> None:
    tags = run(tmp_path, *tunes(), Melodies(("C4", "F#4"), longest=12))
    assert set(tags["images"]) == {"music/val", "music/test"}
    assert set(tags["audio"]) == {f"music/{split}/{start}" for split in ("val", "test") for start in ("C4", "F sharp4")}


def test_the_same_chords_are_made_up_again_by_the_same_model() -> None:
    _, mapping = chords()
    view = PianoRolls(length=6, prompt="C4 E4")
    first, again = (view.improvise(mapping) for _ in range(2))  # type: ignore[arg-type]
    assert first.shape == (7, 88)
    assert torch.equal(first, again)
    assert torch.equal(first[0], torch.from_numpy(roll_of([(60, 64)]))[0].float())


def test_melodies_are_of_listed_entries_and_of_bounded_length() -> None:
    _, mapping = tunes()
    assert isinstance(mapping, OneToMany)
    view = Melodies(("C4", "D4", "E4"), longest=9)
    mapping.eval()
    first, again = (view.write(mapping) for _ in range(2))
    assert first == again
    assert len(first) == 3
    assert max(note.start + note.duration for piece in first for voice in piece for note in voice) <= 9


def test_looking_changes_nothing(tmp_path: Path) -> None:
    def weights(name: str, views: list[Any]) -> torch.Tensor:
        data, mapping = chords()
        tiny.trainer(tmp_path / name, views, max_epochs=1).fit(mapping, data)
        return torch.cat([parameter.detach().flatten() for parameter in mapping.parameters()])

    assert torch.equal(weights("seen", [PianoRolls(length=4)]), weights("unseen", []))


def test_what_came_and_what_was_foreseen_lie_on_the_same_keys() -> None:
    actual = torch.from_numpy(roll_of([(60, 64), (), (72,)])).float()
    figure = draw_foreseen(actual * 0.7, actual)
    above, below = figure.axes[:2]
    np.testing.assert_allclose(above.images[0].get_array(), 0.7 * actual.T)
    np.testing.assert_allclose(below.images[0].get_array(), actual.T)
    (dots,) = [each for each in above.collections if isinstance(each, PathCollection)]
    assert np.asarray(dots.get_offsets()).tolist() == [[0, 60], [0, 64], [2, 72]]
    assert [label.get_text() for label in above.get_yticklabels()] == ["C4", "C5"]
    assert above.get_ylim() == (56.5, 75.5)


def test_silence_can_be_drawn() -> None:
    assert draw_roll(torch.zeros(4, 88)).axes[0].get_ylim() == (47.5, 72.5)
    assert len(draw_pieces([[]], ["nothing"]).axes) == 1


def test_each_voice_has_its_colour_and_each_note_its_bar() -> None:
    figure = draw_pieces([[[Note(60, 0, 2), Note(62, 2, 1)], [Note(48, 0, 4)]]], ["C4"])
    bars = figure.axes[0].patches
    assert [(bar.get_x(), bar.get_y() + bar.get_height() / 2) for bar in bars] == [(0, 60), (2, 62), (0, 48)]
    assert len({bar.get_facecolor() for bar in bars}) == 2


def test_a_sound_has_the_pitch_and_the_length_of_its_notes() -> None:
    sound = sound_of([Note(69, 0, 4)], seconds_per_step=0.25)[0].numpy()
    assert len(sound) == round(1.05 * RATE)
    spectrum = np.abs(np.fft.rfft(sound))
    assert np.fft.rfftfreq(len(sound), 1 / RATE)[spectrum.argmax()] == pytest.approx(440, abs=1)
    assert np.abs(sound).max() == pytest.approx(0.9)
    assert np.abs(sound[-5:]).max() < 0.01


def test_a_sound_is_as_long_as_it_may_be_and_high_notes_do_not_fold_back() -> None:
    assert sound_of([Note(60, 0, 1000)], seconds_per_step=1.0, longest=2.0).shape == (1, round(2.05 * RATE))
    high = sound_of([Note(108, 0, 1)], seconds_per_step=1.0)[0].numpy()
    spectrum = np.abs(np.fft.rfft(high))
    frequencies = np.fft.rfftfreq(len(high), 1 / RATE)
    assert spectrum[frequencies < 3900].max() < 0.02 * spectrum.max()
    assert not sound_of([], seconds_per_step=1.0).any()
    with pytest.raises(ValueError, match="a step must last longer than 0 seconds, got 0"):
        sound_of([], seconds_per_step=0)
