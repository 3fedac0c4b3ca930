"""Sound files that the tests write."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray


def tone(pitch: float = 440.0, *, seconds: float = 0.2, rate: int = 8000) -> NDArray[np.float32]:
    wave: NDArray[Any] = 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)
    return wave.astype(np.float32)


def write(path: Path, samples: NDArray[np.float32], rate: int = 8000, **arguments: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **arguments)
    return path


def folder(path: Path, *, count: int = 10) -> Path:
    """`low` and `high` tones in a folder each."""
    for label, pitch in (("low", 300.0), ("high", 2000.0)):
        for number in range(count):
            write(path / label / f"{number}.wav", tone(pitch, seconds=0.1 + 0.01 * number))
    return path


def pack(path: Path, *folders: Path) -> Path:
    with tarfile.open(path, f"w:{path.suffix[1:]}") as archive:
        for each in folders:
            archive.add(each, arcname=each.name)
    return path


def as_bytes(samples: NDArray[np.float32], rate: int = 8000, format: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=format)
    return file.getvalue()
