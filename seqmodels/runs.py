"""A finished run: load it, ask it, let it write. Needs neither Hydra nor the data it was trained on."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from seqmodels.assembly import restore_mapping
from seqmodels.checkpoints import read_checkpoint
from seqmodels.data.raw import RawInput
from seqmodels.data.text.units import continuation
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.decoding import sample
from seqmodels.kinds import ListedNames, Trusted
from seqmodels.mappings import EncoderDecoder, SequenceMapping
from seqmodels.objectives import Label
from seqmodels.objectives.language import NextToken
from seqmodels.recipes import Builder
from seqmodels.types import DataSpec

MAX_UNKNOWN_WORDS = 10
"""Number of words that a note names."""


class UnknownWords(NamedTuple):
    """The words of an input that a model was not trained on.

    Attributes:
        words: as they are written.
        total: number of words that were read.
    """

    words: list[str]
    total: int

    @property
    def is_all(self) -> bool:
        """Whether no word is known."""
        return bool(self.words) and len(self.words) >= self.total

    def note(self) -> str:
        """Return a note for a person, empty where all words are known.

        Example:
            >>> UnknownWords(["zebra", "qwzx"], 5).note()
            '2 of 5 words unknown: zebra, qwzx'
            >>> UnknownWords(["qwzx"], 1).note()
            'a guess: no word is known (qwzx)'
        """
        if not self.words:
            return ""
        named = ", ".join(dict.fromkeys(self.words[:MAX_UNKNOWN_WORDS]))
        named += f" and {len(self.words) - MAX_UNKNOWN_WORDS} more" if len(self.words) > MAX_UNKNOWN_WORDS else ""
        if self.is_all:
            return f"a guess: no word is known ({named})"
        return f"{len(self.words)} of {self.total} words unknown: {named}"


class Run:
    """A trained model and what it needs to read raw input.

    Attributes:
        vocabulary: of the inputs, if they are tokens.

    Args:
        mapping: the trained mapping.
        raw: reads raw input; None for the reader that the mapping's spec names, one of seqmodels.
    """

    def __init__(self, mapping: SequenceMapping, raw: RawInput | None = None) -> None:
        self.mapping = mapping.eval()
        self.spec: DataSpec = mapping.objective.spec
        self._raw = raw
        self.vocabulary = Vocabulary.from_json(self.spec.vocabulary) if self.spec.vocabulary else None

    @cached_property
    def raw(self) -> RawInput:
        """Reader of raw input.

        Raises:
            ValueError: the data does not say how raw input is read.
        """
        if self._raw is not None:
            return self._raw
        if not self.spec.raw:
            raise ValueError("this model cannot be asked: its data does not say how raw input is read (DataSpec.raw)")
        reader: RawInput = Builder(ListedNames()).raw_input(self.spec.raw)
        return reader

    @torch.inference_mode()
    def predict(self, inputs: Any) -> list[Any]:
        """Answers to raw inputs.

        Args:
            inputs: one or several of what the model was trained on: a text; a sequence of numbers (of vectors where
                it reads several columns) in the data's own units, or a CSV file; the path of a picture, a sound, a
                folder of frames or a MIDI file.

        Returns:
            For each input: a `Label` with probabilities and unknown words (classes), a list of labels (one for each
            word or step), the next value or values (series), a text (whatever is written), the notes that sound next,
            by name (polyphonic music), or the `Label` of the next token (language models).

        Raises:
            ValueError: an input is empty or of the wrong kind.
        """
        items = self.raw.several(inputs)
        answers = self.mapping.objective.answers(*self.mapping.reply(*self._padded(items)))
        pairs = zip(items, answers, strict=True)
        return [self._with_unknown(item, answer) if isinstance(answer, Label) else answer for item, answer in pairs]

    def unknown_words(self, item: Any) -> UnknownWords:
        """Return the words of a raw input that the model was not trained on."""
        words = self.raw.unknown(item)
        return UnknownWords(words, len(self.raw.read(item)) if words else 0)

    def _with_unknown(self, item: Any, answer: Label) -> Label:
        found = self.unknown_words(item)
        return answer._replace(unknown=tuple(found.words), guess=found.is_all)

    def generate(
        self,
        prompt: str = "\n",
        length: int = 400,
        *,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> str:
        """Continue a text, or write about something, by chance.

        Args:
            prompt: what has been written so far; what to write about, as for `predict`, if the model reads one thing
                and writes another.
            length: tokens to add; at most so many, if the model knows where to end.
            temperature: below 1 bolder towards the probable, above 1 towards the improbable; 0 always takes the most
                probable.
            top_k: choose among the k most probable tokens only.
            top_p: choose among the most probable tokens that together reach this probability.
            seed: the same seed gives the same text; None draws another each time.

        Returns:
            The continuation, without the prompt.

        Raises:
            TypeError: the run's model does not write.
            ValueError: an argument is out of range, or the prompt is empty.
        """
        generator = torch.Generator()
        generator.seed() if seed is None else generator.manual_seed(seed)
        draw: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "generator": generator}
        objective = self.mapping.objective
        if isinstance(self.mapping, EncoderDecoder):
            tokens = self.mapping.improvise(*self._padded(self.raw.several(prompt)), length, **draw)
            text: str = objective.answers(tokens, torch.ones_like(tokens, dtype=torch.bool))[0]
            return text
        if not isinstance(objective, NextToken) or self.vocabulary is None:
            raise TypeError(f"only a model that writes generates text, this run's objective is {_name(objective)}")
        read = self.vocabulary.encode(prompt)
        with torch.inference_mode():
            drawn = sample(self._next, torch.tensor([read]), length, forbidden=[self.vocabulary.unknown_index], **draw)
        return continuation(self.vocabulary, read, drawn[0].tolist())

    def _next(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        output, state = self.mapping(tokens, torch.full((len(tokens),), tokens.shape[1]), state)
        return cast(NextToken, self.mapping.objective).log_probabilities(output), state

    def _padded(self, items: Sequence[Any]) -> tuple[Tensor, Tensor]:
        rows = [self.raw.read(item) for item in items]
        if not rows:
            raise ValueError("expected at least one input, got none")
        return pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


def _name(thing: Any) -> str:
    return type(thing).__name__


def load(run: str | Path, *, checkpoint: str = "best", trusted: Sequence[Trusted] = ()) -> Run:
    """Load the trained model of a run folder.

    No code of the file is run: it holds tensors and plain values, and can only name classes of seqmodels, each where
    one of its kind belongs, and what you trust. See docs/safety.md.

    Args:
        run: a run folder, or a checkpoint file.
        checkpoint: `"best"` or `"last"`, in a run folder.
        trusted: what else the file may name: classes and functions; modules, packages or their names, which stand for
            all that is defined in them.

    Raises:
        FileNotFoundError: there is no such run or checkpoint.
        ValueError: the file is damaged, was changed since it was saved, is no checkpoint of this project, or names what
            is not trusted.
    """
    path = Path(run)
    if path.is_dir():
        path = path / "checkpoints" / f"{checkpoint}.ckpt"
    state = read_checkpoint(path)
    try:
        return Run(*restore_mapping(state["seqmodels"], state["state_dict"], trusted))
    except Exception as error:  # What plain values of any kind make of a constructor is not known.
        message = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: {message[:400]}") from error
