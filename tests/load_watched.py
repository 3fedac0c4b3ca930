"""Loads the checkpoints of a folder and reports what the process did meanwhile: `python -m tests.load_watched FOLDER`.

The readers of raw input are imported, and the first checkpoint, by name, is loaded unwatched: it imports what loading
needs.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import seqmodels
from seqmodels.kinds import READERS, import_name

ALLOWED = {"object.__getattr__", "object.__setattr__", "object.__delattr__", "sys._getframe", "builtins.id", "compile"}
events: list[str] = []


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what happens, but for files that are opened to be read."""
    if event == "open":
        _, mode, flags = arguments
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and (mode is None or set(mode) <= {"r", "b"}):
            return
    if event not in ALLOWED:
        events.append(f"{event} {arguments!r:.100}")


def outcome(path: Path) -> dict[str, Any]:
    """How a checkpoint was refused, and what happened meanwhile."""
    modules = set(sys.modules)
    events.clear()
    try:
        seqmodels.load(path)
        error = "nothing was raised"
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    return {"error": error, "events": events.copy(), "imported": sorted(set(sys.modules) - modules)}


def main() -> None:
    first, *others = sorted(Path(sys.argv[1]).glob("*.ckpt"))
    seqmodels.load(first)
    for reader in READERS:
        import_name(reader)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.addaudithook(hook)
    found = {path.name: outcome(path) for path in others}
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sys.stdout.write(json.dumps({"found": found, "grown": grown * (1 if sys.platform == "darwin" else 1024)}))


if __name__ == "__main__":
    main()
