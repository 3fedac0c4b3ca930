"""RNNCell, LSTMCell and GRUCell are torch.nn's by either engine."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, vmap
from torch.nn.utils import parametrizations
from torch.utils import _pytree as pytree

from seqmodels.layers.drop_in_cells import GRUCell, LSTMCell, RNNCell

pytestmark = pytest.mark.usefixtures("_double")

KINDS = {
    "RNNCell": (RNNCell, nn.RNNCell, {}),
    "RNNCell-relu": (RNNCell, nn.RNNCell, {"nonlinearity": "relu"}),
    "LSTMCell": (LSTMCell, nn.LSTMCell, {}),
    "GRUCell": (GRUCell, nn.GRUCell, {}),
}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
engines = pytest.mark.parametrize("engine", ["auto", "loop", "vendor"])


def pair(kind, engine="loop", **options):
    ours = kind[0](3, 4, **kind[2], **options, engine=engine)
    theirs = kind[1](3, 4, **kind[2], **options)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    return ours, theirs


def state_for(cell, *rows, size=4, device=None):
    parts = [torch.randn(*rows, size, device=device, requires_grad=True) for _ in range(2)]
    return tuple(parts) if isinstance(cell, nn.LSTMCell) else parts[0]


@kinds
@engines
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [(2,), ()], ids=["batch", "alone"])
def test_equals_torch(kind, rows, bias, engine, device, gradients):
    ours, theirs = pair(kind, engine, bias=bias, device=device)
    x, hx = torch.randn(*rows, 3, device=device, requires_grad=True), state_for(ours, *rows, device=device)
    results = ours(x, hx), theirs(x, hx)
    assert type(results[0]) is type(results[1])
    torch.testing.assert_close(*results)
    leaves = [x, *pytree.tree_leaves(hx)]
    torch.testing.assert_close(
        gradients(results[0], [*leaves, *ours.parameters()]),
        gradients(results[1], [*leaves, *theirs.parameters()]),
    )
    torch.testing.assert_close(ours(x), theirs(x))


@engines
def test_states_may_come_in_a_list(engine):
    ours, theirs = pair(KINDS["LSTMCell"], engine)
    x, hx = torch.randn(2, 3), list(state_for(ours, 2))
    torch.testing.assert_close(ours(x, hx), theirs(x, hx))


@kinds
def test_is_one_of_torchs(kind):
    ours, theirs = pair(kind)
    assert isinstance(ours, kind[1])
    assert repr(ours) == repr(theirs)
    assert [name for name, _ in ours.named_modules()] == [""]
    ours.load_state_dict(kind[1](3, 4, **kind[2]).state_dict(), strict=True)


@kinds
@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_derivatives_by_the_loop(kind, check):
    cell, _ = pair(kind)
    x, hx = torch.randn(2, 3, requires_grad=True), state_for(cell, 2)
    assert check(lambda x, *_: cell(x, hx), (x, *pytree.tree_leaves(hx), *cell.parameters()), fast_mode=True)


@kinds
@pytest.mark.parametrize("engine", ["auto", "loop"])
def test_no_rows_are_no_mistake(kind, engine):
    ours, theirs = pair(kind, engine)
    torch.testing.assert_close(ours(torch.randn(0, 3)), theirs(torch.randn(0, 3)))


@kinds
@pytest.mark.parametrize(
    ("x", "rows", "size"),
    [((2, 5), (2,), 4), ((2, 3), (2,), 5), ((2, 3), (1,), 4), ((2, 1, 3), (2,), 4), ((2, 3), (2, 1, 1), 4)],
    ids=str,
)
def test_what_is_wrong_is_called_so_in_torchs_words(kind, x, rows, size):
    ours, theirs = pair(kind, "loop")
    hx, x = state_for(ours, *rows, size=size), torch.randn(x)
    with pytest.raises((ValueError, RuntimeError)) as expected:
        theirs(x, hx)
    with pytest.raises(expected.type) as raised:
        ours(x, hx)
    assert str(raised.value) == str(expected.value)


@kinds
@pytest.mark.parametrize("engine", ["auto", "loop"])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda cell: pickle.loads(pickle.dumps(cell))])
def test_a_duplicate_computes_the_same(kind, engine, duplicate):
    cell, x = pair(kind, engine)[0], torch.randn(2, 3)
    other = duplicate(cell)
    torch.testing.assert_close(other(x), cell(x))
    other.weight_ih.data.zero_()
    assert cell.weight_ih.all()


@kinds
@pytest.mark.parametrize("engine", ["auto", "loop"])
def test_reads_the_parameters_of_this_moment(kind, engine):
    (cell, _), (donor, _) = pair(kind, engine), pair(kind)
    x = torch.randn(2, 3)
    replaced = functional_call(cell, dict(donor.named_parameters()), (x,))
    torch.testing.assert_close(replaced, donor(x))
    parametrizations.weight_norm(cell, "weight_hh")
    with torch.no_grad():
        cell.parametrizations.weight_hh.original0.mul_(3)
    donor.load_state_dict({name: getattr(cell, name) for name in donor.state_dict()})
    hx = state_for(cell, 2)
    torch.testing.assert_close(cell(x, hx), donor(x, hx))


@kinds
def test_vmap_over_a_batch(kind):
    cell, _ = pair(kind, "auto")
    x, hx = torch.randn(3, 2, 3), state_for(cell, 3, 2)
    rows = [cell(x[row], pytree.tree_map(lambda part, row=row: part[row], hx)) for row in range(3)]
    torch.testing.assert_close(vmap(cell)(x, hx), pytree.tree_map(lambda *parts: torch.stack(parts), *rows))


def test_the_vendor_refuses_transforms():
    cell = GRUCell(3, 4, engine="vendor")
    with pytest.raises(ValueError, match=r'^engine="vendor" cannot run here: under transforms of torch.func'):
        vmap(cell)(torch.randn(3, 2, 3))


@kinds
@pytest.mark.parametrize("engine", ["auto", "loop"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_takes_another_dtype(kind, engine, dtype):
    cell, x = pair(kind, engine)[0], torch.randn(2, 3)
    expected = pytree.tree_leaves(cell(x))
    after = pytree.tree_leaves(cell.to(dtype)(x.to(dtype)))
    assert {part.dtype for part in after} == {dtype}
    torch.testing.assert_close([part.double() for part in after], expected, rtol=0.05, atol=0.05)


@pytest.mark.usefixtures("_unannotated")
def test_names_the_engines_there_are():
    with pytest.raises(ValueError, match=r"^engine must be one of auto, loop, .*, got 'cudnn'$"):
        LSTMCell(3, 4, engine="cudnn")(torch.randn(2, 3))
