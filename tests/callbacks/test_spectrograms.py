"""The figure shows recordings from all over a split, with what was predicted and what is true."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from seqmodels.callbacks import Spectrograms
from seqmodels.callbacks.griffin_lim import audible
from seqmodels.callbacks.spectrograms import RIGHT, WRONG, Heard, draw_spectrograms
from seqmodels.cells import GRUCell
from seqmodels.data import LabelledAudioData
from seqmodels.data.audio.sound import LogMel
from seqmodels.data.generated.sounds import sounds
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.layers import ValueEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.layers.pooling import Last
from seqmodels.mappings import ManyToOne
from seqmodels.objectives import Classification, Generation
from seqmodels.types import Batch, DataSpec
from tests.callbacks import tiny

MEL = LogMel(sample_rate=8000, num_mels=4, stack=2)
SPEC = DataSpec("values", 8, 2, classes=("low", "high"), raw=MEL.recipe())


def batch(number: int, rows: int = 1) -> Batch:
    """Each value is the number of the batch; rows of three steps, padded to five."""
    inputs = torch.full((rows, 5, 8), float(number))
    return Batch(inputs, torch.ones(rows, dtype=torch.long), torch.full((rows,), 3))


def looked(num_examples: int, num_batches: int) -> list[int]:
    view, objective = Spectrograms(num_examples), Classification(SPEC)
    view.begin(objective)
    for number in range(1, num_batches + 1):
        view.look(objective, batch(number), torch.tensor([[0.0, 1.0]]), torch.ones(1, dtype=torch.bool))
    assert all(heard.steps.shape == (3, 8) for heard in view.heard)
    assert all(heard.predicted == heard.actual == "high" for heard in view.heard)
    return [int(heard.steps[0, 0]) for heard in view.heard]


@pytest.mark.parametrize(
    ("num_batches", "kept"), [(1, [1]), (3, [1, 2, 3]), (4, [2, 4]), (9, [4, 8]), (12, [4, 8, 12])]
)
def test_rows_from_all_over_the_split_are_kept(num_batches: int, kept: list[int]) -> None:
    assert looked(2, num_batches) == kept


def test_the_answer_is_that_of_the_row_shown() -> None:
    view, objective = Spectrograms(), Classification(SPEC)
    view.begin(objective)
    rows = batch(1, rows=3)._replace(targets=torch.tensor([0, 1, 0]))
    view.look(objective, rows, torch.tensor([[9.0, 0], [8.0, 0], [0, 9.0]]), torch.ones(3, dtype=torch.bool))
    assert view.heard[0][1:] == ("low", "high")


def test_texts_are_shown_as_they_are() -> None:
    words = Vocabulary.words(["one two"], marks=True)
    spec = replace(SPEC, classes=(), output_size=len(words), target_vocabulary=words.to_json())
    view, objective = Spectrograms(), Generation(spec, metrics={})
    view.begin(objective)
    one, two, end = *words.encode("one two"), words.end_index
    targets = torch.tensor([[one, two, end]])
    view.look(objective, batch(1)._replace(targets=targets), torch.tensor([[two, end]]), targets != 0)
    assert view.heard[0][1:] == ("two", "one two")


def test_a_panel_has_seconds_hertz_and_answers() -> None:
    steps = torch.linspace(-2, 2, 40).reshape(5, 8)
    heard = [Heard(steps, "low", "low"), Heard(steps[:3], "low", "hi gh"), Heard(steps, "x" * 99, "y" * 99)]
    panels = draw_spectrograms(heard, MEL).axes[:3]
    assert [panel.get_title(loc="left") for panel in panels[:2]] == ["1: low", "2: hi gh\npredicted: low"]
    assert max(map(len, panels[2].get_title(loc="left").split("\n"))) <= 81
    assert [panel._left_title.get_color() for panel in panels] == [RIGHT, WRONG, WRONG]
    assert [panel.images[0].get_extent()[1] for panel in panels] == pytest.approx([0.1, 0.06, 0.1])
    assert panels[2].get_xlabel() == "seconds"
    assert panels[0].get_yticklabels()[-1].get_text() == "2,466"
    picture = panels[0].images[0].get_array()
    assert torch.equal(torch.tensor(picture.data), steps.reshape(10, 4).T)
    assert to_hex(RIGHT) == RIGHT


def test_spectrograms_are_in_the_run(tmp_path: Path) -> None:
    features = LogMel(sample_rate=8000)
    data = LabelledAudioData(path=None, generate=partial(sounds, count=90), features=features, batch_size=2)
    data.setup()
    layers = recurrent_stack(GRUCell, data.spec.input_size, 4)
    head = Head(layers.output_size, data.spec.output_size, pooling=Last(layers))
    objective, optimizer = Classification(data.spec), partial(torch.optim.Adam, lr=0.01)
    mapping = ManyToOne(ValueEmbedding(data.spec.input_size), layers, head, objective, optimizer)  # type: ignore[arg-type]
    trainer = tiny.trainer(tmp_path, [Spectrograms()], max_epochs=1)
    trainer.fit(mapping, data)
    trainer.test(mapping, data, verbose=False)
    events = tiny.events(tmp_path)
    assert set(events.Tags()["images"]) == {"spectrogram/val", "spectrogram/test"}
    sounds_heard = {f"spectrogram/{split}/{number}" for split in ("val", "test") for number in range(1, 5)}
    assert set(events.Tags()["audio"]) == sounds_heard
    assert {events.Audio(tag)[0].sample_rate for tag in sounds_heard} == {8000}


def test_what_is_heard_sounds_in_the_bands_of_the_recording() -> None:
    features = LogMel(sample_rate=8000, stack=2)
    time = np.arange(4000) / 8000
    steps = features.read(np.sin(2 * np.pi * np.where(time < 0.25, 400, 2500) * time))
    state = np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]
    wave = audible(steps, features)
    assert np.random.get_state()[1].tolist() == state  # type: ignore[index, union-attr]
    assert torch.equal(wave, audible(steps, features))
    assert wave.abs().max().item() == pytest.approx(0.9)
    again = features.read(wave[0].numpy())
    assert torch.equal(again[3:9, :40].argmax(1), steps[3:9, :40].argmax(1))
    assert torch.equal(again[15:22, :40].argmax(1), steps[15:22, :40].argmax(1))


def test_silence_is_silent() -> None:
    features = LogMel(sample_rate=8000)
    assert not audible(features.read(np.zeros(4000)), features).any()


def test_other_inputs_show_nothing(tmp_path: Path) -> None:
    data = tiny.series()
    tiny.trainer(tmp_path, [Spectrograms()], max_epochs=1).fit(tiny.model(data), data)
    assert tiny.events(tmp_path).Tags()["images"] == tiny.events(tmp_path).Tags()["audio"] == []


def test_no_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="num_examples must be at least 1, got 0"):
        Spectrograms(0)
