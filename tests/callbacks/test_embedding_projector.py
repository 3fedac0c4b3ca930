"""The vectors TensorBoard's projector finds are those of the tested model."""

from pathlib import Path

import numpy as np
import pytest

from seqmodels.callbacks import EmbeddingProjector
from seqmodels.data.vocabulary import Vocabulary
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


def shown(run: Path) -> tuple[list[str], np.ndarray]:
    """Words and vectors, from the files that the projector's own configuration names."""
    configuration = (run / "projector_config.pbtxt").read_text()
    paths = dict(line.strip().split(": ") for line in configuration.splitlines() if "_path" in line)
    words, vectors = (run / paths[key].strip('"') for key in ("metadata_path", "tensor_path"))
    return words.read_text().splitlines(), np.loadtxt(vectors, delimiter="\t", ndmin=2)


@pytest.mark.parametrize("num_words", [2, 2000])
def test_the_most_frequent_words_and_their_vectors(tmp_path: Path, num_words: int) -> None:
    data = tiny.reviews()
    mapping = tiny.model(data)
    tiny.trainer(tmp_path, [EmbeddingProjector(num_words)]).test(mapping, data, verbose=False)
    words, vectors = shown(tmp_path)
    tokens = Vocabulary.from_json(data.spec.vocabulary or "").tokens
    assert words == tokens[2 : 2 + num_words]
    expected = mapping.embedding.table.weight[2 : 2 + num_words].detach().numpy()  # type: ignore[union-attr]
    np.testing.assert_allclose(vectors, expected, rtol=1e-5)


def test_a_character_that_cannot_be_seen_keeps_its_line(tmp_path: Path) -> None:
    data = tiny.text()
    tiny.trainer(tmp_path, [EmbeddingProjector()]).test(tiny.model(data), data, verbose=False)
    words, vectors = shown(tmp_path)
    assert len(words) == len(vectors) == data.spec.input_size - 1
    assert "'\\n'" in words


def test_numbers_have_no_words(tmp_path: Path) -> None:
    data = tiny.series()
    tiny.trainer(tmp_path, [EmbeddingProjector()]).test(tiny.model(data), data, verbose=False)
    assert not (tmp_path / "projector_config.pbtxt").exists()


def test_the_number_is_positive() -> None:
    with pytest.raises(ValueError, match="num_words must be at least 1, got 0"):
        EmbeddingProjector(0)
