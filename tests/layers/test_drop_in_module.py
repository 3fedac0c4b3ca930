"""RNN, LSTM and GRU as modules: what client code does with torch.nn's holds for them."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn.utils import parametrizations

from seqmodels.layers.drop_in import GRU, LSTM, RNN

pytestmark = pytest.mark.usefixtures("_double")

kinds = pytest.mark.parametrize(("ours", "theirs"), [(RNN, nn.RNN), (LSTM, nn.LSTM), (GRU, nn.GRU)])
engines = pytest.mark.parametrize("engine", ["auto", "loop"])
some_lengths = pytest.mark.parametrize("lengths", [None, torch.tensor([5, 2])], ids=["whole", "lengths"])
OPTIONS = {"num_layers": 2, "bidirectional": True}


def first_state(last):
    return last[0] if isinstance(last, tuple) else last


@kinds
def test_is_one_of_torchs(ours, theirs):
    layer = ours(3, 4, **OPTIONS)
    assert isinstance(layer, theirs)
    assert repr(layer) == repr(theirs(3, 4, **OPTIONS))
    assert [name for name, _ in layer.named_modules()] == [""]
    assert not list(layer.buffers())


@kinds
def test_parameters_go_both_ways(ours, theirs):
    mine, other = ours(3, 4, **OPTIONS), theirs(3, 4, **OPTIONS)
    assert list(mine.state_dict()) == list(other.state_dict())
    mine.load_state_dict(other.state_dict(), strict=True)
    torch.testing.assert_close(mine.state_dict(), other.state_dict(), rtol=0, atol=0)
    other.load_state_dict(ours(3, 4, **OPTIONS).state_dict(), strict=True)
    assert [[p.shape for p in group] for group in mine.all_weights] == [
        [p.shape for p in group] for group in other.all_weights
    ]


@kinds
def test_starts_as_torchs(ours, theirs):
    torch.manual_seed(1)
    mine = ours(3, 4, **OPTIONS)
    torch.manual_seed(1)
    other = theirs(3, 4, **OPTIONS)
    torch.testing.assert_close(mine.state_dict(), other.state_dict(), rtol=0, atol=0)


def through_pickle(layer):
    return pickle.loads(pickle.dumps(layer))


def through_save(layer):
    buffer = io.BytesIO()
    torch.save(layer, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


@kinds
@engines
@pytest.mark.parametrize("duplicate", [copy.deepcopy, through_pickle, through_save])
def test_a_duplicate_computes_the_same_and_shares_nothing(ours, theirs, engine, duplicate):
    layer = ours(3, 4, **OPTIONS, engine=engine)
    x, lengths = torch.randn(5, 2, 3), torch.tensor([5, 2])
    expected = layer(x, lengths=lengths)
    other = duplicate(layer)
    assert other.engine == engine
    torch.testing.assert_close(other(x, lengths=lengths), expected)
    with torch.no_grad():
        other.weight_hh_l0.zero_()
    torch.testing.assert_close(layer(x, lengths=lengths), expected)
    assert not torch.allclose(other(x, lengths=lengths)[0], expected[0])


@kinds
@engines
@some_lengths
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_takes_another_dtype(ours, theirs, engine, lengths, dtype):
    layer = ours(3, 4, **OPTIONS, engine=engine)
    x = torch.randn(5, 2, 3)
    expected, _ = layer(x, lengths=lengths)
    y, last = layer.to(dtype)(x.to(dtype), lengths=lengths)
    assert y.dtype == first_state(last).dtype == dtype
    tolerance = 1e-5 if dtype == torch.float32 else 0.05
    torch.testing.assert_close(y.double(), expected, rtol=tolerance, atol=tolerance)
    assert ours(3, 4, dtype=dtype, device="meta").weight_ih_l0.dtype == dtype


@kinds
def test_autocast_is_torchs(ours, theirs):
    mine, other = ours(3, 4, **OPTIONS).float(), theirs(3, 4, **OPTIONS).float()
    other.load_state_dict(mine.state_dict())
    x = torch.randn(5, 2, 3, dtype=torch.float32)
    if theirs is torch.nn.LSTM and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("torch's own layer raises where the processor has no bfloat16")
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(mine(x), other(x), rtol=0, atol=0)


@kinds
@engines
@some_lengths
def test_autocast_is_close_to_full_precision(ours, theirs, engine, lengths):
    layer, x = ours(3, 4, **OPTIONS, engine=engine).float(), torch.randn(5, 2, 3, dtype=torch.float32)
    expected, _ = layer(x, lengths=lengths)
    with torch.autocast("cpu", torch.bfloat16):
        y, _ = layer(x, lengths=lengths)
    torch.testing.assert_close(y.float(), expected, rtol=0.05, atol=0.05)
    y.float().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in layer.parameters())


@kinds
@engines
@some_lengths
def test_reads_replaced_parameters(ours, theirs, engine, lengths):
    layer, donor = ours(3, 4, **OPTIONS, engine=engine), ours(3, 4, **OPTIONS)
    x = torch.randn(5, 2, 3)
    before = layer(x, lengths=lengths)
    replaced = functional_call(layer, dict(donor.named_parameters()), (x,), {"lengths": lengths})
    torch.testing.assert_close(replaced, donor(x, lengths=lengths))
    torch.testing.assert_close(layer(x, lengths=lengths), before)
    layer.weight_ih_l0 = nn.Parameter(donor.weight_ih_l0.detach().clone())
    donor.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer(x, lengths=lengths), donor(x, lengths=lengths))


@kinds
@engines
def test_replaced_parameters_may_have_another_dtype(ours, theirs, engine):
    layer, x, lengths = ours(3, 4, engine=engine), torch.randn(5, 2, 3), torch.tensor([5, 2])
    expected, _ = layer(x, lengths=lengths)
    single = {name: parameter.float() for name, parameter in layer.named_parameters()}
    y, _ = functional_call(layer, single, (x.float(),), {"lengths": lengths})
    torch.testing.assert_close(y, expected.float())


@kinds
@some_lengths
def test_vmap_over_a_batch(ours, theirs, lengths):
    layer, x = ours(3, 4, **OPTIONS), torch.randn(3, 5, 2, 3)
    mapped = vmap(lambda x: layer(x, lengths=lengths)[0])(x)
    torch.testing.assert_close(mapped, torch.stack([layer(part, lengths=lengths)[0] for part in x]))


@kinds
@some_lengths
def test_gradients_per_sample(ours, theirs, lengths):
    layer, x = ours(3, 4, **OPTIONS), torch.randn(3, 5, 2, 3)
    parameters = {name: parameter.detach() for name, parameter in layer.named_parameters()}

    def loss(parameters, x):
        return functional_call(layer, parameters, (x,), {"lengths": lengths})[0].square().sum()

    per_sample = vmap(grad(loss), in_dims=(None, 0))(parameters, x)
    for row in range(3):
        layer.zero_grad()
        layer(x[row], lengths=lengths)[0].square().sum().backward()
        for name, parameter in layer.named_parameters():
            torch.testing.assert_close(per_sample[name][row], parameter.grad)


def test_an_ensemble_by_vmap():
    layers, x = [LSTM(3, 4) for _ in range(3)], torch.randn(5, 2, 3)
    stacked, _ = torch.func.stack_module_state(layers)
    mapped = vmap(lambda parameters: functional_call(layers[0], parameters, (x,))[0])(stacked)
    torch.testing.assert_close(mapped, torch.stack([layer(x)[0] for layer in layers]))


def test_the_vendor_refuses_transforms():
    layer = GRU(3, 4, engine="vendor")
    with pytest.raises(ValueError, match=r'^engine="vendor" cannot run here: under transforms of torch.func'):
        vmap(lambda x: layer(x)[0])(torch.randn(3, 5, 2, 3))


@kinds
@engines
@some_lengths
def test_a_parametrized_weight_is_followed(ours, theirs, engine, lengths):
    layer, x = ours(3, 4, **OPTIONS, engine=engine), torch.randn(5, 2, 3)
    before, _ = layer(x, lengths=lengths)
    parametrizations.weight_norm(layer, "weight_hh_l0")
    torch.testing.assert_close(layer(x, lengths=lengths)[0], before)
    magnitude = layer.parametrizations.weight_hh_l0.original0
    with torch.no_grad():
        magnitude.mul_(3)
    after, _ = layer(x, lengths=lengths)
    plain = ours(3, 4, **OPTIONS)
    plain.load_state_dict({name: getattr(layer, name) for name in plain.state_dict()})
    torch.testing.assert_close(after, plain(x, lengths=lengths)[0])
    after.sum().backward()
    assert magnitude.grad.any()


@kinds
@engines
@some_lengths
def test_trains(ours, theirs, engine, lengths):
    layer, x = ours(3, 4, **OPTIONS, engine=engine), torch.randn(5, 2, 3)
    layer(x, lengths=lengths)[0].square().sum().backward()
    before = layer(x, lengths=lengths)[0].square().sum()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.sub_(0.01 * parameter.grad)
    assert layer(x, lengths=lengths)[0].square().sum() < before
