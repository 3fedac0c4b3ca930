"""A trained model reads a sound file as its data set was read."""

from functools import partial
from pathlib import Path

import pytest
import torch

from seqmodels.cells import GRUCell
from seqmodels.data import LabelledAudioData, TranscribedAudioData
from seqmodels.data.audio.formats import by_kind
from seqmodels.data.audio.recordings import RecordedData
from seqmodels.data.audio.sound import LogMel
from seqmodels.layers import ValueEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.layers.pooling import Max
from seqmodels.mappings import ManyToMany, ManyToOne, SequenceMapping
from seqmodels.objectives import CTC, Classification
from seqmodels.runs import Run
from tests.sound_files import folder, tone, write

MEL = LogMel(sample_rate=8000, num_mels=20, stack=2)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))


def model(data: RecordedData) -> SequenceMapping:
    data.setup()
    embedding, layers = ValueEmbedding(data.spec.input_size), recurrent_stack(GRUCell, data.spec.input_size, 8)
    if data.spec.classes:
        head = Head(layers.output_size, data.spec.output_size, pooling=Max(layers))
        return ManyToOne(embedding, layers, head, Classification(data.spec))
    return ManyToMany(embedding, layers, Head(layers.output_size, data.spec.output_size), CTC(data.spec))


def test_a_class(tmp_path: Path) -> None:
    mapping = model(LabelledAudioData(path=folder(tmp_path / "a"), features=MEL))
    stereo = write(tmp_path / "b.flac", torch.tensor(tone(rate=16000)).unsqueeze(1).expand(-1, 2).numpy(), rate=16000)
    run = Run(mapping)
    for path in (tmp_path / "a" / "low" / "3.wav", stereo):
        steps = MEL.read(path).unsqueeze(0)
        with torch.no_grad():
            wanted = mapping(steps, torch.tensor([steps.shape[1]])).softmax(-1)[0]
        (answer,) = run.predict(str(path))
        assert list(answer.probabilities) == ["high", "low"]
        assert list(answer.probabilities.values()) == pytest.approx(wanted.tolist(), abs=1e-6)
    assert len(run.predict([stereo, stereo])) == 2


def test_a_text(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", tone())
    (tmp_path / "t.csv").write_text("path,text\n" + "a.wav,on off\n" * 20)
    format = partial(by_kind, text="text")
    mapping = model(TranscribedAudioData(path=tmp_path / "t.csv", format=format, features=MEL, unit="words"))
    (answer,) = Run(mapping).predict(tmp_path / "a.wav")
    assert isinstance(answer, str)
    assert set(answer.split()) <= {"on", "off", "<unk>", "<end>"}


def test_no_sound_is_one_line(tmp_path: Path) -> None:
    run = Run(model(LabelledAudioData(path=folder(tmp_path / "a"), features=MEL)))
    (tmp_path / "b.wav").write_bytes(b"")
    with pytest.raises(ValueError, match=r"b\.wav: the file is empty \(0 bytes\)"):
        run.predict(str(tmp_path / "b.wav"))
