"""`seqmodels test`: a finished run is tested again on the data that its config names."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from seqmodels.checkpoints import AtomicCheckpointIO, read_checkpoint
from seqmodels.cli import main
from seqmodels.evaluation import evaluate
from tests.train.conftest import Train

SINE = ("task=sine", "model=rnn", "model.hidden_size=8", "trainer.max_epochs=1", "callbacks.progress=null")


def test_a_run_is_tested_again(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(*SINE)
    reported = json.loads((run / "metrics.json").read_text())
    capsys.readouterr()
    main(["test", str(run)])
    measured = json.loads(capsys.readouterr().out)
    assert measured.keys() == {"test/loss", "test/mse", "test/mae", "test/r2"}
    assert measured == pytest.approx({name: reported[name] for name in measured}, rel=1e-5)

    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"]["window"] = 20
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(ValueError, match=r"the data that .*config\.yaml names is not what the run was trained on"):
        evaluate(run)
    (run / "config.yaml").write_text("seed: 1\n")
    with pytest.raises(ValueError, match=r"config\.yaml: expected the key data"):
        evaluate(run)
    (run / "config.yaml").unlink()
    with pytest.raises(SystemExit) as exit_:
        main(["test", str(run)])
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "config.yaml" in line


def test_own_classes_are_trusted_for_a_test(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(*SINE)
    best = run / "checkpoints" / "best.ckpt"
    state = read_checkpoint(best)
    (tmp_path / "own_cells.py").write_text("from seqmodels.cells import RNNCell\n\nclass Mine(RNNCell):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    state["seqmodels"]["recipe"]["model"]["cell"]["_target_"] = "own_cells.Mine"
    AtomicCheckpointIO().save_checkpoint(state, best)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["test", str(run)])
    assert "'own_cells.Mine' is no cell" in capsys.readouterr().err
    assert "own_cells" not in sys.modules
    main(["test", str(run), "--trust", "own_cells"])
    assert "test/loss" in json.loads(capsys.readouterr().out)
