"""What a checkpoint may name: classes of seqmodels, each where its kind belongs, and what a person trusts."""

import builtins
import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import seqmodels
from seqmodels import data, kinds
from seqmodels.cells import LSTMCell
from seqmodels.cli import main
from seqmodels.data.raw import RawInput
from seqmodels.kinds import AnyName, Kind, ListedNames
from seqmodels.train import CONFIGS
from tests import own_classes
from tests.checkpoint_files import state_of, write

KINDS = {name: kind for name, kind in vars(kinds).items() if isinstance(kind, Kind)}
OWN = "tests.own_classes"


def targets(node: Any) -> set[str]:
    """All that a config names."""
    if isinstance(node, dict):
        return (
            {node["_target_"]}
            if "_target_" in node and len(node) == 1
            else {
                *([node["_target_"]] if "_target_" in node else []),
                *(name for value in node.values() for name in targets(value)),
            }
        )
    return {name for item in node for name in targets(item)} if isinstance(node, list) else set()


def test_all_that_the_shipped_recipes_name_is_listed() -> None:
    read = [yaml.safe_load(path.read_text()) for path in (CONFIGS / "task").glob("*.yaml")]
    named = targets([config.get("task") for config in read])
    for group in ("model", "model/init", "task/pooling", "task/attention"):
        named |= targets([yaml.safe_load(path.read_text()) for path in (CONFIGS / group).glob("*.yaml")])
    assert len(named) > 25
    for name in named:
        (kind,) = [each for each in KINDS.values() if each.fits(ListedNames().look_up(name, each))]
        assert ListedNames().find(name, kind).__module__.startswith(("seqmodels.", "torchmetrics.text."))


def test_all_readers_of_raw_input_are_listed() -> None:
    for module in pkgutil.walk_packages(data.__path__, "seqmodels.data."):
        importlib.import_module(module.name)
    found, waiting = set(), [RawInput]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.startswith("seqmodels.") and not inspect.isabstract(each):
                found.add(f"{each.__module__}.{each.__qualname__}")
    assert sorted(found) == [*kinds.READERS]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("seqmodels.cells.Cell", "CELL"),
        ("seqmodels.cells.LSTMState", "CELL"),
        ("seqmodels.cells.base.math", "CELL"),
        ("seqmodels.LSTM", "CELL"),
        ("seqmodels.benchmark.user_cells.LayerNormLSTMCell", "CELL"),
        ("torch.nn.LSTMCell", "CELL"),
        ("seqmodels.cells.init.torch", "INITIALISATION"),
        ("seqmodels.cells.init.Cell", "INITIALISATION"),
        ("seqmodels.mappings.schedules.constant", "TEACHER_FORCING"),
        ("seqmodels.mappings.teacher_forcing.math", "TEACHER_FORCING"),
        ("seqmodels.objectives.text_metrics._check_pairs", "INITIALISATION"),
        ("seqmodels.objectives.text_metrics.SacreBLEUScore", "METRIC"),
        ("seqmodels.objectives.classification.ClassF1", "METRIC"),
        ("torchmetrics.text.BLEUScore", "METRIC"),
        ("seqmodels.layers.attention.General", "POOLING"),
        ("seqmodels.layers.pooling.Attention", "ATTENTION"),
        ("seqmodels.data.LabelledTextData", "RAW_INPUT"),
        ("seqmodels.load", "CELL"),
        ("sys.modules", "CELL"),
        ("seqmodels..cells.LSTMCell", "CELL"),
        ("LSTMCell", "CELL"),
        ("", "CELL"),
    ],
)
def test_what_is_not_listed(name: str, kind: str) -> None:
    with pytest.raises(ValueError, match=r" is no .* that seqmodels knows"):
        ListedNames().find(name, KINDS[kind])


def test_a_name_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    monkeypatch.setattr(importlib, "import_module", imported.append)
    monkeypatch.setattr(builtins, "__import__", lambda name, *_: imported.append(name))
    with pytest.raises(ValueError, match="is no cell"):
        ListedNames().find("antigravity.fly", KINDS["CELL"])
    with pytest.raises(ValueError, match="is no cell"):
        ListedNames().find("seqmodels.benchmark.lax_scan.anything", KINDS["CELL"])
    assert imported == []


@pytest.mark.parametrize(
    "trusted",
    [own_classes.SlowCell, own_classes, OWN, "tests"],
    ids=["class", "module", "name of a module", "name of a package"],
)
def test_what_a_person_trusts(trusted: Any) -> None:
    names = ListedNames([trusted])
    assert names.find(f"{OWN}.SlowCell", KINDS["CELL"]) is own_classes.SlowCell
    assert names.find("seqmodels.cells.LSTMCell", KINDS["CELL"]) is LSTMCell
    for name, kind in ((f"{OWN}.SlowCell", "OBJECTIVE"), (f"{OWN}.Popen", "CELL"), (f"{OWN}.calls", "CELL")):
        with pytest.raises(ValueError, match=" is no "):
            names.find(name, KINDS[kind])


def test_functions_are_trusted_by_themselves_or_with_their_module() -> None:
    kind = KINDS["INITIALISATION"]
    assert ListedNames([own_classes.start]).find(f"{OWN}.start", kind) is own_classes.start
    assert ListedNames([OWN]).find(f"{OWN}.start", kind) is own_classes.start
    for trusted in ((), [own_classes.SlowCell]):
        with pytest.raises(ValueError, match="is no initialisation"):
            ListedNames(trusted).find(f"{OWN}.start", kind)
    with pytest.raises(ValueError, match="is no initialisation"):
        ListedNames([OWN]).find(f"{OWN}.marked", kind)


def test_one_name_is_taken_for_one() -> None:
    assert ListedNames(OWN).find(f"{OWN}.SlowCell", KINDS["CELL"]) is own_classes.SlowCell


def test_what_cannot_be_trusted() -> None:
    with pytest.raises(ValueError, match=r"cannot import 'tests\.no_such_module', which is to be trusted"):
        ListedNames(["tests.no_such_module"])


def test_what_a_person_types_is_imported() -> None:
    assert AnyName().find(f"{OWN}.SlowCell", KINDS["CELL"]) is own_classes.SlowCell
    with pytest.raises(ValueError, match=r"'tests.own_classes.Sharper' is no cell$"):
        AnyName().find(f"{OWN}.Sharper", KINDS["CELL"])
    with pytest.raises(ValueError, match=r"there is no 'tests.own_classes.FastCell'"):
        AnyName().find(f"{OWN}.FastCell", KINDS["CELL"])


def own_run(path: Path) -> Path:
    """A trained model with classes of one's own in three places."""
    state = state_of("sentiment")
    saved = state["seqmodels"]
    saved["recipe"]["model"]["cell"] |= {"_target_": f"{OWN}.SlowCell", "slowness": 2, "bias": True}
    saved["recipe"]["model"]["init"] = {"_target_": f"{OWN}.start", "_partial_": True, "value": 1.0}
    saved["spec"]["raw"]["_target_"] = f"{OWN}.LouderWords"
    return write(state, path)


def test_a_run_with_own_classes_is_loaded_by_naming_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = own_run(tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match=rf"a\.ckpt: .*'{OWN}\.\w+' is no .*trust your own by"):
        seqmodels.load(path)
    for trusted in ([own_classes.SlowCell], [own_classes.SlowCell, own_classes.start]):
        with pytest.raises(ValueError, match=rf"'{OWN}\.\w+' is no "):
            seqmodels.load(path, trusted=trusted)
    run = seqmodels.load(path, trusted=[OWN])
    assert isinstance(run.raw, own_classes.LouderWords)
    (cell,) = [module for module in run.mapping.modules() if isinstance(module, LSTMCell)]
    assert isinstance(cell, own_classes.SlowCell)
    assert cell.slowness == 2
    (answer,) = run.predict("a good film")

    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        main(["predict", str(path), "a good film"])
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "a.ckpt" in line
    main(["predict", str(path), "a good film", "--trust", OWN])
    assert capsys.readouterr().out.startswith(f"{answer.label}\t{answer.probability:.3f}\ta good film")


def test_trusted_classes_do_not_let_functions_be_called(tmp_path: Path) -> None:
    own_classes.calls.clear()
    mark = {"_target_": f"{OWN}.leave_a_mark"}
    for place, value in (
        ("objective", {"_target_": f"{OWN}.Sharper", "_partial_": True, "sharpen": mark}),
        ("objective", {"_target_": f"{OWN}.Sharper", "_partial_": True, "sharpen": {**mark, "_partial_": True}}),
        ("objective", {"_target_": f"{OWN}.leave_a_mark", "_partial_": True}),
        ("pooling", mark),
    ):
        state = state_of("sentiment")
        state["seqmodels"]["recipe"]["task"][place] = value
        with pytest.raises(ValueError, match=r"a\.ckpt: task\."):
            seqmodels.load(write(state, tmp_path / "a.ckpt"), trusted=[OWN])
    assert own_classes.calls == []
