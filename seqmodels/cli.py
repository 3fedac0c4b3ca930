"""The console command `seqmodels`: train, predict, generate, test, convert, benchmark, build-native, cache."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import seqmodels
from seqmodels.announcement import announce_training
from seqmodels.error_lines import fail, one_line_errors, report

if TYPE_CHECKING:
    from seqmodels.runs import Run

# A command imports what it needs when it runs: torch takes seconds, and `--help` does not need it.

USAGE = """usage: seqmodels COMMAND ...

  train         train a model                 seqmodels train model=lstm task=sentiment
  predict       ask a trained model           seqmodels predict RUN "not a good film"
  generate      let a language model write    seqmodels generate RUN --prompt "The "
  test          test a trained model again    seqmodels test RUN
  convert       update an old checkpoint      seqmodels convert RUN/checkpoints/best.ckpt
  benchmark     measure the engines           seqmodels benchmark --suite grid
  build-native  compile the native engine     seqmodels build-native
  cache         what was prepared of files    seqmodels cache --clear

seqmodels COMMAND --help says more; seqmodels --version names the version.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the first argument names."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = {
        "predict": predict,
        "generate": generate,
        "test": test_again,
        "convert": convert,
        "build-native": build_native,
        "cache": cache,
    }
    if given and given[0] == "train":
        sys.argv = ["seqmodels train", *given[1:]]
        train()
    elif given and given[0] == "benchmark":
        from seqmodels.benchmark.command import benchmark

        benchmark(given[1:])
    elif given and given[0] in commands:
        commands[given[0]](given[1:])
    elif given and given[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
    elif given and given[0] in ("-V", "--version"):
        sys.stdout.write(f"seqmodels {seqmodels.__version__}\n")
    else:
        fail(
            f"no command {given[0]!r}: choose from train, benchmark, {', '.join(commands)}"
            if given
            else "no command\n" + USAGE
        )


def train() -> None:
    """Train as `sys.argv` says. `python train.py` and `seqmodels train` both call this."""
    announce_training(sys.argv[1:])
    from seqmodels.train import main as run_training

    run_training()


def predict(arguments: Sequence[str] | None = None) -> None:
    """Print a trained model's answers to inputs from the arguments, a file or standard input."""
    parser = argparse.ArgumentParser(prog="seqmodels predict", description=predict.__doc__)
    parser.add_argument("run", help="run folder or checkpoint file")
    parser.add_argument("inputs", nargs="*", help="texts, the numbers of a series, or files; standard input if none")
    parser.add_argument("--file", help="read inputs from this file: a text per line, the rows of a CSV file")
    parser.add_argument("--json", action="store_true", help="one JSON object per line, with all probabilities")
    parser.add_argument("--out", type=Path, help="write the answers to this .txt, .csv, .jsonl or .mid file")
    _add_trust(parser)
    options = parser.parse_args(arguments)
    from seqmodels.answers import save
    from seqmodels.data.files import locate
    from seqmodels.runs import load

    with one_line_errors():
        run = load(options.run, trusted=options.trust)
        if not (options.file or options.inputs or options.out) and sys.stdin.isatty():
            _answer_what_is_typed(run, as_json=options.json)
            return
        if options.file:
            items = run.raw.items(locate(options.file))
        else:
            items = run.raw.given(options.inputs or [row.rstrip("\n") for row in sys.stdin if row.strip()])
        if options.out:
            save(run, items, run.predict(items), options.out)
        else:
            _show_answers(run, items, as_json=options.json)


def _show_answers(run: "Run", items: Sequence[Any], *, as_json: bool) -> None:
    from seqmodels.answers import line, note, plain

    for item, answer in zip(items, run.predict(items), strict=True):
        sys.stdout.write((json.dumps(plain(run, item, answer)) if as_json else line(run, item, answer)) + "\n")
        sys.stdout.flush()
        if not as_json and (unknown := note(run, item, answer)):
            report(unknown)


def _answer_what_is_typed(run: "Run", *, as_json: bool) -> None:
    """Answer each line of a terminal as it is typed; one that cannot be read is said to be so, and the next is read."""
    sys.stderr.write(f"type an input, for example: {run.raw.example()}  (Enter answers, Ctrl-D ends)\n")
    for row in sys.stdin:
        try:
            if row.strip():
                _show_answers(run, run.raw.given([row.rstrip("\n")]), as_json=as_json)
        except ValueError as error:
            report(str(error))


def generate(arguments: Sequence[str] | None = None) -> None:
    """Print a text that a trained model writes; music goes to a MIDI file."""
    parser = argparse.ArgumentParser(prog="seqmodels generate", description=generate.__doc__)
    parser.add_argument("run", help="run folder or checkpoint file")
    parser.add_argument("--prompt", default="\n", help="what has been written so far; - reads standard input")
    parser.add_argument("--out", type=Path, help="write it to this .txt, .jsonl or .mid file")
    parser.add_argument("--length", type=int, default=400, help="characters, words or notes to add")
    parser.add_argument("--temperature", type=float, default=0.8, help="0 takes the most probable character always")
    parser.add_argument("--top-k", type=int, help="choose among the k most probable characters only")
    parser.add_argument("--top-p", type=float, help="choose among the most probable that together reach this much")
    parser.add_argument("--seed", type=int, help="the same seed gives the same text")
    _add_trust(parser)
    options = parser.parse_args(arguments)
    from seqmodels.answers import save
    from seqmodels.runs import load

    with one_line_errors():
        run = load(options.run, trusted=options.trust)
        prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
        text = run.generate(
            prompt,
            options.length,
            temperature=options.temperature,
            top_k=options.top_k,
            top_p=options.top_p,
            seed=options.seed,
        )
        if options.out:
            save(run, [prompt], [text], options.out)
        else:
            sys.stdout.write((prompt if run.spec.target_vocabulary is None else "") + text + "\n")


def test_again(arguments: Sequence[str]) -> None:
    """Test a run's best checkpoint again and print the metrics as JSON.

    The data is what config.yaml in the run folder names. A config is code: test only runs whose config you trust.
    """
    parser = argparse.ArgumentParser(prog="seqmodels test", description=test_again.__doc__)
    parser.add_argument("run", help="run folder")
    _add_trust(parser)
    options = parser.parse_args(arguments)
    from seqmodels.evaluation import evaluate

    with one_line_errors():
        metrics = evaluate(options.run, trusted=options.trust)
    sys.stdout.write(json.dumps(metrics, indent=2) + "\n")


def convert(arguments: Sequence[str] | None = None) -> None:
    """Add digests to checkpoints of earlier versions, in their place; whether they were changed before is not known."""
    parser = argparse.ArgumentParser(prog="seqmodels convert", description=convert.__doc__)
    parser.add_argument("checkpoints", nargs="+", type=Path, help="checkpoint files")
    options = parser.parse_args(arguments)
    from seqmodels.checkpoints import convert as add_digests

    with one_line_errors():
        for path in options.checkpoints:
            add_digests(path)


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="a package or module of your own that the checkpoint may name classes of; can be given several times",
    )


def build_native(arguments: Sequence[str] | None = None) -> None:
    """Compile the native engine for this machine and this torch, into the user's cache."""
    argparse.ArgumentParser(prog="seqmodels build-native", description=build_native.__doc__).parse_args(arguments)
    from seqmodels.layers.engines.native.build import build

    try:
        sys.stdout.write(f"{build()}\n")
    except (RuntimeError, OSError) as error:
        fail(str(error))


def cache(arguments: Sequence[str] | None = None) -> None:
    """Show what has been prepared of data files; remove it, or what of it is damaged."""
    parser = argparse.ArgumentParser(prog="seqmodels cache", description=cache.__doc__)
    parser.add_argument("--clear", action="store_true", help="remove what no process uses at the moment")
    parser.add_argument("--verify", action="store_true", help="read everything, downloads too; remove what is damaged")
    options = parser.parse_args(arguments)
    from seqmodels.data.downloaded import remove_damaged_downloads
    from seqmodels.data.files import cache_folder
    from seqmodels.data.prepared import clear, remove_damaged

    with one_line_errors():
        removed = [*remove_damaged(), *remove_damaged_downloads(cache_folder())] if options.verify else []
        for path, reason in removed:
            sys.stdout.write(f"removed: {path}: {reason}\n")
        for folder, reason in clear() if options.clear else ():
            sys.stdout.write(f"stays: {folder}: {reason}\n")
        _show_cache()
    if removed:
        raise SystemExit(1)


def _show_cache() -> None:
    from seqmodels.data.files import cache_folder
    from seqmodels.data.prepared import contents

    found = contents()
    for each in found:
        others = f" and {len(each.files) - 1:,} more" if len(each.files) > 1 else ""
        sys.stdout.write(f"{each.size / 2**20:9,.1f} MiB  {each.folder}  {''.join(each.files[:1])}{others}\n")
    if not found:
        sys.stdout.write(f"nothing is prepared in {cache_folder()}\n")


if __name__ == "__main__":
    main()
