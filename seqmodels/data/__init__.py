"""Data: one reader per file format, each giving batches and the description of what they hold."""

from seqmodels.data.base import SequenceData
from seqmodels.data.captioned_images import CaptionedImagesData
from seqmodels.data.corpus import CorpusData
from seqmodels.data.labelled_audio import LabelledAudioData
from seqmodels.data.labelled_images import LabelledImagesData
from seqmodels.data.labelled_text import LabelledTextData
from seqmodels.data.melodies import MelodyData
from seqmodels.data.piano_rolls import PianoRollData
from seqmodels.data.pixel_sequences import PixelSequencesData
from seqmodels.data.series import SeriesData
from seqmodels.data.synthetic import SyntheticData
from seqmodels.data.tagged_text import TaggedTextData
from seqmodels.data.transcribed_audio import TranscribedAudioData
from seqmodels.data.vocabulary import Vocabulary

__all__ = [
    "CaptionedImagesData",
    "CorpusData",
    "LabelledAudioData",
    "LabelledImagesData",
    "LabelledTextData",
    "MelodyData",
    "PianoRollData",
    "PixelSequencesData",
    "SequenceData",
    "SeriesData",
    "SyntheticData",
    "TaggedTextData",
    "TranscribedAudioData",
    "Vocabulary",
]
