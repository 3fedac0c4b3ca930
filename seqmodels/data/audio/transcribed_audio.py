"""Recordings and what is said in them: log-mel features in, characters or words out."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from seqmodels.data.audio.baselines import error_rates, tokens_by_flat_start
from seqmodels.data.audio.recordings import RecordedData, RecordedSplit
from seqmodels.data.ragged import Ragged
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec


class TranscribedAudioData(RecordedData):
    """Speech recognition. What can be written are the characters, or words, of the training texts.

    Without an end mark every text must fit into the steps of its recording: CTC writes at most one token at a step, and
    a blank between equal ones.

    Args:
        unit: what a text is written in: "characters" or "words".
        end_mark: whether a text ends with a mark of its own, as a decoder needs it that writes token after token;
            an alignment (CTC) does without.
        recordings: see `RecordedData`.

    Raises:
        ValueError: there is no such unit. When loaded: a text does not fit into its recording.

    Example:
        >>> from functools import partial
        >>> from seqmodels.data.generated.sounds import spelled_tones
        >>> data = TranscribedAudioData(path=None, generate=partial(spelled_tones, count=50), end_mark=True)
        >>> data.setup()
        >>> batch = next(iter(data.val_dataloader()))
        >>> letters = Vocabulary.from_json(data.spec.target_vocabulary)
        >>> letters.decode(batch.targets[0, : batch.target_lengths[0]].tolist())
        'jiea<end>'
    """

    def __init__(
        self, *, unit: Literal["characters", "words"] = "characters", end_mark: bool = False, **recordings: Any
    ) -> None:
        super().__init__(**recordings)
        if unit not in ("characters", "words"):
            raise ValueError(f"unit must be 'characters' or 'words', got {unit!r}")
        self.unit, self.end_mark = unit, end_mark

    def load(self) -> None:
        """Read or generate the recordings, index what is said in them."""
        self.read_splits()
        texts = self.splits["train"].texts
        if self.unit == "words":
            vocabulary = Vocabulary.words(texts, marks=True)
        else:
            vocabulary = Vocabulary.characters("".join(texts), marks=True)
        tokens = {
            split: vocabulary.encode_batch(recorded.features.texts, end=self.end_mark)
            for split, recorded in self.splits.items()
        }
        if not self.end_mark:
            self.splits = {split: self._aligned(recorded, tokens[split]) for split, recorded in self.splits.items()}
            self.check_splits()
        self.examples = {split: recorded.dataset(Ragged.of(tokens[split])) for split, recorded in self.splits.items()}
        self.spec = DataSpec(
            inputs="values",
            input_size=self.features.size,
            output_size=len(vocabulary),
            target_vocabulary=vocabulary.to_json(),
            raw=self.features.recipe(),
        )

    def stratum(self, text: str) -> str:  # noqa: ARG002
        """Texts are no classes: any may be in any split."""
        return ""

    def baseline(self) -> dict[str, float]:
        """The error rates of a model for which every token lasts as long as its neighbours."""
        train, test = self.splits["train"], self.splits["test"]
        vocabulary = Vocabulary.from_json(self.spec.target_vocabulary or "")
        said = tokens_by_flat_start(train.sequences(), vocabulary.encode_batch(train.texts), test.sequences())
        wanted = vocabulary.encode_batch(test.texts)
        return error_rates([vocabulary.decode(row) for row in said], [vocabulary.decode(row) for row in wanted])

    def describe(self) -> dict[str, str]:
        """Likewise, with the longest text and what texts are written in."""
        assert self.spec.target_vocabulary is not None
        entries = Vocabulary.from_json(self.spec.target_vocabulary).tokens[4:]
        shown = (" " if self.unit == "words" else "").join(entries[:60])
        longest = max((text for recorded in self.splits.values() for text in recorded.texts), key=len)
        return {**super().describe(), "texts": f"in {len(entries)} {self.unit}: {shown}", "longest text": longest}

    def _aligned(self, recorded: RecordedSplit, tokens: Sequence[Sequence[int]]) -> RecordedSplit:
        """Without the recordings that have fewer steps than their tokens need."""
        rows = []
        for row in recorded.rows:
            with self.errors.at(recorded.features.places[row]):
                needed = len(tokens[row]) + sum(token == following for token, following in pairwise(tokens[row]))
                steps = int(recorded.features.steps.lengths[row])
                if steps < needed:
                    text = recorded.features.texts[row]
                    raise ValueError(f"expected a recording of at least {needed} steps for {text!r:.60}, got {steps}")
                rows.append(row)
        return recorded._replace(rows=rows)
