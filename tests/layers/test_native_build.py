"""The compiled library is made on request, once, and said in one line why it cannot be."""

import re

import pytest
import torch

import seqmodels
from seqmodels.layers.engines.native import available, engine
from seqmodels.layers.engines.native import build as building
from tests.mounts import fill, small_disk


def test_a_layer_takes_it_from_the_moment_it_is_built(monkeypatch, request):
    layer, x = seqmodels.LSTM(2, 10), torch.randn(4000, 2, 2)
    engines = []
    monkeypatch.setattr(engine, "run", lambda *args: engines.append("native") or engine.fused.run(*args, compiled=True))
    layer(x)
    assert engines == []
    monkeypatch.setenv("XDG_CACHE_HOME", str(request.getfixturevalue("_native_cache")))
    building.build()
    layer(x)
    assert engines == ["native"]


def test_says_in_one_line_that_there_is_no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    message = (
        "the native engine needs a C++ compiler, and there is no no-such-compiler: install g++ or clang++, or set CXX"
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        building.build()
    assert not available()


def test_a_failed_compilation_leaves_a_log_and_no_library(monkeypatch, tmp_path):
    compiler = tmp_path / "compiler"
    compiler.write_text("#!/bin/sh\necho 'error: no' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CXX", str(compiler))
    log = building.library().with_name("build.log")
    message = f"{compiler} could not compile the native engine: see {log}"
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        building.build()
    assert log.read_text().endswith("error: no\n")
    assert not available()
    assert [path.name for path in log.parent.iterdir()] == [log.name]


@pytest.fixture
def library(monkeypatch, tmp_path):
    """A library that a compiler in the shell has built."""
    compiler = tmp_path / "compiler"
    compiler.write_text('#!/bin/sh\nfor target; do :; done\nprintf library > "$target"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", str(compiler))
    return building.build()


def test_builds_once(monkeypatch, library):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert building.build() == building.library() == library
    assert building.is_built()
    assert sorted(path.name for path in library.parent.iterdir()) == ["seqmodels_native.sha256", library.name]


@pytest.mark.parametrize("content", [b"librarY", b"librar", b""])
@pytest.mark.parametrize("suffix", [".so", ".sha256"])
def test_a_damaged_library_is_named_and_not_used_until_it_is_built_again(library, suffix, content, capsys):
    library.with_suffix(suffix).write_bytes(content)
    for _ in range(2):
        assert not building.is_built()
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"seqmodels: {library} is damaged and not used; build it again with `seqmodels build-native`"
    assert building.build() == library
    assert library.read_bytes() == b"library"
    assert building.is_built()
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_one_line_and_leaves_no_library(monkeypatch, tmp_path):
    compiler = tmp_path / "compiler"
    compiler.write_text('#!/bin/sh\nfor target; do :; done\nprintf library > "$target"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
        with pytest.raises((OSError, RuntimeError), match=r"^[^\n]*seqmodels_native.so[^\n]*$"):
            building.build()
        assert not building.is_built()
        assert not list(disk.rglob("unfinished-*"))


def test_another_machine_has_another_library(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "NONE")
    building._library.cache_clear()
    other = building.library()
    monkeypatch.undo()
    building._library.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert other.parent.parent == building.library().parent.parent
    assert (other != building.library()) == (torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512"))
