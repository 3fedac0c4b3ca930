"""TensorBoard's files: how far they were written when a checkpoint was saved, and back to that place."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pytorch_lightning.loggers import Logger, TensorBoardLogger

PATTERN = "events.out.tfevents.*"


def event_file_sizes(loggers: Iterable[Logger]) -> dict[str, int]:
    """Return the sizes in bytes of TensorBoard's files, by name, with everything written that was logged so far."""
    sizes = {}
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.flush()
            sizes.update({path.name: path.stat().st_size for path in Path(logger.log_dir).glob(PATTERN)})
    return sizes


def cut_event_files(folder: Path, sizes: Mapping[str, int]) -> None:
    """Take from TensorBoard's files what was logged behind a checkpoint, which a resumed training logs again.

    Args:
        folder: of the files.
        sizes: what `event_file_sizes` returned for the checkpoint; files with other names are removed.
    """
    for path in folder.glob(PATTERN):
        if path.name not in sizes:
            path.unlink()
        elif path.stat().st_size > sizes[path.name]:
            with path.open("r+b") as file:
                file.truncate(sizes[path.name])
