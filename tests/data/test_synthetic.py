"""Problems that are made up."""

import json
from functools import partial

import pytest
import torch

from seqmodels.assembly import instantiate
from seqmodels.data import SyntheticData
from seqmodels.data.base import SPLITS
from seqmodels.data.generated.adding import adding
from seqmodels.data.synthetic import Numbers


def made(steps: int = 30, seed: int = 0) -> SyntheticData:
    data = SyntheticData(generate=partial(adding, steps=steps, count=8000), batch_size=32, seed=seed)
    data.setup()
    return data


def test_the_answer_is_the_sum_of_the_marked_numbers() -> None:
    data = made()
    assert [len(data.examples[split]) for split in SPLITS] == [6000, 1000, 1000]  # type: ignore[arg-type]
    for batch in data.train_dataloader():
        numbers, marks = batch.inputs.unbind(-1)
        assert torch.equal(marks.sum(1), torch.full((len(marks),), 2.0))
        assert torch.equal(marks[:, :15].sum(1), torch.ones(len(marks)))
        assert bool(((numbers >= 0) & (numbers < 1)).all())
        answers = batch.targets * data.spec.std[0] + data.spec.mean[0]
        torch.testing.assert_close(answers[:, 0], (numbers * marks).sum(1))


def test_the_baseline_is_the_variance_of_the_sum() -> None:
    baseline = made().baseline()
    assert baseline["mse"] == pytest.approx(1 / 6, rel=0.1)
    assert baseline["mae"] == pytest.approx(1 / 3, rel=0.05)


def test_the_seed_decides() -> None:
    first, again, other = (next(iter(made(seed=seed).val_dataloader())).inputs for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_two_numbers_need_two_steps() -> None:
    assert next(iter(made(steps=2).val_dataloader())).inputs[:, :, 1].all()
    with pytest.raises(ValueError, match=r"^two numbers to add need at least 2 steps, got 1$"):
        made(steps=1)


def test_the_description_says_what_is_asked_for() -> None:
    assert made().describe() == {
        "data": "adding (generated)",
        "rows": "6,000 train, 1,000 val, 1,000 test",
        "steps": "30",
        "prediction": "the sum of the two marked numbers",
    }


def test_a_trained_model_reads_lists_of_numbers() -> None:
    raw = instantiate(made().spec.raw)
    steps = [[0.5, 1.0], [0.25, 0.0]]
    assert raw.read(steps).tolist() == raw.read(json.dumps(steps)).tolist() == steps


@pytest.mark.parametrize("wrong", ["0.5 1", "[0.5, 1]", "[]", "[[1, 2, 3]]", '[["a", 1]]', "[[NaN, 1]]", [[1], [2, 3]]])
def test_what_is_no_list_of_steps_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"^expected steps of 2 (finite )?numbers each, got "):
        Numbers(2).read(wrong)
