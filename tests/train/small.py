"""What cuts a training of the command line to a second or two."""

import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import yaml

from seqmodels.train import CONFIGS

BRIEF = (
    "trainer.max_epochs=1",
    "+trainer.limit_train_batches=2",
    "+trainer.limit_val_batches=1",
    "+trainer.limit_test_batches=1",
)
FEWER = {"count": "100", "sizes": "{train:60,val:20,test:20}"}


def with_bases(task: str) -> Iterator[dict[str, Any]]:
    """A task's config, and those of the tasks that it is made of."""
    config: dict[str, Any] = yaml.safe_load((CONFIGS / "task" / f"{task}.yaml").read_text())
    yield config
    for line in config["defaults"]:
        if isinstance(line, str) and "/" not in line:
            yield from with_bases(line)


def small(task: str) -> list[str]:
    """Less of the generated data, where its generator can be told how much; short texts, where some are written."""
    configs = list(with_bases(task))
    chosen = [line for config in configs for line in config["defaults"]]
    data = next(line["override /data"] for line in chosen if "override /data" in line)
    generate = yaml.safe_load((CONFIGS / "data" / f"{data}.yaml").read_text()).get("generate")
    told = inspect.signature(pkgutil.resolve_name(generate["_target_"])).parameters if generate else ()
    writes = any("decoder" in config.get("task", {}) for config in configs)
    return [
        *(f"++data.generate.{name}={value}" for name, value in FEWER.items() if name in told),
        *(["task.mapping.max_length=6"] if writes else []),
    ]
