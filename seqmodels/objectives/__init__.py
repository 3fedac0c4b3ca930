"""Objectives: what is asked of the outputs."""

from seqmodels.objectives.adaptive_language import AdaptiveLanguage
from seqmodels.objectives.base import Objective
from seqmodels.objectives.classification import Classification
from seqmodels.objectives.ctc import CTC
from seqmodels.objectives.generation import Generation
from seqmodels.objectives.labels import Label
from seqmodels.objectives.language import Language
from seqmodels.objectives.notes import Notes
from seqmodels.objectives.regression import Regression
from seqmodels.objectives.tagging import EntityTagging

__all__ = [
    "CTC",
    "AdaptiveLanguage",
    "Classification",
    "EntityTagging",
    "Generation",
    "Label",
    "Language",
    "Notes",
    "Objective",
    "Regression",
]
