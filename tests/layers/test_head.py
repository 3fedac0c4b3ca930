"""The output layer."""

import pytest
import torch

from seqmodels.cells import GRUCell
from seqmodels.layers import Recurrent
from seqmodels.layers.head import Head
from seqmodels.layers.pooling import Last


def test_answers_at_every_step():
    head, h = Head(3, 2), torch.randn(4, 5, 3)
    torch.testing.assert_close(head(h, torch.full((4,), 5))[:, 2], head.linear(h[:, 2]))


def test_answers_once_per_row_behind_a_pooling():
    pooling = Last(Recurrent(GRUCell(2, 3)))
    head, h, lengths = Head(3, 2, pooling=pooling), torch.randn(4, 5, 3), torch.tensor([5, 1, 3, 2])
    torch.testing.assert_close(head(h, lengths), head.linear(pooling(h, lengths)))


def test_dropout_acts_in_training_only():
    head, h = Head(3, 2, dropout=1.0), torch.randn(4, 5, 3)
    lengths = torch.full((4,), 5)
    torch.testing.assert_close(head(h, lengths), head.linear.bias.expand(4, 5, 2))
    with pytest.raises(AssertionError):
        torch.testing.assert_close(head.eval()(h, lengths), head.linear.bias.expand(4, 5, 2))
