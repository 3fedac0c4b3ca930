"""Words by their vectors and by their characters."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqmodels.layers import SpelledWordEmbedding


def embedding(**arguments: object) -> SpelledWordEmbedding:
    torch.manual_seed(0)
    return SpelledWordEmbedding(6, 4, 9, spelling_size=5, **{"padding_index": 0, **arguments}).double()


def words(*rows: list[list[int]]) -> Tensor:
    return torch.tensor(rows)


def test_word_and_spelling_side_by_side() -> None:
    layer = embedding()
    y = layer(words([[2, 3, 4, 0], [3, 3, 4, 0], [2, 5, 6, 7]]))
    assert (layer.output_size, y.shape) == (9, (1, 3, 9))
    assert torch.equal(y[0, :, :4], layer.words.table.weight[[2, 3, 2]])
    assert torch.equal(y[0, 0, 4:], y[0, 1, 4:])
    assert not torch.equal(y[0, 0, 4:], y[0, 2, 4:])


@given(st.lists(st.integers(1, 8), min_size=1, max_size=6), st.integers(0, 4))
def test_spelling_as_one_writes_it_down(spelling: list[int], padding: int) -> None:
    layer = embedding()
    table, weight, bias = layer.characters.table.weight, layer.filters.weight, layer.filters.bias
    zero = torch.zeros(1, table.shape[1], dtype=torch.float64)
    letters = torch.cat([zero, table[spelling], zero])
    found = [
        F.relu(bias + sum(weight[:, :, k] @ letters[place + k] for k in range(3))) for place in range(len(spelling))
    ]
    actual = layer.spell(torch.tensor([spelling + [0] * padding]))[0]
    torch.testing.assert_close(actual, torch.stack(found).amax(0))


def test_a_row_does_not_depend_on_the_others_nor_on_padding() -> None:
    layer = embedding()
    rows = torch.randint(1, 6, (3, 4, 5))
    rows[1, 2:] = 0
    together = layer(rows)
    for row, length in ((0, 4), (1, 2), (2, 4)):
        torch.testing.assert_close(together[row, :length], layer(rows[row : row + 1, :length])[0])
    assert not together[1, 2:].any()


def test_each_distinct_spelling_is_computed_once() -> None:
    layer, counted = embedding(), []
    layer.filters.register_forward_pre_hook(lambda _, arguments: counted.append(len(arguments[0])))
    layer(words([[1, 3, 4], [2, 3, 4]], [[1, 3, 4], [5, 4, 3]]))
    assert counted == [2]


def test_gradients_reach_words_and_characters_but_no_padding() -> None:
    layer = embedding()
    layer(words([[2, 3, 4], [0, 0, 0]])).sum().backward()
    touched = layer.words.table.weight.grad.abs().sum(1) > 0  # type: ignore[union-attr]
    assert touched.tolist() == [False, False, True, False, False, False]
    assert not layer.characters.table.weight.grad[0].any()  # type: ignore[index]
    assert layer.characters.table.weight.grad[3].any()  # type: ignore[index]


def test_starts_from_given_vectors_and_drops_features_in_training_only() -> None:
    vectors = torch.randn(6, 7)
    layer = embedding(vectors=vectors, dropout=1.0).float()
    assert layer.output_size == 12
    assert not layer(words([[2, 3, 4]])).any()
    assert torch.equal(layer.eval()(words([[2, 3, 4]]))[0, 0, :7], vectors[2])


def test_refuses_vectors_of_another_vocabulary() -> None:
    with pytest.raises(ValueError, match=r"^expected vectors for 6 vocabulary entries, got 5$"):
        embedding(vectors=torch.randn(5, 3))
