"""What is said of a training before the libraries are imported that it needs."""

import sys
from collections.abc import Sequence

from seqmodels.plain_text import escaped


def announce_training(arguments: Sequence[str]) -> None:
    """Name what is trained on a terminal, before the seconds in which nothing is to be seen while torch is loaded."""
    options = [each for each in arguments if each.startswith("-") and each not in ("-m", "--multirun")]
    if options or not sys.stderr.isatty():
        return
    groups = ("task", "data", "model", "experiment")
    chosen = [each for each in arguments if each.partition("=")[0] in groups]
    sys.stderr.write(f"seqmodels: loading torch to train {escaped(' '.join(chosen)) or 'a model'} ...\n")
    sys.stderr.flush()
