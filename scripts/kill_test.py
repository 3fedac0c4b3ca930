"""Kill trainings, resume them by the command that they print, and compare what they end with.

python scripts/kill_test.py --tasks sentiment --random 20        all exact places, and 20 random times
python scripts/kill_test.py --places on_train_batch_end --random 0
python scripts/kill_test.py --render                             all, with the counts in docs/reliability.md
"""

import argparse
import collections
import itertools
import json
import os
import random
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
os.environ["OMP_NUM_THREADS"] = "1"  # Other numbers of threads add numbers in another order.

import torch  # noqa: E402
from kill_callback import HOOKS, WRITES  # noqa: E402
from kill_comparison import differences  # noqa: E402

from seqmodels.callbacks.signals import SIGNALS  # noqa: E402
from seqmodels.train import main as train  # noqa: E402

BRIEF = (
    "trainer.max_epochs=3",
    "+trainer.limit_train_batches=6",
    "+trainer.limit_val_batches=2",
    "+trainer.limit_test_batches=2",
    "+trainer.enable_progress_bar=false",
    "~callbacks.progress",
    "trainer.log_every_n_steps=2",
    "checkpoint.every_n_steps=4",
    "model.hidden_size=8",
)
TASKS = {
    "sentiment": ("model.head_dropout=0.3", "model.embedding_dropout=0.2"),
    "char_lm": (),
    "translation": ("data.generate.count=600", "task.mapping.max_length=8", "task.mapping.num_beams=2"),
    "energy": ("data.generate.steps=1200", "data.window=48", "model.head_dropout=0.3"),
}
ONCE = ("on_fit_start", "on_train_start", "on_train_end", "on_fit_end", "on_test_start", "on_test_end")
KILL = signal.SIGKILL
SECONDS_OF_A_CASE = 25


class Case(NamedTuple):
    """A kill: the signal, its place and which time, or the share of a training's seconds after which it is sent."""

    received: signal.Signals
    place: str
    number: int = 0
    share: float = 0.0

    def overrides(self) -> list[str]:
        """Return what places the signal in a training."""
        if self.share:
            return []
        node = {"_target_": "kill_callback.KillAt", "place": self.place, "number": self.number}
        return [f"+callbacks.kill.{key}={value}" for key, value in {**node, "received": self.received.name}.items()]


def main() -> None:
    """Kill as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--places", nargs="+", choices=[*HOOKS, *WRITES], default=[*HOOKS, *WRITES])
    parser.add_argument("--random", type=int, default=20, help="kills at random times, for each task")
    parser.add_argument("--seed", type=int, default=0, help="of the random times")
    parser.add_argument("--folder", type=Path, help="keep the runs here")
    parser.add_argument("--out", type=Path, help="write a row for each kill into this JSON file")
    parser.add_argument(
        "--render", nargs="*", type=Path, help="write the counts into docs/reliability.md; of such files"
    )
    options = parser.parse_args()
    if options.render:
        render([row for path in options.render for row in json.loads(path.read_text())])
        return
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        rows = []
        for row in itertools.chain.from_iterable(kill_all(task, folder / task, options) for task in options.tasks):
            rows.append(row)
            if options.out:
                options.out.write_text(json.dumps(rows, indent=1) + "\n")
    if options.render is not None:
        render(rows)
    counts = collections.Counter((row["task"], row["signal"], row["outcome"]) for row in rows)
    for (task, received, outcome), count in sorted(counts.items()):
        sys.stdout.write(f"{task:12} {received:8} {outcome:10} {count}\n")
    if any(row["outcome"] not in ("equal", "too late") for row in rows):
        sys.exit(1)


def render(rows: Sequence[dict[str, Any]]) -> None:
    """Write the counts into docs/reliability.md."""
    lines = [
        "| task | kills at exact places | at random times | ended before | as without the kill | otherwise |",
        "|---|" + "---:|" * 5,
    ]
    for task in TASKS:
        mine = [row for row in rows if row["task"] == task]
        killed = [row for row in mine if row["outcome"] != "too late"]
        at_random = sum(row["place"] == "random" for row in killed)
        equal = sum(row["outcome"] == "equal" for row in killed)
        cells = (len(killed) - at_random, at_random, len(mine) - len(killed), equal, len(killed) - equal)
        lines.append(f"| `{task}` | " + " | ".join(map(str, cells)) + " |")
    page = ROOT / "docs" / "reliability.md"
    begin, end = "<!-- counts: scripts/kill_test.py --render -->", "<!-- end of counts -->"
    before, _, rest = page.read_text().partition(begin)
    page.write_text(before + "\n".join([begin, *lines, end]) + rest.partition(end)[2])


def kill_all(task: str, folder: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Run a training whole, then each of its cases; gives a row for each."""
    folder.mkdir(parents=True)
    os.environ["SEQMODELS_CACHE"] = str(folder / "cache")
    for name in ("first", "whole"):  # The first one fills caches, and takes longer than all that follow.
        begun = time.monotonic()
        code, text = run(arguments(task, name), folder)
        seconds = time.monotonic() - begun
        if code:
            sys.exit(f"{task}: the training that is not killed ended with {code}: {text}")
    random_kills = 0
    for number, case in enumerate(itertools.chain(exact_cases(options.places), random_cases(options.seed))):
        if case.share and random_kills == options.random:
            return
        name = f"{number:03}-{case.received.name}-{case.place}-{case.number}"
        begun = time.monotonic()
        outcome = kill(case, arguments(task, name), folder, folder / name, seconds)
        random_kills += bool(case.share) and outcome != "too late"
        row = {"task": task, "signal": case.received.name, "place": case.place, "number": case.number}
        yield {**row, "outcome": outcome, "seconds": round(time.monotonic() - begun, 1)}
        if outcome not in ("equal", "too late"):
            sys.stdout.write(f"{task} {name}: {outcome}\n")
            sys.stdout.flush()


def exact_cases(places: Sequence[str]) -> list[Case]:
    """Return the exact places: an early and a late time of each, by one signal after another."""
    signals = itertools.cycle([*SIGNALS, KILL])
    return [Case(next(signals), place, number) for place in places for number in times(place)]


def times(place: str) -> tuple[int, ...]:
    """Return the times at which a place is killed at.

    There are 18 batches, 6 of validations, 2 of the test, and at least 9 writes.
    """
    if place in ONCE:
        return (1, 1)
    is_frequent = place in WRITES or (("batch" in place or "before" in place) and "validation" not in place)
    if not is_frequent or "test" in place:
        return (1, 2)
    return (1, 5, 9) if place in WRITES else (1, 8, 14)


def random_cases(seed: int) -> Iterator[Case]:
    """Generate kills at random times of a training, from its start to its end."""
    draw = random.Random(seed)
    while True:
        yield Case(draw.choice([*SIGNALS, KILL]), "random", share=draw.uniform(0.02, 0.98))


def arguments(task: str, name: str) -> list[str]:
    """Return the command line of a training."""
    return [f"task={task}", *BRIEF, *TASKS[task], f"hydra.run.dir={name}"]


def kill(case: Case, given: list[str], folder: Path, path: Path, seconds: float) -> str:
    """Run a training that is killed, and resume it until it is finished; gives how it compares with a whole one."""
    code, text = run([*given, *case.overrides()], folder, case, seconds)
    if code == 0 and "ended  " in text:
        return "too late"
    if code not in (-case.received, 128 + case.received):
        return f"exit code {code}: {text[-300:]}"
    printed = [line.partition("go on with: ")[2] for line in text.splitlines() if "go on with: " in line]
    # Killed before it has printed anything, a training begins anew by the same command.
    resumed = shlex.split(printed[-1])[2:] if printed else [*given, "resume=true"]
    resumed = [each for each in resumed if "callbacks.kill" not in each]
    code, text = run(resumed, folder)
    if code:
        return f"resuming ended with {code}: {text[-300:]}"
    return "; ".join(differences(path, folder / "whole")) or "equal"


def run(given: list[str], folder: Path, case: Case | None = None, seconds: float = 0.0) -> tuple[int, str]:
    """Train in a process forked from this one, which has imported the libraries; gives exit code and output."""
    log = folder / "output.txt"
    process = os.fork()
    if not process:
        _train(given, folder, log)
    deadline = time.monotonic() + SECONDS_OF_A_CASE * 4
    if case is not None and case.share:
        time.sleep(case.share * seconds)
        os.kill(process, case.received)
    while not (ended := os.waitpid(process, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(process, KILL)
        time.sleep(0.02)
    return os.waitstatus_to_exitcode(ended[1]), log.read_text()


def _train(given: list[str], folder: Path, log: Path) -> None:
    """Be the training, with standard output and error in a file; does not return."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    sys.argv = ["train.py", *given]
    code = 0
    try:
        train()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
