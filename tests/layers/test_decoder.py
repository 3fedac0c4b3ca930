from collections.abc import Callable
from typing import Any

import pytest
import torch

from seqmodels.cells import Cell, GRUCell, LSTMCell
from seqmodels.layers import TokenEmbedding, recurrent_stack
from seqmodels.layers.attention import Additive, Attention, General
from seqmodels.layers.decoder import Decoder
from seqmodels.types import map_state

TOKENS, SIZE, HIDDEN, SUMMARY = 7, 4, 5, 6


def build(
    cell: Callable[..., Cell[Any]] = LSTMCell,
    attention: Callable[[int, int], Attention] | None = General,
    *,
    input_feeding: bool = False,
    num_layers: int = 1,
) -> Decoder:
    layers = recurrent_stack(cell, SIZE + HIDDEN * input_feeding, HIDDEN, num_layers=num_layers)
    return Decoder(
        TokenEmbedding(TOKENS, SIZE),
        layers,
        TOKENS,
        summary_size=SUMMARY,
        start=2,
        end=3,
        attention=attention and attention(HIDDEN, SUMMARY),
        input_feeding=input_feeding,
    )


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.parametrize("attention", [None, General, Additive])
@pytest.mark.usefixtures("_double")
def test_reading_in_one_go_equals_reading_step_by_step(
    build_cell: Callable[..., Cell[Any]], attention: Any, input_feeding: bool
) -> None:
    if (input_feeding and attention is None) or build_cell(2, HIDDEN).output_size != HIDDEN:
        pytest.skip("there is nothing to feed, or the cell has another output size")
    decoder = build(build_cell, attention, input_feeding=input_feeding, num_layers=2)
    state = decoder.begin(torch.randn(3, SUMMARY), torch.randn(3, 4, SUMMARY), torch.tensor([4, 1, 2]))
    tokens = torch.randint(TOKENS, (3, 6))
    whole, after = decoder(tokens, state)
    steps = []
    for t in range(6):
        written, state = decoder(tokens[:, t : t + 1], state)
        steps.append(written)
    torch.testing.assert_close(whole.scores, torch.cat([step.scores for step in steps], dim=1))
    torch.testing.assert_close(whole.weights, torch.cat([step.weights for step in steps], dim=1))
    torch.testing.assert_close(after, state)


@pytest.mark.usefixtures("_double")
def test_it_is_luongs_decoder() -> None:
    decoder = build(GRUCell, input_feeding=True)
    memory, lengths, tokens = torch.randn(1, 4, SUMMARY), torch.tensor([3]), torch.tensor([[2, 5, 1]])
    summary = torch.randn(1, SUMMARY)
    cell, attention = decoder.layers.layers[0].cell, decoder.attention
    linear, norm = decoder.bridge
    first = linear.weight @ summary[0] + linear.bias
    s_t = (first - first.mean()) / (first.var(correction=0) + norm.eps).sqrt() * norm.weight + norm.bias
    attended = torch.zeros(HIDDEN)
    expected = []
    for token in tokens[0]:
        x_t = torch.cat([decoder.embedding.table.weight[token], attended])
        s_t = cell(x_t[None], type(cell.initial_state(x_t[None]))(s_t[None]))[0][0]
        a_t = torch.stack([s_t @ attention.key.weight @ m for m in memory[0, :3]]).softmax(0)
        attended = torch.tanh(decoder.combine.weight @ torch.cat([a_t @ memory[0, :3], s_t]) + decoder.combine.bias)
        expected.append(decoder.linear.weight @ attended + decoder.linear.bias)
    written, _ = decoder(tokens, decoder.begin(summary, memory, lengths))
    torch.testing.assert_close(written.scores[0], torch.stack(expected))


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("far", [1.0, 1000.0])
def test_the_first_state_is_of_one_size_however_far_the_summary_goes(num_layers: int, far: float) -> None:
    decoder = build(LSTMCell, num_layers=num_layers)
    summary = far * torch.randn(2, SUMMARY)
    state = decoder.begin(summary, torch.zeros(2, 3, SUMMARY), torch.tensor([3, 1]))
    parts: list[torch.Tensor] = []
    map_state(lambda tensor: parts.append(tensor) or tensor, state.layers)  # type: ignore[func-returns-value]
    assert len(parts) == 2 * num_layers
    whole = torch.cat(parts, dim=1)
    torch.testing.assert_close(whole.mean(1), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(whole.var(1, correction=0), torch.ones(2), atol=1e-3, rtol=0)


@pytest.mark.usefixtures("_double")
def test_a_row_is_the_same_alone_and_whatever_lies_in_the_padding_of_its_memory() -> None:
    decoder = build(num_layers=2)
    summary, memory, lengths = torch.randn(3, SUMMARY), torch.randn(3, 5, SUMMARY), torch.tensor([5, 2, 3])
    tokens = torch.randint(TOKENS, (3, 4))
    together = decoder(tokens, decoder.begin(summary, memory, lengths))[0].scores
    for row, length in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        alone = decoder(tokens[one], decoder.begin(summary[one], memory[one, :length], lengths[one]))[0].scores
        torch.testing.assert_close(alone[0], together[row])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="input feeding passes on what attention has found"):
        build(attention=None, input_feeding=True)
    with pytest.raises(ValueError, match=r"read 4 features, got layers for 9"):
        Decoder(
            TokenEmbedding(TOKENS, SIZE),
            recurrent_stack(LSTMCell, 9, HIDDEN),
            TOKENS,
            summary_size=SUMMARY,
            start=2,
            end=3,
        )
