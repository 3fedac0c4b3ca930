"""Objectives: what is asked of the outputs."""

from seqmodels.objectives.base import Objective
from seqmodels.objectives.classification import Classification
from seqmodels.objectives.language import Language
from seqmodels.objectives.regression import Regression

__all__ = ["Classification", "Language", "Objective", "Regression"]
