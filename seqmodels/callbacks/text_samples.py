"""What a language model writes."""

from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Generator, Tensor

from seqmodels.callbacks.view import boards
from seqmodels.data.text.units import continuation
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.decoding import sample
from seqmodels.mappings import ManyToMany
from seqmodels.objectives.language import NextToken


class TextSamples(pl.Callback):
    """A text, `samples/text`: after each validation, what the model writes when it is given a beginning.

    Each time the same random numbers are drawn, by a generator of its own: only the model makes a difference,
    and training's random numbers stay what they are.

    Args:
        prompt: the beginning.
        length: tokens to write.
        temperature: see `seqmodels.decoding.sample`.
        seed: of the generator.
    """

    def __init__(self, prompt: str = "The ", length: int = 400, temperature: float = 0.8, seed: int = 0) -> None:
        self.prompt, self.length, self.temperature, self.seed = prompt, length, temperature, seed

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write, and show it; Lightning has the model in evaluation mode here."""
        for board in [] if trainer.sanity_checking else boards(trainer):
            text = self.prompt + self.write(cast(ManyToMany, pl_module))
            board.add_text("samples/text", "\n".join(f"    {line}" for line in text.splitlines()), trainer.global_step)

    def write(self, mapping: ManyToMany) -> str:
        """What comes after the prompt.

        Raises:
            ValueError: the mapping is no language model.
        """
        objective, spec = mapping.objective, mapping.objective.spec
        if spec.vocabulary is None:
            raise ValueError(f"only a model of text writes text, but its inputs are {spec.inputs} without a vocabulary")
        if not isinstance(objective, NextToken):
            raise ValueError(f"only a language model writes text, but the objective is {type(objective).__name__}")
        vocabulary = Vocabulary.from_json(spec.vocabulary)
        prompt = torch.tensor([vocabulary.encode(self.prompt)], dtype=torch.long, device=mapping.device)

        def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            output, state = mapping(tokens, tokens.new_full((1,), tokens.shape[1]), state)
            return objective.log_probabilities(output), state

        drawn = sample(
            step,
            prompt,
            self.length,
            temperature=self.temperature,
            forbidden=[vocabulary.unknown_index],
            generator=Generator(device=mapping.device).manual_seed(self.seed),
        )
        return continuation(vocabulary, prompt[0].tolist(), drawn[0].tolist())
