"""The samples by which torch tests its own recurrent modules, run on ours in their place."""

import pickle
import warnings

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call
from torch.nn.utils.rnn import PackedSequence
from torch.utils import _pytree as pytree

from seqmodels.layers import drop_in, drop_in_cells

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what torch's private test code imports
    from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

pytestmark = [
    pytest.mark.usefixtures("_unannotated"),  # these are many; annotations are executed in the other files
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),
]
OURS = {
    nn.RNN: drop_in.RNN,
    nn.LSTM: drop_in.LSTM,
    nn.GRU: drop_in.GRU,
    nn.RNNCell: drop_in_cells.RNNCell,
    nn.LSTMCell: drop_in_cells.LSTMCell,
    nn.GRUCell: drop_in_cells.GRUCell,
}
INFOS = [info for info in module_db if info.module_cls in OURS]
infos = pytest.mark.parametrize("info", INFOS, ids=lambda info: info.module_cls.__name__)
engines = pytest.mark.parametrize("engine", ["auto", "loop"])
training = pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])


def samples(info, training=True, dtype=torch.float64, packed=False):
    arguments = {"device": "cpu", "dtype": dtype, "requires_grad": True, "training": training}
    if packed:
        arguments["with_packed_sequence"] = True
    return list(info.module_inputs_func(info, **arguments))


def build(kind, sample, training=True, dtype=torch.float64, **more):
    arguments = sample.constructor_input
    return kind(*arguments.args, **arguments.kwargs, **more).to(dtype).train(training)


def call(module, sample):
    return module(*sample.forward_input.args, **sample.forward_input.kwargs)


def leaves(tree):
    """The tensors of a structure whose gradients mean something; of a packed sequence its data."""
    found = pytree.tree_leaves(tree, is_leaf=lambda part: isinstance(part, PackedSequence))
    found = [part.data if isinstance(part, PackedSequence) else part for part in found]
    return [part for part in found if isinstance(part, torch.Tensor) and part.is_floating_point()]


def inputs_of(sample):
    return leaves((sample.forward_input.args, sample.forward_input.kwargs))


def non_contiguous(tensor):
    """The same values, every second one of a buffer."""
    return torch.repeat_interleave(tensor.detach(), 2, dim=-1)[..., ::2].requires_grad_(tensor.requires_grad)


def test_every_class_has_samples():
    assert {info.module_cls for info in INFOS} == set(OURS)
    assert all(samples(info) for info in INFOS)


@infos
@engines
@training
def test_forward(info, engine, training):
    for sample in samples(info, training):
        module = build(OURS[info.module_cls], sample, training, engine=engine)
        torch.testing.assert_close(call(module, sample), sample.reference_fn(module, *sample.forward_input.args))


@infos
@engines
def test_forward_and_gradients_are_those_of_torchs_module(info, engine, gradients):
    packed = info.module_cls in (nn.RNN, nn.GRU)
    for sample in samples(info, packed=packed):
        module = build(OURS[info.module_cls], sample, engine=engine)
        theirs = build(info.module_cls, sample)
        theirs.load_state_dict(module.state_dict(), strict=True)
        results = [leaves(call(one, sample)) for one in (module, theirs)]
        torch.testing.assert_close(*results)
        wanted = inputs_of(sample)
        torch.testing.assert_close(
            gradients(results[0], [*wanted, *module.parameters()]),
            gradients(results[1], [*wanted, *theirs.parameters()]),
        )


def as_function_of_one_vector(module, sample):
    """Inputs and parameters cut from one vector: one derivative to check instead of one for each of them."""
    inputs, structure = pytree.tree_flatten(sample.forward_input.args)
    names, parameters = zip(*module.named_parameters(), strict=True)
    tensors = [*inputs, *parameters]

    def function(vector):
        pieces = vector.split([tensor.numel() for tensor in tensors])
        parts = [piece.view_as(tensor) for piece, tensor in zip(pieces, tensors, strict=True)]
        arguments = pytree.tree_unflatten(parts[: len(inputs)], structure)
        named = dict(zip(names, parts[len(inputs) :], strict=True))
        return tuple(leaves(functional_call(module, named, arguments)))

    return function, torch.cat([tensor.detach().flatten() for tensor in tensors]).requires_grad_()


@infos
@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_grad_and_gradgrad(info, check):
    for sample in samples(info):
        module = build(OURS[info.module_cls], sample, engine="loop")
        function, vector = as_function_of_one_vector(module, sample)
        assert check(function, vector, fast_mode=True)


@infos
@engines
def test_non_contiguous_tensors(info, engine, gradients):
    for sample in samples(info):
        module = build(OURS[info.module_cls], sample, engine=engine)
        spread = pytree.tree_map(non_contiguous, sample.forward_input.args)
        assert not any(part.is_contiguous() for part in leaves(spread))
        results = call(module, sample), module(*spread)
        torch.testing.assert_close(*results)
        torch.testing.assert_close(
            gradients(results[0], [*inputs_of(sample), *module.parameters()]),
            gradients(results[1], [*leaves(spread), *module.parameters()]),
        )


@infos
@engines
def test_pickle(info, engine):
    for sample in samples(info):
        module = build(OURS[info.module_cls], sample, engine=engine)
        torch.testing.assert_close(call(pickle.loads(pickle.dumps(module)), sample), call(module, sample))


@infos
def test_repr(info):
    for sample in samples(info):
        assert repr(build(OURS[info.module_cls], sample)) == repr(build(info.module_cls, sample))
        assert str(build(OURS[info.module_cls], sample)) == str(build(info.module_cls, sample))


@infos
def test_factory_kwargs(info):
    for sample in samples(info):
        arguments = sample.constructor_input
        module = OURS[info.module_cls](*arguments.args, **arguments.kwargs, device="meta", dtype=torch.float16)
        assert {(p.device.type, p.dtype) for p in module.parameters()} == {("meta", torch.float16)}


@infos
@engines
def test_to_empty(info, engine):
    for sample in samples(info):
        module = build(OURS[info.module_cls], sample, engine=engine)
        expected = call(module, sample)
        state = module.state_dict()
        module.to("meta").to_empty(device="cpu").load_state_dict(state)
        torch.testing.assert_close(call(module, sample), expected)


@infos
@engines
def test_dtype(info, engine):
    for sample in samples(info, dtype=torch.float32):
        after = call(build(OURS[info.module_cls], sample, dtype=torch.float32, engine=engine), sample)
        assert {part.dtype for part in leaves(after)} == {torch.float32}


@infos
@engines
def test_errors(info, engine):
    arguments = {"device": "cpu", "dtype": torch.float64, "requires_grad": False, "training": False}
    for error in info.module_error_inputs_func(info, **arguments):
        sample = error.module_error_input
        if error.error_on is ModuleErrorEnum.CONSTRUCTION_ERROR:
            with pytest.raises(error.error_type, match=error.error_regex):
                build(OURS[info.module_cls], sample, engine=engine)
        else:
            module = build(OURS[info.module_cls], sample, engine=engine)
            with pytest.raises(error.error_type, match=error.error_regex):
                call(module, sample)
