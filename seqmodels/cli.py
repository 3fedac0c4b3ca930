"""The console command `seqmodels`: train, predict, generate, benchmark, build-native, cache."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from seqmodels.answers import line, plain, save
from seqmodels.console import fail, one_line_errors
from seqmodels.data.files import cache_folder, locate
from seqmodels.data.prepared import clear, contents
from seqmodels.layers.engines.native.build import build
from seqmodels.runs import load

USAGE = """usage: seqmodels COMMAND ...

  train         train a model                 seqmodels train model=lstm task=sentiment
  predict       ask a trained model           seqmodels predict RUN "not a good film"
  generate      let a language model write    seqmodels generate RUN --prompt "The "
  benchmark     measure the engines           seqmodels benchmark --suite grid
  build-native  compile the native engine     seqmodels build-native
  cache         what was prepared of files    seqmodels cache --clear

seqmodels COMMAND --help says more.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the first argument names."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"predict": predict, "generate": generate, "build-native": build_native, "cache": cache}
    if given and given[0] == "train":
        from seqmodels.train import main as train  # noqa: PLC0415  (Hydra takes its time: only where it is needed)

        sys.argv = ["seqmodels train", *given[1:]]
        train()
    elif given and given[0] == "benchmark":
        from seqmodels.benchmark.command import benchmark  # noqa: PLC0415  (so does drawing)

        benchmark(given[1:])
    elif given and given[0] in commands:
        commands[given[0]](given[1:])
    elif given and given[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
    else:
        fail(
            f"no command {given[0]!r}: choose from train, predict, generate, benchmark, build-native, cache"
            if given
            else "no command\n" + USAGE
        )


def predict(arguments: Sequence[str] | None = None) -> None:
    """Print a trained model's answers to inputs from the arguments, a file or standard input."""
    parser = argparse.ArgumentParser(prog="seqmodels predict", description=predict.__doc__)
    parser.add_argument("run", help="run folder or checkpoint file")
    parser.add_argument("inputs", nargs="*", help="texts, the numbers of a series, or files; standard input if none")
    parser.add_argument("--file", help="read inputs from this file: a text per line, the rows of a CSV file")
    parser.add_argument("--json", action="store_true", help="one JSON object per line, with all probabilities")
    parser.add_argument("--out", type=Path, help="write the answers to this .txt, .csv, .jsonl or .mid file")
    options = parser.parse_args(arguments)
    with one_line_errors():
        run = load(options.run)
        if options.file:
            items = run.raw.items(locate(options.file))
        else:
            items = run.raw.given(options.inputs or [row.rstrip("\n") for row in sys.stdin if row.strip()])
        answers = run.predict(items)
        if options.out:
            save(run, items, answers, options.out)
            return
        for item, answer in zip(items, answers, strict=True):
            shown = json.dumps(plain(run, item, answer)) if options.json else line(run, item, answer)
            sys.stdout.write(shown + "\n")


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
    options = parser.parse_args(arguments)
    with one_line_errors():
        run = load(options.run)
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


def build_native(arguments: Sequence[str] | None = None) -> None:
    """Compile the native engine for this machine and this torch, into the user's cache."""
    argparse.ArgumentParser(prog="seqmodels build-native", description=build_native.__doc__).parse_args(arguments)
    try:
        sys.stdout.write(f"{build()}\n")
    except RuntimeError as error:
        fail(str(error))


def cache(arguments: Sequence[str] | None = None) -> None:
    """Show what has been prepared of data files, or remove it."""
    parser = argparse.ArgumentParser(prog="seqmodels cache", description=cache.__doc__)
    parser.add_argument("--clear", action="store_true", help="remove all of it; it is made anew when it is needed")
    if parser.parse_args(arguments).clear:
        clear()
    found = contents()
    for each in found:
        others = f" and {len(each.files) - 1:,} more" if len(each.files) > 1 else ""
        sys.stdout.write(f"{each.size / 2**20:9,.1f} MiB  {each.folder}  {''.join(each.files[:1])}{others}\n")
    if not found:
        sys.stdout.write(f"nothing is prepared in {cache_folder()}\n")


if __name__ == "__main__":
    main()
