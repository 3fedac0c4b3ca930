"""From what a batch holds to features."""

import pytest
import torch

from seqmodels.layers import TokenEmbedding, ValueEmbedding


def test_looks_up_each_token():
    embedding = TokenEmbedding(5, 3)
    tokens = torch.tensor([[0, 4, 4], [2, 1, 0]])
    assert torch.equal(embedding(tokens), embedding.table.weight[tokens])
    assert embedding.output_size == 3


def test_padding_is_zero_and_stays_so():
    embedding = TokenEmbedding(5, 3, padding_index=2)
    assert not embedding(torch.tensor([[2]])).any()
    embedding(torch.tensor([[0, 2, 2]])).sum().backward()
    assert not embedding.table.weight.grad[2].any()
    assert embedding.table.weight.grad[0].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("padding_index", [None, 0])
def test_starts_from_given_vectors(padding_index):
    vectors = torch.randn(4, 6)
    embedding = TokenEmbedding(4, 3, padding_index=padding_index, vectors=vectors)
    assert embedding.output_size == 6
    assert torch.equal(embedding(torch.tensor([[1, 3]]))[0], vectors[[1, 3]])
    assert bool(embedding(torch.tensor([[0]])).any()) == (padding_index is None)
    assert embedding.table.weight.requires_grad
    with torch.no_grad():
        embedding.table.weight.zero_()
    assert vectors.all()  # a copy, not the caller's tensor


def test_refuses_vectors_of_another_vocabulary():
    with pytest.raises(ValueError, match=r"^expected vectors for 4 vocabulary entries, got 5$"):
        TokenEmbedding(4, 3, vectors=torch.randn(5, 3))


def test_dropout_acts_in_training_only():
    embedding = TokenEmbedding(4, 3, dropout=1.0)
    tokens = torch.tensor([[1, 2]])
    assert not embedding(tokens).any()
    assert embedding.eval()(tokens).any()


def test_values_are_features_already():
    embedding, values = ValueEmbedding(3), torch.randn(2, 4, 3)
    assert embedding(values) is values
    assert embedding.output_size == 3


def test_dropout_takes_whole_columns_of_numbers_away():
    embedding, values = ValueEmbedding(50, dropout=0.5), torch.ones(4, 6, 50)
    dropped = embedding(values)
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}
    assert torch.equal(dropped, dropped[:, :1].expand_as(values))
    assert not torch.equal(dropped[0], dropped[1])
    assert torch.equal(embedding.eval()(values), values)
