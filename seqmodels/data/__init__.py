"""Data: one reader per file format, each giving batches and the description of what they hold."""

from seqmodels.data.base import SequenceData
from seqmodels.data.corpus import CorpusData
from seqmodels.data.labelled_text import LabelledTextData
from seqmodels.data.series import SeriesData
from seqmodels.data.vocabulary import Vocabulary

__all__ = ["CorpusData", "LabelledTextData", "SequenceData", "SeriesData", "Vocabulary"]
