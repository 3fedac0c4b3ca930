"""The console command `seqmodels`: train, predict, generate, benchmark, build-native."""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from typing import Any

from seqmodels.console import fail, one_line_errors
from seqmodels.data.files import locate, open_text
from seqmodels.layers.engines.native.build import build
from seqmodels.runs import Label, load

USAGE = """usage: seqmodels COMMAND ...

  train         train a model                 seqmodels train model=lstm task=sentiment
  predict       ask a trained model           seqmodels predict RUN "not a good film"
  generate      let a language model write    seqmodels generate RUN --prompt "The "
  benchmark     measure the engines           seqmodels benchmark --suite grid
  build-native  compile the native engine     seqmodels build-native

seqmodels COMMAND --help says more.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the first argument names."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"predict": predict, "generate": generate, "build-native": build_native}
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
            f"no command {given[0]!r}: choose from train, predict, generate, benchmark, build-native"
            if given
            else "no command\n" + USAGE
        )


def predict(arguments: Sequence[str] | None = None) -> None:
    """Print a trained model's answers to inputs from the arguments, a file or standard input."""
    parser = argparse.ArgumentParser(prog="seqmodels predict", description=predict.__doc__)
    parser.add_argument("run", help="run folder or checkpoint file")
    parser.add_argument("inputs", nargs="*", help="texts, or the numbers of one series; standard input if none")
    parser.add_argument("--file", help="read inputs from this file: a text per line, or a row of numbers per step")
    parser.add_argument("--json", action="store_true", help="one JSON object per line, with all probabilities")
    options = parser.parse_args(arguments)
    with one_line_errors():
        run = load(options.run)
        lines = options.inputs if options.inputs and not options.file else _lines(options.file)
        if not lines:
            raise ValueError("expected at least one input, got none")
        inputs: list[Any] = lines if run.vocabulary else [_numbers(lines)]
        for given, answer in zip(inputs, run.predict(inputs), strict=True):
            sys.stdout.write(_shown(given, answer, options.json) + "\n")


def generate(arguments: Sequence[str] | None = None) -> None:
    """Print a text that a trained language model writes."""
    parser = argparse.ArgumentParser(prog="seqmodels generate", description=generate.__doc__)
    parser.add_argument("run", help="run folder or checkpoint file")
    parser.add_argument("--prompt", default="\n", help="what has been written so far; - reads standard input")
    parser.add_argument("--length", type=int, default=400, help="characters to add")
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
        sys.stdout.write(prompt + text + "\n")


def build_native(arguments: Sequence[str] | None = None) -> None:
    """Compile the native engine for this machine and this torch, into the user's cache."""
    argparse.ArgumentParser(prog="seqmodels build-native", description=build_native.__doc__).parse_args(arguments)
    try:
        sys.stdout.write(f"{build()}\n")
    except RuntimeError as error:
        fail(str(error))


def _lines(file: str | None) -> list[str]:
    text = sys.stdin.read() if file is None else "".join(open_text(locate(file)))
    return [line for line in text.splitlines() if line.strip()]


def _numbers(rows: list[str]) -> list[list[float]]:
    return [[float(cell) for cell in row] for row in csv.reader(rows)]


def _shown(given: Any, answer: Any, as_json: bool) -> str:
    if as_json:
        plain = answer._asdict() if isinstance(answer, Label) else {"value": answer}
        return json.dumps({"input": given, **plain})
    if isinstance(answer, Label):
        return f"{answer.label}\t{answer.probability:.3f}\t{given}"
    return str(answer)


if __name__ == "__main__":
    main()
