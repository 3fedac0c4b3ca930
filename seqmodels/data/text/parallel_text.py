"""Texts and what is to be written about them: tokens in, tokens of another length out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by
from seqmodels.data.files import Source
from seqmodels.data.orders import Order, by_length, from_short_to_long
from seqmodels.data.ragged import Ragged
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.rows import Rows
from seqmodels.data.splits import check_filled, cut, read_files, shares_of
from seqmodels.data.text.pair_formats import Pair, PairFormat, by_suffix
from seqmodels.data.text.raw_text import Words
from seqmodels.data.text.translation_memory import nearest
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.data.written_baselines import written_baseline
from seqmodels.types import DataSpec

BASELINE_ROWS = 1000
UNITS: dict[str, Callable[..., Vocabulary]] = {
    "words": Vocabulary.words,
    "subwords": Vocabulary.subwords,
    "characters": lambda texts, **options: Vocabulary.characters("".join(texts), **options),
}


class ParallelTextData(SequenceData):
    """Translation, summarisation, and whatever else makes a text of a text.

    Splits without a file of their own are cut from the training split; pairs of the same source stay together, so that
    no source of the test split has been seen. Pairs that are longer than `max_length` are not trained on, but tested.

    Args:
        path: a file as `files.locate` takes it, or a mapping of splits to such files; None to `generate`.
        generate: from a seed, pairs of texts; used where there is no `path`.
        format: reads a file: a function like those of `pair_formats`; None to tell the format by the name of the file.
        columns: names of the columns of `source` and `target`, if the format is told by the name.
        source: how what is read is cut into tokens: `unit` (words, subwords or characters), and arguments of the
            `Vocabulary` of that kind.
        target: the same of what is written.
        max_length: tokens of either text of a pair that is trained on, at most; None for no limit.
        held_out: what share of the pairs is for validation and for test, where those have no file.
        on_error: `"stop"` at a row that cannot be read, or `"skip"` and count it.
        batch_size: pairs of a batch.
        seed: of the generated pairs, of the cut, of the order of the batches.

    Raises:
        ValueError: there is neither a file nor a generator; no such unit. When loaded: a split has no pairs.

    Example:
        >>> from seqmodels.data.generated.algorithms import reverse
        >>> data = ParallelTextData(generate=lambda seed: reverse(seed, count=50), batch_size=2)
        >>> data.setup()
        >>> batch = next(iter(data.train_dataloader()))
        >>> read, written = (side.decode(row[0]) for side, row in zip(data.vocabularies, (batch.inputs, batch.targets)))
        >>> written.split("<end>")[0].split() == read.replace("<pad>", "").split()[::-1]
        True
    """

    def __init__(  # noqa: PLR0913 (each is a line of a YAML file)
        self,
        *,
        path: Source | Mapping[Split, Source | None] | None = None,
        generate: Callable[[int], list[tuple[str, str]]] | None = None,
        format: PairFormat | None = None,
        columns: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
        max_length: int | None = None,
        held_out: Sequence[float] = (0.1, 0.1),
        on_error: OnError = "stop",
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of a file or a function that generates pairs, got neither")
        self.path, self.generate, self.held_out = path, generate, shares_of(held_out)
        self.format: PairFormat = format or partial(by_suffix, **(columns or {}))
        self.sides = [dict(side or {"unit": "words"}) for side in (source, target)]
        for side in self.sides:
            if side.get("unit") not in UNITS:
                raise ValueError(f"unit must be one of {', '.join(UNITS)}, got {side.get('unit')!r}")
        self.max_length = max_length
        self.errors = RowErrors(on_error)

    def load(self) -> None:
        """Read or generate the pairs, learn the vocabularies, index."""
        self._origins, self._pairs = self._read()
        cut(
            self._pairs,
            key=lambda pair: pair.source,
            label=lambda _: "all",
            seed=self.seed,
            held_out=self.held_out,
        )
        check_filled("pairs of texts", self._pairs, self._origins, self.errors)
        self.vocabularies = [self._vocabulary(0), self._vocabulary(1)]
        self._long = 0
        self.rows = {split: self._rows(split) for split in SPLITS}
        self.examples = dict(self.rows)
        source, target = self.vocabularies
        self.spec = DataSpec(
            inputs="tokens",
            input_size=len(source),
            output_size=len(target),
            padding_index=source.padding_index,
            vocabulary=source.to_json(),
            target_vocabulary=target.to_json(),
            raw=Words(source.to_json()).recipe(),
        )

    def order(self, split: Split) -> Order:
        """Pairs whose targets are of similar length together, in random order to train; from short to long else.

        It is the padding of targets that costs: each of their steps is scored against the whole vocabulary.
        """
        targets = self.rows[split].targets
        if split == "train" and isinstance(targets, Ragged):
            return by_length(targets.lengths, self.batch_size)
        return from_short_to_long(self.rows[split].lengths, self.batch_size)

    def baseline(self) -> dict[str, float]:
        """`bleu` and `exact` of a translation memory: the target of the training source most like the one to test.

        Of a thousand pairs of the test split, if it has more.
        """
        tested = self._pairs["test"][:: max(1, len(self._pairs["test"]) // BASELINE_ROWS)][:BASELINE_ROWS]
        found = nearest([pair.source for pair in self._pairs["train"]], [pair.source for pair in tested])
        written = [self._pairs["train"][row].target for row in found]
        return written_baseline(written, [pair.target for pair in tested], self.vocabularies[1])

    def describe(self) -> dict[str, str]:
        """Origin, number and length of the pairs, and the vocabularies."""
        counts = ", ".join(f"{len(self._pairs[split]):,} {split}" for split in SPLITS)
        medians = [int(side.lengths.median()) for side in (self.rows["train"].inputs, self._targets("train"))]
        test = self.rows["test"].inputs
        unknown = Counter(torch.cat([test[row] for row in range(len(test))]).tolist())
        known = 1 - unknown[self.vocabularies[0].unknown_index] / sum(unknown.values())
        lines = {
            "data": self._origins["train"],
            "pairs": counts + (f"; {self._long:,} too long to train on" if self._long else ""),
            "length": f"{medians[0]} tokens read, {medians[1]} written, in the median",
            "vocabulary": f"{len(self.vocabularies[0]):,} entries read, {len(self.vocabularies[1]):,} written; "
            f"{known:.1%} of the test known".replace("%", " %"),
        }
        return lines | self.errors.summary()

    def _read(self) -> tuple[dict[Split, str], dict[Split, list[Pair]]]:
        if self.path is not None:
            return read_files(self.path, self.format, self.errors)
        assert self.generate is not None
        pairs = [Pair(*pair) for pair in self.generate(self.seed)]
        return dict.fromkeys(SPLITS, generated_by(self.generate)), {"train": pairs}

    def _vocabulary(self, side: int) -> Vocabulary:
        options = dict(self.sides[side])
        build = UNITS[options.pop("unit")]
        return build((pair[side] for pair in self._pairs["train"]), marks=True, **options)

    def _rows(self, split: Split) -> Rows:
        read = self.vocabularies[0].encode_batch([pair.source for pair in self._pairs[split]])
        written = self.vocabularies[1].encode_batch([pair.target for pair in self._pairs[split]], end=True)
        pairs = list(zip(read, written, strict=True))
        if split == "train" and self.max_length is not None:
            kept = [(one, other) for one, other in pairs if max(len(one), len(other) - 1) <= self.max_length]
            self._long, pairs = len(pairs) - len(kept), kept
        return Rows(Ragged.of(one for one, _ in pairs), Ragged.of(other for _, other in pairs))

    def _targets(self, split: Split) -> Ragged:
        targets = self.rows[split].targets
        assert isinstance(targets, Ragged)
        return targets
