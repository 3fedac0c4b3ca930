"""A language model of words writes words, as they are usually set."""

import pytest
import torch

from seqmodels.callbacks import TextSamples
from seqmodels.cells import GRUCell
from seqmodels.data import CorpusData
from seqmodels.data.text.units import Words
from seqmodels.layers import TokenEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.mappings import ManyToMany
from seqmodels.objectives import AdaptiveLanguage, Classification, Objective


def make(objective: type[Objective] = AdaptiveLanguage) -> ManyToMany:
    data = CorpusData(generate=lambda: "It's late, too late.\n" * 50, unit=Words(), steps=5, batch_size=2)
    data.setup()
    layers = recurrent_stack(GRUCell, 6, 8)
    asked = objective(data.spec)
    return ManyToMany(TokenEmbedding(data.spec.input_size, 6), layers, Head(8, asked.output_size), asked)


def test_a_sample_goes_on_behind_the_prompt() -> None:
    mapping = make()
    text = TextSamples("It", length=20, temperature=2.0).write(mapping)
    assert text == TextSamples("It", length=20, temperature=2.0).write(mapping)
    vocabulary = ["'s", "late", ",", "too", ".", "\n", "It", " "]
    rest = text
    for word in vocabulary:
        rest = rest.replace(word, "")
    assert rest == ""
    assert " ," not in text
    assert len(text.replace("\n", " \n ").replace("'", " '").replace(",", " ,").replace(".", " .").split()) > 10


def test_a_certain_model_of_words_writes_what_it_is_certain_of() -> None:
    mapping = make()
    assert isinstance(mapping.objective, AdaptiveLanguage)
    weights = mapping.objective.softmax.head.weight
    with torch.no_grad():
        mapping.head.linear.weight.zero_()  # type: ignore[union-attr]
        mapping.head.linear.bias.copy_(weights[2])  # type: ignore[union-attr, arg-type]
        weights[2] *= 1000
    assert TextSamples("It", length=3, temperature=0).write(mapping) == " late late late"


def test_only_a_language_model_writes() -> None:
    with pytest.raises(ValueError, match="only a language model writes text, but the objective is Classification"):
        TextSamples("It").write(make(Classification))
