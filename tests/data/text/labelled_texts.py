"""Labelled texts that the tests write and read."""

from pathlib import Path
from typing import Any

from seqmodels.data.text.labelled_text import LabelledTextData


def write(path: Path, *rows: tuple[str, str]) -> str:
    path.write_text("\n".join(f"{label} {text}" for text, label in rows))
    return str(path)


def made(**arguments: Any) -> LabelledTextData:
    data = LabelledTextData(**arguments)
    data.setup()
    return data
