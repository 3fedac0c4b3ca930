"""A trained model's answers, as a person wants them: a line, a JSON object, or a file of the expected kind."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqmodels.data.music.melodies import StartNotes
from seqmodels.data.music.melody_text import notes_of
from seqmodels.data.music.midi import write_midi
from seqmodels.data.music.notes import Note, pitch_of
from seqmodels.data.music.piano_rolls import PianoRoll
from seqmodels.objectives import Label
from seqmodels.runs import Run


def line(run: Run, item: Any, answer: Any) -> str:
    """One line for a terminal."""
    if isinstance(answer, Label):
        note = run.unknown_words(item).note() if answer.unknown else ""
        return "\t".join([answer.label, f"{answer.probability:.3f}", str(item), *([note] if note else [])])
    if _is_tagged(answer):
        return " ".join("/".join(pair) for pair in _tagged(run, item, answer))
    return str(answer)


def note(run: Run, item: Any, answer: Any) -> str:
    """Return what is to be said of an answer beside it, on standard error: nothing of a `Label`, which says it."""
    return "" if isinstance(answer, Label) else run.unknown_words(item).note()


def plain(run: Run, item: Any, answer: Any) -> dict[str, Any]:
    """Plain values for JSON, with all probabilities."""
    given = {"input": item if isinstance(item, str | list) else str(item)}
    if isinstance(answer, Label):
        return {**given, **answer._asdict(), "unknown": list(answer.unknown)}
    if _is_tagged(answer):
        words = run.raw.words(item) or [""] * len(answer)
        return {**given, "steps": [{"word": w, **a._asdict()} for w, a in zip(words, answer, strict=True)]}
    unknown = run.unknown_words(item).words
    named = {"unknown": unknown} if unknown else {}
    return {**given, "text" if isinstance(answer, str) else "value": answer, **named}


def save(run: Run, items: Sequence[Any], answers: Sequence[Any], path: Path) -> None:
    """Write a file: `.txt`, a line for each answer; `.jsonl`, an object for each; `.csv`, a row for each; `.mid`, the
    music that was written, or the notes that sound next (the second answer goes to `name-2.mid`, and so on).

    Raises:
        ValueError: the name ends otherwise; what was written is no music.
    """
    writers: dict[str, Callable[[Run, Sequence[Any], Sequence[Any], Path], None]] = {
        ".txt": _save_text,
        ".jsonl": _save_json,
        ".csv": _save_table,
        ".mid": _save_midi,
    }
    if path.suffix not in writers:
        raise ValueError(f"answers are written to {', '.join(writers)}, got {path.name!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    writers[path.suffix](run, items, answers, path)


def _save_text(run: Run, items: Sequence[Any], answers: Sequence[Any], path: Path) -> None:
    lines = [line(run, item, answer) for item, answer in zip(items, answers, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _save_json(run: Run, items: Sequence[Any], answers: Sequence[Any], path: Path) -> None:
    objects = [plain(run, item, answer) for item, answer in zip(items, answers, strict=True)]
    path.write_text("".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects), encoding="utf-8")


def _save_table(run: Run, items: Sequence[Any], answers: Sequence[Any], path: Path) -> None:
    rows = [row for item, answer in zip(items, answers, strict=True) for row in _rows(run, item, answer)]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["input"])
        table.writeheader()
        table.writerows(rows)


def _rows(run: Run, item: Any, answer: Any) -> list[dict[str, Any]]:
    if _is_tagged(answer):
        return [{"word": word, "label": label} for word, label in _tagged(run, item, answer)]
    if isinstance(answer, Label):
        return [{"input": item, "label": answer.label, "probability": answer.probability}]
    if isinstance(answer, str):
        return [{"input": item, "text": answer}]
    names = run.spec.answers or run.spec.columns
    values = answer if isinstance(answer, list) else [answer]
    named = names if len(names) == len(values) else [f"value {i}" for i in range(1, len(values) + 1)]
    return [dict(zip(named, values, strict=True))]


def _save_midi(run: Run, items: Sequence[Any], answers: Sequence[Any], path: Path) -> None:  # noqa: ARG001
    if not isinstance(run.raw, StartNotes | PianoRoll):
        raise ValueError(f"only a model of music writes MIDI files, this run reads {type(run.raw).__name__}")
    for number, text in enumerate(answers, start=1):
        place = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        voices = notes_of(text) if isinstance(run.raw, StartNotes) else [_chord(text)]
        write_midi(place, voices, steps_per_beat=run.raw.steps_per_beat)


def _chord(text: str) -> list[Note]:
    """Notes of one step; none where all keys are silent."""
    return [Note(pitch_of(name), 0, 1) for name in text.split()]


def _is_tagged(answer: Any) -> bool:
    return isinstance(answer, list) and bool(answer) and isinstance(answer[0], Label)


def _tagged(run: Run, item: Any, answer: list[Label]) -> list[tuple[str, str]]:
    words = run.raw.words(item) or [str(step) for step in range(1, len(answer) + 1)]
    return [(word, tag.label) for word, tag in zip(words, answer, strict=True)]
