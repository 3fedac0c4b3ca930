"""Every YAML file composes, and what it names can be built."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from seqmodels.assembly import build_mapping, instantiate
from seqmodels.auto_values import Amount, chosen_by
from seqmodels.data import SequenceData
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.train import CONFIGS
from seqmodels.types import DataSpec
from tests.train.test_tasks import NEUTRAL

FILES = sorted(path.relative_to(CONFIGS) for path in CONFIGS.rglob("*.yaml") if not path.name.startswith("_"))
LETTERS = Vocabulary.listed("abcdef", marks=True)
DATA = sorted(path.stem for path in (CONFIGS / "data").glob("*.yaml"))
TEXT = LETTERS.to_json()
WRITTEN = {"output_size": len(LETTERS), "target_vocabulary": TEXT}
SPECS = {
    "Classification": DataSpec("tokens", 9, 2, padding_index=0, classes=("a", "b")),
    "EntityTagging": DataSpec("words", 10, 2, vocabulary=TEXT, characters=TEXT, classes=("I-PER", "O")),
    "Language": DataSpec("tokens", 9, 9, streams=True),
    "AdaptiveLanguage": DataSpec("tokens", 9, 9, streams=True),
    "Regression": DataSpec("values", 1, 1, mean=(0.0,), std=(1.0,)),
    "Notes": DataSpec("values", 88, 88),
    "CTC": DataSpec("values", 40, **WRITTEN),
    "Generation": DataSpec("images", 1, shape=(1, 8, 8), **WRITTEN),
}


@pytest.fixture
def plain() -> Iterator[Any]:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):

        def composed(*overrides: str) -> dict[str, Any]:
            config = compose("train", [*overrides, "run_dir=run"], return_hydra_config=False)
            values = OmegaConf.to_container(config, resolve=True)
            assert isinstance(values, dict)
            return {str(key): value for key, value in values.items()}

        yield composed


def override(path: Path) -> list[str]:
    group = path.parent.as_posix()
    # There must be something to look into, and for the dot score as many features on both sides.
    looking = ["task=translation", "model.bidirectional=false"] if group == "task/attention" else []
    return [] if group == "." else [*looking, f"{group}={path.stem}"]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_composes_and_everything_it_names_is_built(path: Path, plain: Any) -> None:
    config, _ = chosen_by(plain(*override(path)), Amount(rows=1000, length=20))
    objective = config["task"]["objective"]["_target_"].rpartition(".")[2]
    mapping = build_mapping(config, SPECS[objective])
    assert type(mapping.objective).__name__ == objective
    assert isinstance(instantiate(config["data"]), SequenceData)
    assert all(instantiate(callback) for callback in config["callbacks"].values())


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_says_what_it_is(path: Path) -> None:
    lines = [line for line in (CONFIGS / path).read_text().splitlines() if not line.startswith("# @package")]
    assert lines[0].startswith("# "), f"{path} should begin with a comment that says what it is"


def test_a_choice_on_the_command_line_wins_over_the_tasks_and_the_experiments(plain: Any) -> None:
    assert plain("task=sine")["data"]["_target_"].endswith("SeriesData")
    assert plain("task=char_lm", "data=tinyshakespeare")["data"]["path"]["name"] == "tinyshakespeare/input.txt"
    config = plain("experiment=sst2", "model=gru", "task/pooling=mean", "trainer.max_epochs=2")
    assert config["model"]["cell"]["_target_"].endswith("GRUCell")
    assert config["task"]["pooling"]["_target_"].endswith("Mean")
    assert config["trainer"]["max_epochs"] == 2
    assert plain("task=random_walk")["data"]["generate"]["_target_"].endswith("random_walk")


@pytest.mark.parametrize(("neutral", "example"), NEUTRAL.items())
def test_an_example_is_its_neutral_task(neutral: str, example: str, plain: Any) -> None:
    same, of_example = plain(f"task={neutral}"), plain(f"task={example}")
    for config in (same, of_example):  # An example may say what its embedded data need.
        del config["trainer"], config["callbacks"]["early_stopping"]
    assert same == of_example


@pytest.mark.parametrize("name", DATA)
def test_the_seed_of_a_run_is_not_that_of_its_data(name: str, plain: Any) -> None:
    assert plain(f"data={name}", "seed=2")["data"].get("seed") != 2


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "experiment"], ids=str)
def test_an_experiment_says_all_its_values(path: Path, plain: Any) -> None:
    config = plain(*override(path))
    assert chosen_by(config, Amount(rows=1000, length=20)) == (config, "")
