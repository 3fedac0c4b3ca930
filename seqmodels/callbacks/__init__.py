"""Callbacks: what is seen of a run in TensorBoard. They only look: training goes the same without."""

from seqmodels.callbacks.confusion_matrix import ConfusionMatrix
from seqmodels.callbacks.forecast import Forecast
from seqmodels.callbacks.gradient_norm import GradientNorm
from seqmodels.callbacks.hyperparameter_table import HyperparameterTable
from seqmodels.callbacks.last_on_exception import LastOnException
from seqmodels.callbacks.loss_by_epoch import LossByEpoch
from seqmodels.callbacks.mistakes import Mistakes
from seqmodels.callbacks.text_samples import TextSamples
from seqmodels.callbacks.view import View

__all__ = [
    "ConfusionMatrix",
    "Forecast",
    "GradientNorm",
    "HyperparameterTable",
    "LastOnException",
    "LossByEpoch",
    "Mistakes",
    "TextSamples",
    "View",
]
