"""Callbacks: what is seen of a run in TensorBoard. They only look: training goes the same without."""

from seqmodels.callbacks.attention_maps import AttentionMaps
from seqmodels.callbacks.confusion_matrix import ConfusionMatrix
from seqmodels.callbacks.early_stopping import EarlyStopping
from seqmodels.callbacks.embedding_projector import EmbeddingProjector
from seqmodels.callbacks.forecast import Forecast
from seqmodels.callbacks.gradient_norm import GradientNorm
from seqmodels.callbacks.history import History
from seqmodels.callbacks.hyperparameter_table import HyperparameterTable
from seqmodels.callbacks.last_checkpoint import LastCheckpoint
from seqmodels.callbacks.learning_rate import LearningRate
from seqmodels.callbacks.loss_by_epoch import LossByEpoch
from seqmodels.callbacks.melodies import Melodies
from seqmodels.callbacks.mistakes import Mistakes
from seqmodels.callbacks.non_finite import CheckFinite, NonFiniteError
from seqmodels.callbacks.piano_rolls import PianoRolls
from seqmodels.callbacks.pictures import Pictures
from seqmodels.callbacks.predictions import Predictions
from seqmodels.callbacks.progress import EpochProgress
from seqmodels.callbacks.random_state import RandomState
from seqmodels.callbacks.spectrograms import Spectrograms
from seqmodels.callbacks.tagged_sentences import TaggedSentences
from seqmodels.callbacks.text_samples import TextSamples
from seqmodels.callbacks.translations import Translations
from seqmodels.callbacks.view import View

__all__ = [
    "AttentionMaps",
    "CheckFinite",
    "ConfusionMatrix",
    "EarlyStopping",
    "EmbeddingProjector",
    "EpochProgress",
    "Forecast",
    "GradientNorm",
    "History",
    "HyperparameterTable",
    "LastCheckpoint",
    "LearningRate",
    "LossByEpoch",
    "Melodies",
    "Mistakes",
    "NonFiniteError",
    "PianoRolls",
    "Pictures",
    "Predictions",
    "RandomState",
    "Spectrograms",
    "TaggedSentences",
    "TextSamples",
    "Translations",
    "View",
]
