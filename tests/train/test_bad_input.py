import re
from pathlib import Path

import pytest
import torch

import seqmodels
from seqmodels.checkpoints import AtomicCheckpointIO
from seqmodels.cli import main
from tests.train.conftest import Train


def one_line(train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path, *arguments: str) -> str:
    """The only line that a failing command writes; checks exit code 2 and that no run folder is left."""
    with pytest.raises(SystemExit) as exit_:
        train(*arguments)
    captured = capfd.readouterr()
    assert exit_.value.code == 2
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert not (tmp_path / "run").exists()
    return line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model=lstn"], r"no model 'lstn': choose from gru, gru_cho, lstm, min_gru, rnn$"),
        (["task=sentimental"], r"no task 'sentimental': choose from .*char_lm.*sentiment.*sine"),
        (["model.hiden_size=3"], r"no key 'model.hiden_size': .*hidden_size"),
        (["lr=0.1"], r"no key 'lr': did you mean optimizer.lr"),
        (["learning_rate=0.1"], r"no key 'learning_rate': did you mean optimizer.lr"),
        (["epochs=1"], r"no key 'epochs': did you mean trainer.max_epochs"),
        (["trainer.limit_train_batch=3"], r"did you mean trainer.limit_train_batches"),
        (["trainer.limit_train_batches=few"], r"trainer.limit_train_batches: expected a number or null, got 'few'"),
        (["modle=lstm"], r"no key 'modle': .*model"),
        (["trainer.max_epoch=3"], r"no key 'trainer.max_epoch': .*max_epochs"),
        (["model.hidden_size=[8,4]", "model.num_layers=3"], r"num_layers=3 contradicts hidden_size=\[8, 4\]"),
        (["model.engine=fast"], r"model\.engine: expected .*, got 'fast'$"),
        (["task=sine", "data.path=nowhere.csv"], r"nowhere\.csv"),
        (["task=sentiment", "data.path=nowhere.csv"], r"nowhere\.csv"),
        (["task=char_lm", "data.path=nowhere.txt"], r"nowhere\.txt"),
    ],
)
def test_what_is_wrong_with_the_command(
    train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert re.search(message, one_line(train, capfd, tmp_path, *arguments))


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        ("day,price\n1,2\n", "cost", r"cost.*day, price"),
        ("day,price\n" + "1,2\n" * 300 + "2,dear\n", "price", r"302.*'dear'"),
        ("day,price\n" + "1,2\n" * 300 + "2,nan\n", "price", r"302.*nan"),
        ("day,price\n" + "1,2\n" * 300 + "2\n", "price", r"302"),
        ("", "price", r"0 rows"),
    ],
)
def test_what_is_wrong_with_a_series(
    train: Train,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    content: str,
    column: str,
    message: str,
) -> None:
    (tmp_path / "bad.csv").write_text(content)
    line = one_line(train, capfd, tmp_path, "task=sine", "data.path=bad.csv", f"data.column={column}")
    assert re.search(message, line)
    assert "bad.csv" in line


def test_an_empty_text(train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    assert "empty.txt" in one_line(train, capfd, tmp_path, "task=char_lm", "data.path=empty.txt")


def test_a_label_seen_only_in_the_test_file(train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = "text,label\n" + "".join(f"good {i},yes\nbad {i},no\n" for i in range(20))
    (tmp_path / "train.csv").write_text(rows)
    (tmp_path / "test.csv").write_text(rows + "so so,perhaps\n")
    line = one_line(train, capfd, tmp_path, "task=sentiment", "data.path={train: train.csv, test: test.csv}")
    assert "perhaps" in line
    assert "test.csv" in line


@pytest.mark.parametrize("damage", ["truncated", "foreign", "missing"])
def test_a_checkpoint_that_cannot_be_used(
    train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path, damage: str
) -> None:
    run = train("task=sine", "model.hidden_size=4", "trainer.max_epochs=1", "callbacks.progress=null")
    capfd.readouterr()
    best, last = run / "checkpoints" / "best.ckpt", run / "checkpoints" / "last.ckpt"
    for path in (best, last):
        content = path.read_bytes()
        path.unlink()
        if damage == "truncated":
            path.write_bytes(content[: len(content) // 2])
        elif damage == "foreign":
            torch.save({"state_dict": {}}, path)
    with pytest.raises(FileNotFoundError if damage == "missing" else ValueError, match=r"best\.ckpt"):
        seqmodels.load(run)
    with pytest.raises(SystemExit) as exit_:
        main(["predict", str(run), "1", "2"])
    assert exit_.value.code == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "best.ckpt" in line
    if damage != "missing":
        with pytest.raises(SystemExit) as exit_:
            train("task=sine", "model.hidden_size=4", "resume=true", "callbacks.progress=null")
        assert exit_.value.code == 2
        (line,) = capfd.readouterr().err.splitlines()
        assert "last.ckpt" in line


def test_a_checkpoint_may_not_choose_what_is_called(train: Train) -> None:
    run = train("task=sine", "model.hidden_size=4", "trainer.max_epochs=1", "callbacks.progress=null")
    path = run / "checkpoints" / "best.ckpt"
    state = torch.load(path, weights_only=True)
    state["seqmodels"]["recipe"]["model"]["cell"]["_target_"] = "os.system"
    AtomicCheckpointIO().save_checkpoint(state, path)
    with pytest.raises(ValueError, match=r"best\.ckpt: model\.cell: 'os.system' is no cell that seqmodels knows"):
        seqmodels.load(run)
