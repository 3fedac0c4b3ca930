"""Files of checkpoints."""

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from typing import Any, BinaryIO

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO
from torch import Tensor

from seqmodels.atomic_files import atomic_write
from seqmodels.checkpoints.archive import check_archive
from seqmodels.checkpoints.digests import verify, with_digests

Location = str | torch.device | dict[str, str] | Callable[..., Any] | None
TYPES: dict[str, type] = {
    "state_dict": dict,
    "seqmodels": dict,
    "epoch": int,
    "global_step": int,
    "loops": dict,
    "callbacks": dict,
    "optimizer_states": list,
    "lr_schedulers": list,
}


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's reading and writing of checkpoints, such that no damaged one is left or loaded.

    A checkpoint is written beside its place, on the same file system, and renamed. It holds tensors and plain values
    and a SHA-256 digest of each tensor and of the plain values. No code is run when it is loaded, and one that was
    changed since it was saved is refused. One without digests, which Lightning has written itself, is loaded unchecked.

    Example:
        >>> import pytorch_lightning as pl
        >>> trainer = pl.Trainer(plugins=[AtomicCheckpointIO()], logger=False, accelerator="cpu")
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any | None = None
    ) -> None:
        """Write a checkpoint; the folder is made if there is none.

        Args:
            checkpoint: dense tensors and plain values.
            path: a local file; one that is there is replaced.
            storage_options: not supported.

        Raises:
            OSError: the file cannot be written. What was there before stays.
            TypeError: there are storage options.
            ValueError: the checkpoint holds something else, which could not be loaded.
        """
        if storage_options is not None:
            raise TypeError(f"expected no storage_options: checkpoints are local files, got {storage_options!r}")
        _write(with_digests(checkpoint), Path(path))

    def load_checkpoint(
        self,
        path: str | os.PathLike[str],
        map_location: Location = "cpu",
        weights_only: bool | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Read a checkpoint and check it by its digests, if it has any.

        Args:
            path: a local file.
            map_location: as for `torch.load`.
            weights_only: has no effect; no other values than tensors and plain ones are ever loaded.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is damaged, no checkpoint, or was changed since it was saved.
        """
        return _read(Path(path), map_location)[0]

    def remove_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Remove a checkpoint file.

        Raises:
            ValueError: the path leads upwards. A checkpoint says which files its training has written, and might name
                others.
        """
        if ".." in Path(path).parts:
            raise ValueError(f"expected the path of a checkpoint to remove, got {path}, which leads upwards")
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of this project and check it by its digests.

    Args:
        path: a local file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, was changed since it was saved, or is none of this project.
    """
    checkpoint, has_digests = _read(path, "cpu")
    _check_project(checkpoint, path)
    if not has_digests:
        raise ValueError(
            f"{path} has no digests: an earlier version wrote it, or a Trainer without AtomicCheckpointIO; "
            f"if you know where it is from, add them by `seqmodels convert {quote(str(path))}`"
        )
    _check_targets(checkpoint, path)
    return checkpoint


def convert(path: Path) -> None:
    """Add digests to a checkpoint of an earlier version of this project or of a plain Trainer, in its place.

    Whether it was changed before is unknown.

    Args:
        path: a local file.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it cannot be written.
        ValueError: it is damaged, or none of this project.
    """
    checkpoint, has_digests = _read(path, "cpu")
    _check_project(checkpoint, path)
    if not has_digests:
        content = with_digests(checkpoint)
        _check_targets(checkpoint, path)
        _write(content, path)


def _read(path: Path, map_location: Location) -> tuple[dict[str, Any], bool]:
    """Return what a file holds, and whether it has digests."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        with path.open("rb") as file, warnings.catch_warnings(action="ignore"):
            check_archive(file)
            file.seek(0)
            checkpoint = torch.load(file, map_location=map_location, weights_only=True)
        return checkpoint, verify(checkpoint)
    except Exception as error:  # torch and zipfile raise whatever damaged bytes make of them.
        message = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} is damaged or no checkpoint: {message[:200]}") from error


def _check_project(checkpoint: Mapping[str, Any], path: Path) -> None:
    """Check that a checkpoint says which model it holds, and that its parts have their types."""
    if "seqmodels" not in checkpoint or "state_dict" not in checkpoint:
        raise ValueError(f"{path} is a checkpoint of another project: it does not say which model it holds")
    for name, kind in TYPES.items():
        if name in checkpoint and not isinstance(checkpoint[name], kind):
            got = type(checkpoint[name]).__name__
            raise ValueError(f"{path}: expected {name} to be of type {kind.__name__}, got {got}")
    for name, tensor in checkpoint["state_dict"].items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise ValueError(f"{path}: expected tensors in state_dict, got {type(tensor).__name__} as {name!r:.60}")
    for name in ("recipe", "spec"):
        if not isinstance(checkpoint["seqmodels"].get(name), dict):
            got = type(checkpoint["seqmodels"].get(name)).__name__
            raise ValueError(f"{path}: expected seqmodels.{name} to be a dictionary, got {got}")


def _check_targets(checkpoint: Mapping[str, Any], path: Path) -> None:
    """Check that nothing outside the model's recipe names what could be called; values are not nested too deep."""
    model = {name: value for name, value in checkpoint["seqmodels"].items() if name not in ("recipe", "spec")}
    if _names_a_target({**checkpoint, "seqmodels": model}):
        raise ValueError(f"{path} names a class or function to call (`_target_`) outside the model's recipe")


def _names_a_target(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "_target_" in value or any(map(_names_a_target, value.values()))
    return isinstance(value, list | tuple) and any(map(_names_a_target, value))


def _write(content: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint that has digests."""
    checked = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            _save(content, file)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        torch.serialization.set_crc32_options(checked)


class _Sink:
    """File that keeps the error of a write: the error that torch raises in its place does not tell what was wrong."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.flush = file, file.flush
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self.file.write(content)
        except OSError as error:
            self.error = error
            raise


def _save(content: Mapping[str, Any], file: BinaryIO) -> None:
    sink = _Sink(file)
    try:
        torch.save(content, sink)  # type: ignore[arg-type]
    except RuntimeError as error:
        raise sink.error or error from error
