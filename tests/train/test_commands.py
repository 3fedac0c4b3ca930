"""`seqmodels predict` and `seqmodels generate`, from arguments, a file and standard input."""

import io
import json
import shutil
from pathlib import Path

import pytest

import seqmodels
from seqmodels.cli import main
from tests.train.conftest import Train

SHORT = ("model.hidden_size=8", "trainer.max_epochs=1", "~callbacks.progress", "+trainer.enable_progress_bar=false")


@pytest.fixture
def reviews(train: Train, tmp_path: Path) -> Path:
    rows = "".join(f"{word} film {i},{label}\n" for i in range(30) for word, label in (("good", "yes"), ("bad", "no")))
    (tmp_path / "mine.csv").write_text("text,label\n" + rows)
    return train("task=sentiment", "data.path=mine.csv", *SHORT)


def test_predict_texts(reviews: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    capsys.readouterr()
    texts = ["good film", "bad film"]
    main(["predict", str(reviews), *texts])
    shown = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    expected = seqmodels.load(reviews).predict(texts)
    assert shown == [[a.label, f"{a.probability:.3f}", text] for a, text in zip(expected, texts, strict=True)]

    file = reviews / "texts.txt"
    file.write_text("\n".join(texts))
    main(["predict", str(reviews), "--file", str(file), "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["input"] for line in lines] == texts
    assert lines[0]["probabilities"] == pytest.approx(expected[0].probabilities)

    monkeypatch.setattr("sys.stdin", io.StringIO("a good film\n\n"))
    main(["predict", str(reviews)])
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_predict_the_next_number(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    run = train("task=sine", "model=rnn", *SHORT)
    capsys.readouterr()
    main(["predict", str(run), "0.1", "0.2", "0.3"])
    assert float(capsys.readouterr().out) == pytest.approx(seqmodels.load(run).predict([0.1, 0.2, 0.3])[0])
    with pytest.raises(SystemExit) as exit_:
        main(["predict", str(run), "0.1", "plenty"])
    assert exit_.value.code == 2
    assert "'plenty'" in capsys.readouterr().err
    with pytest.raises(ValueError, match="finite"):
        seqmodels.load(run).predict([0.1, float("nan")])


def test_several_columns_are_predicted_together(train: Train, tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("a,b\n" + "".join(f"{i % 7},{i % 5}\n" for i in range(400)))
    run = seqmodels.load(train("task=sine", "model=rnn", "data.path=two.csv", "data.column=[a,b]", *SHORT))
    (answer,) = run.predict([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])
    assert len(answer) == 2
    assert run.spec.columns == ("a", "b")


def test_generate(train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.txt").write_text("the quick brown fox jumps over the lazy dog. " * 300)
    run = train("task=char_lm", "data.path=text.txt", *SHORT)
    capsys.readouterr()
    arguments = ["generate", str(run), "--prompt", "the ", "--length", "20", "--seed", "3"]
    main(arguments)
    main(arguments)
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("the ")
    assert len(first) == 24
    (answer,) = seqmodels.load(run).predict("the quick")
    assert sum(answer.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("arguments", [[], ["teach"]])
def test_no_such_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "command" in capsys.readouterr().err


def test_the_cache_is_shown_and_cleared(
    reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reviews.exists()
    capsys.readouterr()
    main(["cache"])
    shown = [line for line in capsys.readouterr().out.splitlines() if line.endswith(str(tmp_path / "mine.csv"))]
    assert len(shown) == 1
    folder = Path(shown[0].split()[2])
    assert folder.is_dir()

    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "own"))
    shutil.copytree(folder, tmp_path / "own" / "prepared" / folder.name)
    main(["cache", "--clear"])
    assert capsys.readouterr().out.startswith("nothing is prepared")
    assert not list((tmp_path / "own" / "prepared").iterdir())
    assert folder.is_dir()
