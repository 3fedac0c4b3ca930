import pytest
import torch

from seqmodels.layers.dropout import SequenceDropout


def test_one_mask_per_row_for_all_its_steps_and_the_mean_stays():
    torch.manual_seed(0)
    y = SequenceDropout(0.25)(torch.ones(200, 5, 30))
    assert torch.equal(y, y[:, :1].expand_as(y))
    assert not torch.equal(y[0], y[1])
    assert y.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert y.mean().item() == pytest.approx(1, abs=0.02)


def test_acts_in_training_only():
    x = torch.randn(4, 5, 3)
    assert torch.equal(SequenceDropout(0.9).eval()(x), x)
    assert torch.equal(SequenceDropout(0.0)(x), x)
    assert not SequenceDropout(1.0)(x).any()


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_a_probability_out_of_range(probability):
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got"):
        SequenceDropout(probability)
