"""Labelled sounds as the tests read them."""

from typing import Any

from seqmodels.data.audio.labelled_audio import LabelledAudioData
from seqmodels.data.audio.sound import LogMel

MEL = LogMel(sample_rate=8000, num_mels=20)


def labelled(**arguments: Any) -> LabelledAudioData:
    data = LabelledAudioData(**{"features": MEL, **arguments})
    data.setup()
    return data
