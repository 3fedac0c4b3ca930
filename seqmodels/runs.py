"""A finished run: load it, ask it, let it write. Needs neither Hydra nor the data it was trained on."""

import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqmodels.assembly import build_mapping
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.decoding import sample
from seqmodels.layers.scan import last_valid
from seqmodels.mappings import SequenceMapping
from seqmodels.objectives import Classification, Language, Regression
from seqmodels.types import DataSpec

TRUSTED = ("seqmodels", "torch")


class Label(NamedTuple):
    """A predicted class."""

    label: str
    probability: float
    probabilities: dict[str, float]


class Run:
    """A trained model and what it needs to read raw input.

    Args:
        mapping: the trained mapping.
    """

    def __init__(self, mapping: SequenceMapping) -> None:
        self.mapping = mapping.eval()
        self.spec: DataSpec = mapping.objective.spec
        self.vocabulary = Vocabulary.from_json(self.spec.vocabulary) if self.spec.vocabulary else None

    @torch.inference_mode()
    def predict(self, inputs: Any) -> list[Any]:
        """Answers to raw inputs.

        Args:
            inputs: a text or several, for a model of text; a sequence of numbers (of vectors where the model reads
                several columns) or several of them, in the data's own units, for a model of series.

        Returns:
            For each input: a `Label` with probabilities (classes), the next value, or several (series), or the
            `Label` of the next character (language models).

        Raises:
            ValueError: an input is empty or of the wrong kind.
        """
        tokens, lengths = self._tokens(inputs) if self.vocabulary else self._values(inputs)
        output = self._answers(tokens, lengths)
        answers = self.mapping.objective.predict(output)
        if isinstance(self.mapping.objective, Regression):
            return [row[0] if len(row) == 1 else row for row in answers.tolist()]
        names = self._names()
        return [self._label(row, names) for row in answers.tolist()]

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
        """Continue a text.

        Args:
            prompt: what has been written so far.
            length: characters to add.
            temperature: below 1 bolder towards the probable, above 1 towards the improbable; 0 always takes the most
                probable.
            top_k: choose among the k most probable characters only.
            top_p: choose among the most probable characters that together reach this probability.
            seed: the same seed gives the same text; None draws another each time.

        Returns:
            The continuation, without the prompt.

        Raises:
            TypeError: the run is no language model.
            ValueError: an argument is out of range, or the prompt is empty.
        """
        if not isinstance(self.mapping.objective, Language) or self.vocabulary is None:
            raise TypeError(f"only a language model generates text, this run's objective is {self._objective_name}")
        generator = torch.Generator()
        generator.seed() if seed is None else generator.manual_seed(seed)
        tokens = sample(
            lambda tokens, state: self.mapping(tokens, torch.full((len(tokens),), tokens.shape[1]), state),
            torch.tensor([self.vocabulary.encode(prompt)], dtype=torch.long),
            length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            forbidden=[self.vocabulary.unknown_index],
            generator=generator,
        )
        return self.vocabulary.decode(tokens[0].tolist())

    @property
    def _objective_name(self) -> str:
        return type(self.mapping.objective).__name__

    def _tokens(self, inputs: str | Sequence[str]) -> tuple[Tensor, Tensor]:
        texts = [inputs] if isinstance(inputs, str) else list(inputs)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError(f"this run reads text, got {next(t for t in texts if not isinstance(t, str))!r}")
        assert self.vocabulary is not None
        rows = [torch.tensor(ids, dtype=torch.long) for ids in self.vocabulary.encode_batch(texts)]
        for text, row in zip(texts, rows, strict=True):
            if not len(row):
                raise ValueError(f"a text must hold at least one token, got {text!r}")
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])

    def _values(self, inputs: Any) -> tuple[Tensor, Tensor]:
        one = 1 if self.spec.input_size == 1 else 2
        rows = [
            torch.as_tensor(series, dtype=torch.float32).reshape(len(series), -1)
            for series in ([inputs] if _depth(inputs) == one else inputs)
        ]
        for row in rows:
            if row.shape[1] != self.spec.input_size or not row.isfinite().all():
                raise ValueError(
                    f"expected finite numbers, {self.spec.input_size} per step, "
                    f"got {row.isfinite().sum()} of {row.numel()} finite, in shape {tuple(row.shape)}"
                )
        mean, std = torch.tensor(self.spec.mean), torch.tensor(self.spec.std)
        scaled = [(row - mean) / std for row in rows]
        return torch.nn.utils.rnn.pad_sequence(scaled, batch_first=True), torch.tensor([len(row) for row in rows])

    def _answers(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        output = self.mapping(inputs, lengths)
        return last_valid(output[0], lengths) if isinstance(output, tuple) else output

    def _names(self) -> Sequence[str]:
        if isinstance(self.mapping.objective, Classification):
            return self.spec.classes
        assert self.vocabulary is not None
        return self.vocabulary.tokens

    @staticmethod
    def _label(probabilities: list[float], names: Sequence[str]) -> Label:
        best = max(range(len(names)), key=probabilities.__getitem__)
        return Label(names[best], probabilities[best], dict(zip(names, probabilities, strict=True)))


def _depth(values: Any) -> int:
    """How deep numbers are nested; an empty list is an error."""
    if not isinstance(values, Sequence | Tensor) or (isinstance(values, Tensor) and values.ndim == 0):
        return 0
    if len(values) == 0:
        raise ValueError("a series must hold at least one step, got none")
    return 1 + _depth(values[0])


def load(run: str | Path, *, checkpoint: str = "best", trusted: Sequence[str] = ()) -> Run:
    """The trained model of a run folder.

    Only tensors and plain values are read from the file; the classes they name must come from a trusted package.

    Args:
        run: a run folder, or a checkpoint file.
        checkpoint: `"best"` or `"last"`, in a run folder.
        trusted: packages of your own that the run's classes may come from, besides seqmodels and torch.

    Raises:
        FileNotFoundError: there is no such run or checkpoint.
        ValueError: the file is damaged, or not a checkpoint of this project.
    """
    path = Path(run)
    if path.is_dir():
        path = path / "checkpoints" / f"{checkpoint}.ckpt"
    state = read_checkpoint(path)
    recipe, spec = state["seqmodels"]["recipe"], DataSpec.from_dict(state["seqmodels"]["spec"])
    mapping = build_mapping(recipe, spec, trusted=(*TRUSTED, *trusted))
    mapping.load_state_dict(state["state_dict"])
    mapping.recipe = recipe
    return Run(mapping)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint file of this project holds.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or not a checkpoint of this project.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, pickle.UnpicklingError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is damaged or no checkpoint: {str(error).splitlines()[0][:120]}") from error
    if not isinstance(state, dict) or "seqmodels" not in state or "state_dict" not in state:
        raise ValueError(f"{path} is a checkpoint of another project: it does not say which model it holds")
    return state
