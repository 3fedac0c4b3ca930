import pytest
import torch
import torch.nn.functional as F

from seqmodels.layers.attention import Additive, Attention, Dot, General

KINDS = [Dot, General, Additive]


@pytest.fixture(params=KINDS)
def attention(request: pytest.FixtureRequest, _double: None) -> Attention:
    return request.param(3, 3)


def by_hand(attention: Attention, s_t: torch.Tensor, m_j: torch.Tensor) -> torch.Tensor:
    match attention:
        case Additive():
            inner = attention.query.weight @ s_t + attention.query.bias + attention.key.weight @ m_j
            return attention.weight.weight[0] @ torch.tanh(inner)
        case General():
            return s_t @ attention.key.weight @ m_j
    return s_t @ m_j


def test_it_is_a_weighted_mean_over_the_valid_steps(attention: Attention) -> None:
    query, values, lengths = torch.randn(2, 4, 3), torch.randn(2, 5, 3), torch.tensor([5, 2])
    context, weights = attention(query, attention.remember(values, lengths))
    for row, length in enumerate(lengths):
        for t in range(4):
            scores = torch.stack([by_hand(attention, query[row, t], m) for m in values[row, :length]])
            torch.testing.assert_close(weights[row, t, :length], scores.softmax(0))
            torch.testing.assert_close(context[row, t], scores.softmax(0) @ values[row, :length])
    assert not weights[1, :, 2:].any()


@pytest.mark.usefixtures("_double")
def test_the_dot_score_is_torchs_scaled_dot_product_without_its_scale() -> None:
    query, values, lengths = torch.randn(2, 4, 3), torch.randn(2, 5, 3), torch.tensor([5, 2])
    memory = Dot(3, 3).remember(values, lengths)
    expected = F.scaled_dot_product_attention(query, values, values, attn_mask=memory.valid[:, None], scale=1.0)
    torch.testing.assert_close(Dot(3, 3)(query, memory)[0], expected)


def test_padding_is_never_looked_at(attention: Attention) -> None:
    query, values, lengths = torch.randn(2, 4, 3), torch.randn(2, 5, 3), torch.tensor([3, 0])
    spoilt = values.clone()
    spoilt[0, 3:], spoilt[1] = 1e6, -1e6
    context, weights = attention(query, attention.remember(spoilt, lengths))
    torch.testing.assert_close(context[0], attention(query, attention.remember(values, lengths))[0][0])
    assert not context[1].any()
    assert not weights[1].any()


def test_sizes_may_differ_but_for_the_dot_score() -> None:
    for kind in (General, Additive):
        layer = kind(4, 3)
        context, _ = layer(torch.randn(1, 2, 4), layer.remember(torch.randn(1, 5, 3), torch.tensor([5])))
        assert context.shape == (1, 2, 3)
    with pytest.raises(ValueError, match=r"as many features .* got 4 and 3"):
        Dot(4, 3)
