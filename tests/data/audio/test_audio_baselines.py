"""What is reached by the mean spectrum, and by tokens of equal length."""

import torch

from seqmodels.data.audio.baselines import class_by_spectrum, tokens_by_flat_start


def test_the_mean_spectrum_knows_no_order() -> None:
    rising = torch.linspace(-1, 1, 9).unsqueeze(1)
    rows = [rising, rising.flip(0)] * 5
    assert class_by_spectrum(rows, ["up", "down"] * 5, rows, ["up", "down"] * 5) == 0.5
    loud = [rising, rising + 1] * 5
    assert class_by_spectrum(loud, ["a", "b"] * 5, loud, ["a", "b"] * 5) == 1.0


def test_tokens_of_equal_length_are_told_by_a_flat_start() -> None:
    generator = torch.Generator().manual_seed(0)
    sounds_of = torch.randn(4, 3, generator=generator)

    def spoken(*tokens: int) -> torch.Tensor:
        steps = sounds_of[list(tokens)].repeat_interleave(6, dim=0)
        return steps + 0.1 * torch.randn(steps.shape, generator=generator)

    known = [torch.randint(4, (length,), generator=generator).tolist() for length in (1, 2, 3, 4, 5) * 4]
    asked = [[0, 1, 2, 3], [3, 2], [1]]
    assert tokens_by_flat_start([spoken(*row) for row in known], known, [spoken(*row) for row in asked]) == asked
    assert tokens_by_flat_start([spoken(*row) for row in known], known, [spoken(2)[:1]]) == [[2]]


def test_more_tokens_than_steps_are_no_error() -> None:
    rows = [torch.zeros(2, 1), torch.ones(2, 1)]
    assert len(tokens_by_flat_start(rows, [[1, 1, 2], [2, 2, 1]], rows)[0]) == 3
