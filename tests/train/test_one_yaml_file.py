"""A new classification data set in a known format takes one YAML file and no Python."""

import json
from pathlib import Path

import pytest

import seqmodels
from tests.train.conftest import Train

YAML = """
# Questions, by what they ask for.
_target_: seqmodels.data.LabelledTextData
path: {path}
columns: {{text: question, label: about}}
words: {{lowercase: true, max_length: 6}}
held_out: [0.1, 0.2]
on_error: skip
batch_size: 16
seed: 0
"""


def test_a_yaml_file_of_ones_own_is_a_data_set(train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
    rows = [
        f"{word} did number {i} come,{label}"
        for i in range(60)
        for word, label in (("when", "time"), ("where", "place"))
    ]
    (tmp_path / "questions.csv").write_text("question,about\n" + "\n".join(rows) + "\nno label,\n")
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "data" / "questions.yaml").write_text(YAML.format(path=tmp_path / "questions.csv"))
    run = train(
        f"--config-dir={tmp_path / 'mine'}",
        "task=sentiment",
        "data=questions",
        "model=gru",
        "model.hidden_size=16",
        "trainer.max_epochs=6",
        "optimizer.lr=0.02",
        "callbacks.progress=null",
    )
    report = json.loads((run / "metrics.json").read_text())
    assert report["test/accuracy"] == 1.0
    assert report["baseline"]["test/f1_time"] == 1.0
    model = seqmodels.load(run)
    assert [answer.label for answer in model.predict(["When was that?", "and where"])] == ["time", "place"]
    assert model.spec.raw["max_length"] == 6
    assert (run / "projector_config.pbtxt").exists()
