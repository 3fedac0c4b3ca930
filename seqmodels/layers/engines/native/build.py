"""Compiles the operators for this torch and this machine."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import torch

from seqmodels.atomic_files import atomic_write
from seqmodels.locked_folders import remove_abandoned, unfinished_folder
from seqmodels.plain_files import explained

SOURCES = sorted(path for path in Path(__file__).parent.iterdir() if path.suffix in (".cpp", ".h"))


def library() -> Path:
    """Where the library built from these sources, for this torch and this machine, lies or would lie."""
    return _library(_root())


@cache
def is_built() -> bool:
    """Return whether it is there and undamaged; looked up once, for this is asked at every call of a layer.

    A damaged one is named on standard error: a flipped bit in it would change results.
    """
    target = library()
    if not target.exists():
        return False
    if _is_whole(target):
        return True
    sys.stderr.write(f"seqmodels: {target} is damaged and not used; build it again with `seqmodels build-native`\n")
    return False


def _root() -> str:
    return os.environ.get("XDG_CACHE_HOME") or "~/.cache"


@cache
def _library(root: str) -> Path:
    machine = f"{platform.machine()} {' '.join(_flags())}".encode()
    key = hashlib.sha256(b"\0".join([machine, *(path.read_bytes() for path in SOURCES)])).hexdigest()
    return Path(root).expanduser() / "seqmodels" / "native" / f"{torch.__version__}-{key[:16]}" / "seqmodels_native.so"


def build() -> Path:
    """Compile the library into the user's cache, unless it is there already and undamaged.

    Returns:
        The path of the library.

    Raises:
        RuntimeError: there is no C++ compiler, or it failed; one line, with the path of its messages.
        OSError: the library cannot be written.
    """
    target = library()
    if target.exists() and _is_whole(target):
        is_built.cache_clear()
        return target
    wanted = os.environ.get("CXX") or "c++"
    compiler = shutil.which(wanted)
    if compiler is None:
        raise RuntimeError(
            f"the native engine needs a C++ compiler, and there is no {wanted}: install g++ or clang++, or set CXX"
        )
    with explained(f"write {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(target.parent.glob("unfinished-*"))
        # Under a name of its own first: another process sees the whole library or none.
        with unfinished_folder(target.parent, "unfinished") as (folder, _):
            _compile(compiler, folder / target.name, target.with_name("build.log"))
            with atomic_write(_sum(target)) as file, (folder / target.name).open("r+b") as made:
                file.write(hashlib.file_digest(made, "sha256").hexdigest().encode())
                os.fsync(made.fileno())
            (folder / target.name).replace(target)
    is_built.cache_clear()
    return target


def _compile(compiler: str, target: Path, log: Path) -> None:
    command = [compiler, *_arguments(), "-o", str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        log.write_text(f"{' '.join(command)}\n{result.stdout}{result.stderr}", encoding="utf-8")
        raise RuntimeError(f"{compiler} could not compile the native engine: see {log}")


def _is_whole(target: Path) -> bool:
    """Return whether a library has the SHA-256 sum that was noted beside it when it was built."""
    try:
        with target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == _sum(target).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False


def _sum(target: Path) -> Path:
    return target.with_suffix(".sha256")


def _arguments() -> list[str]:
    torch_folder = Path(torch.__file__).parent
    lib = torch_folder / "lib"
    return [
        *_flags(),
        *(str(path) for path in SOURCES if path.suffix == ".cpp"),
        f"-I{torch_folder / 'include'}",
        f"-L{lib}",
        "-ltorch_cpu",
        "-lc10",
        # torch brings its own OpenMP: with a second one the threads of both would wait for each other, spinning.
        *(str(path) for path in lib.glob("libgomp*")),
    ]


def _flags() -> list[str]:
    """What decides about the instructions in the library."""
    level = {"AVX512": "-march=x86-64-v4", "AVX2": "-march=x86-64-v3"}.get(torch.backends.cpu.get_cpu_capability())
    common = ["-std=c++20", "-O3", "-fPIC", "-shared", "-Wno-psabi", "-DNDEBUG"]
    abi = f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}"
    if sys.platform == "darwin":
        return [*common, abi, "-undefined", "dynamic_lookup"]
    return [*common, abi, "-fopenmp", "-Wl,--as-needed", *([level] if level else [])]
