"""Data: one reader per file format, each giving batches and the description of what they hold."""

from seqmodels.data.audio.labelled_audio import LabelledAudioData
from seqmodels.data.audio.transcribed_audio import TranscribedAudioData
from seqmodels.data.base import SequenceData
from seqmodels.data.images.captioned_images import CaptionedImagesData
from seqmodels.data.images.film_data import CaptionedFilmData, LabelledFilmData
from seqmodels.data.images.labelled_images import LabelledImagesData
from seqmodels.data.images.pixel_sequences import PixelSequencesData
from seqmodels.data.music.melodies import MelodyData
from seqmodels.data.music.piano_rolls import PianoRollData
from seqmodels.data.series.forecast_data import SeriesData
from seqmodels.data.series.labelled_series import LabelledSeriesData
from seqmodels.data.synthetic import SyntheticData
from seqmodels.data.text.corpus import CorpusData
from seqmodels.data.text.labelled_text import LabelledTextData
from seqmodels.data.text.parallel_text import ParallelTextData
from seqmodels.data.text.tagged_text import TaggedTextData
from seqmodels.data.vocabulary import Vocabulary

__all__ = [
    "CaptionedFilmData",
    "CaptionedImagesData",
    "CorpusData",
    "LabelledAudioData",
    "LabelledFilmData",
    "LabelledImagesData",
    "LabelledSeriesData",
    "LabelledTextData",
    "MelodyData",
    "ParallelTextData",
    "PianoRollData",
    "PixelSequencesData",
    "SequenceData",
    "SeriesData",
    "SyntheticData",
    "TaggedTextData",
    "TranscribedAudioData",
    "Vocabulary",
]
