"""Callbacks: what is seen of a run in TensorBoard. They only look: training goes the same without."""

from seqmodels.callbacks.attention_maps import AttentionMaps
from seqmodels.callbacks.confusion_matrix import ConfusionMatrix
from seqmodels.callbacks.embedding_projector import EmbeddingProjector
from seqmodels.callbacks.forecast import Forecast
from seqmodels.callbacks.gradient_norm import GradientNorm
from seqmodels.callbacks.hyperparameter_table import HyperparameterTable
from seqmodels.callbacks.last_on_exception import LastOnException
from seqmodels.callbacks.loss_by_epoch import LossByEpoch
from seqmodels.callbacks.melodies import Melodies
from seqmodels.callbacks.mistakes import Mistakes
from seqmodels.callbacks.piano_rolls import PianoRolls
from seqmodels.callbacks.pictures import Pictures
from seqmodels.callbacks.spectrograms import Spectrograms
from seqmodels.callbacks.tagged_sentences import TaggedSentences
from seqmodels.callbacks.text_samples import TextSamples
from seqmodels.callbacks.translations import Translations
from seqmodels.callbacks.view import View

__all__ = [
    "AttentionMaps",
    "ConfusionMatrix",
    "EmbeddingProjector",
    "Forecast",
    "GradientNorm",
    "HyperparameterTable",
    "LastOnException",
    "LossByEpoch",
    "Melodies",
    "Mistakes",
    "PianoRolls",
    "Pictures",
    "Spectrograms",
    "TaggedSentences",
    "TextSamples",
    "Translations",
    "View",
]
