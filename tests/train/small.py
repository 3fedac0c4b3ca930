"""What cuts a training of the command line to a second or two."""

import inspect
import pkgutil

import yaml

from seqmodels.train import CONFIGS

BRIEF = (
    "trainer.max_epochs=1",
    "+trainer.limit_train_batches=2",
    "+trainer.limit_val_batches=1",
    "+trainer.limit_test_batches=1",
)
FEWER = {"count": "300", "sizes": "{train:200,val:50,test:50}"}


def small(task: str) -> list[str]:
    """Less of the generated data, where its generator can be told how much; short texts, where some are written."""
    read = yaml.safe_load((CONFIGS / "task" / f"{task}.yaml").read_text())
    chosen = read["defaults"]
    (data,) = [line["override /data"] for line in chosen if "override /data" in line]
    generate = yaml.safe_load((CONFIGS / "data" / f"{data}.yaml").read_text()).get("generate")
    told = inspect.signature(pkgutil.resolve_name(generate["_target_"])).parameters if generate else ()
    writes = "translation" in chosen or "decoder" in read.get("task", {})
    return [
        *(f"++data.generate.{name}={value}" for name, value in FEWER.items() if name in told),
        *(["task.mapping.max_length=6"] if writes else []),
    ]
