"""Both libraries compute the same products, whichever takes them."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from seqmodels.layers.engines import gemm
from seqmodels.layers.engines.gemm import LargeProductsByOneDNN, Product, by_onednn, linear, weight_gradient

ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
needs_onednn = pytest.mark.skipif(not ONEDNN, reason="this torch has no oneDNN")
SHAPES = [(1, 5, 3), (7, 1, 1), (40, 20, 30), (300, 100, 80), (128, 130, 140)]  # rows, input, output
shapes = pytest.mark.parametrize(("rows", "inputs", "outputs"), SHAPES)


@pytest.fixture(autouse=True)
def _threshold(monkeypatch):
    """What a large product is, on any processor."""
    monkeypatch.setattr(gemm, "WORTH_IT", 2_200_000)


@pytest.fixture
def calls(monkeypatch):
    """The rows of every product that goes to oneDNN."""
    seen, original = [], gemm._onednn
    monkeypatch.setattr(gemm, "_onednn", lambda x, *rest: (seen.append(len(x)), original(x, *rest))[1])
    return seen


@pytest.fixture(params=["by size", "default", pytest.param("onednn", marks=needs_onednn)])
def _library(request, monkeypatch):
    """Who computes."""
    if request.param != "by size":
        monkeypatch.setattr(gemm, "WORTH_IT", 1 if request.param == "onednn" else float("inf"))


def close(actual, expected):
    assert actual.shape == expected.shape
    torch.testing.assert_close(actual.double(), expected, rtol=0, atol=5e-6 * max(1.0, expected.abs().max().item()))


def problem(rows, inputs, outputs):
    return torch.randn(rows, inputs), torch.randn(outputs, inputs) / inputs**0.5, torch.randn(outputs)


LAYOUTS = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.t().contiguous().t(),
    "every second": lambda x: x.repeat_interleave(2, dim=1)[:, ::2],
    "of a wider one": lambda x: torch.cat([x, x], dim=1)[:, x.shape[1] :],
    "one row, repeated": lambda x: x[:1].expand(len(x), -1),
    "one number, repeated": lambda x: x[:1, :1].expand(*x.shape),
}
layouts = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


@shapes
@layouts
@pytest.mark.usefixtures("_library")
def test_linear(rows, inputs, outputs, layout):
    x, weight, bias = problem(rows, inputs, outputs)
    x = layout(x)
    for w in (weight, weight.t().contiguous().t()):
        close(linear(x, w, bias), x.double() @ weight.double().t() + bias.double())
        close(linear(x, w), x.double() @ weight.double().t())


@shapes
@layouts
@pytest.mark.usefixtures("_library")
def test_weight_gradient(rows, inputs, outputs, layout):
    d, x = torch.randn(rows, outputs) / rows**0.5, torch.randn(rows, inputs)
    for a, b in ((layout(d), x), (d, layout(x)), (layout(d), layout(x))):
        close(weight_gradient(a, b), a.double().t() @ b.double())


@shapes
@layouts
@pytest.mark.parametrize("steps", [1, gemm.WORTH_PACKING], ids=["few steps", "many steps"])
@pytest.mark.usefixtures("_library")
def test_product(rows, inputs, outputs, layout, steps):
    x, weight, bias = problem(rows, inputs, outputs)
    expected = x.double() @ weight.double().t()
    for w in (layout(weight), weight):
        expected = x.double() @ w.double().t()
        product = Product(w, [rows] * steps)
        close(product(x, None, torch.empty(rows, outputs)), expected)
        close(product(x, bias, torch.empty(rows, outputs)), expected + bias.double())
        total = torch.randn(rows, 2 * outputs)
        before = total.double()
        product.add_to(total[:, :outputs], x)
        close(total, before + torch.cat([expected, torch.zeros_like(expected)], dim=1))
        close(product(x[: rows // 2 + 1], None, torch.empty(rows // 2 + 1, outputs)), expected[: rows // 2 + 1])


@needs_onednn
def test_large_products_go_to_onednn(calls):
    small, large = torch.randn(10, 20), torch.randn(300, 100)
    for rows in (small, large):
        linear(rows, torch.randn(80, rows.shape[1]))
        weight_gradient(torch.randn(len(rows), 80), rows)
        Product(torch.randn(80, rows.shape[1]), [len(rows)])(rows, None, torch.empty(len(rows), 80))
    assert calls == [300, 100, 300]


@needs_onednn
def test_a_weight_is_laid_out_once_for_many_steps():
    weight = torch.randn(80, 100)
    assert not Product(weight, [300]).packed.is_mkldnn
    assert Product(weight, [300] * gemm.WORTH_PACKING).packed.is_mkldnn
    assert Product(weight, [3] * gemm.WORTH_PACKING).packed is None


class Without:
    """torch.ops.mkldnn of a torch that has no such operator."""

    def __init__(self, name):
        self._missing = name

    def __getattr__(self, name):
        if name == self._missing:
            raise AttributeError(name)
        return getattr(torch._ops.ops.mkldnn, name)


@pytest.mark.parametrize("missing", ["_linear_pointwise", "_reorder_linear_weight"])
def test_without_the_operator_torchs_default_computes(missing, calls, monkeypatch):
    monkeypatch.setattr(gemm, "torch", Patched(Without(missing)))
    compute_all()
    assert not calls


class Patched:
    """torch with other oneDNN operators."""

    def __init__(self, mkldnn):
        self.ops = type("ops", (), {"mkldnn": mkldnn})

    def __getattr__(self, name):
        return getattr(torch, name)


@pytest.mark.filterwarnings("ignore:TF32 acceleration on top of oneDNN is available for Intel GPUs")
def test_with_onednn_switched_off_torchs_default_computes(calls):
    with torch.backends.mkldnn.flags(enabled=False):
        compute_all()
    assert not calls


def test_other_dtypes_are_for_torchs_default(calls):
    for dtype in (torch.float64, torch.bfloat16):
        assert not by_onednn(torch.zeros(1, dtype=dtype), 10**9)
    compute_all(torch.float64)
    assert not calls


def compute_all(dtype=torch.float32):
    """Everything, of a size for oneDNN."""
    x, weight, bias = (part.to(dtype) for part in problem(300, 100, 80))
    expected = x.double() @ weight.double().t()
    close(linear(x, weight, bias), expected + bias.double())
    close(weight_gradient(expected.to(dtype) / 300, x), expected.t() @ x.double() / 300)
    close(Product(weight, [300] * 50)(x, None, torch.empty(300, 80, dtype=dtype)), expected)
    with LargeProductsByOneDNN():
        close(F.linear(x, weight, bias), expected + bias.double())


def outcome(x, weight, bias, mode, grad):
    """A product by torch's function, and its gradients."""
    inputs = [part for part in (x, weight, bias) if part is not None and part.requires_grad]
    with mode():
        y = F.linear(x, weight, bias)
    return y, torch.autograd.grad(y, inputs, grad(y)) if inputs else ()


class Nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


GRADIENTS = {
    "of a sum": lambda y: torch.ones(()).expand(y.shape),
    "any": lambda y: torch.linspace(-1, 1, y.numel()).view(y.shape),
    "transposed": lambda y: torch.linspace(-1, 1, y.numel()).view(y.mT.shape).mT,
}


@pytest.mark.parametrize("grad", GRADIENTS.values(), ids=GRADIENTS)
@pytest.mark.parametrize("needs", [(1, 1, 1), (0, 1, 1), (1, 0, 0), (0, 0, 0), (0, 1, 0)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(20, 30), (600,), (2, 3, 100)], ids=str)
@pytest.mark.usefixtures("_library")
def test_the_mode_changes_nothing(grad, needs, bias, lead, assert_same):
    tensors = [torch.randn(*lead, 60), torch.randn(80, 60) / 8, torch.randn(80) if bias else None]
    for part, need in zip(tensors, needs, strict=True):
        if part is not None:
            part.requires_grad_(bool(need))
    found, expected = (outcome(*tensors, mode, grad) for mode in (LargeProductsByOneDNN, Nothing))
    assert_same(found, expected, 3e-6)


@needs_onednn
def test_the_mode_sends_the_gradients_as_well(calls):
    x, weight = torch.randn(300, 100, requires_grad=True), torch.randn(80, 100, requires_grad=True)
    with LargeProductsByOneDNN():
        F.linear(x, weight=weight, bias=None).sum().backward()
    assert calls == [300, 300, 100]


def test_the_mode_takes_what_torchs_function_takes():
    x, weight, bias = problem(300, 100, 80)
    with LargeProductsByOneDNN():
        for y in (F.linear(x, weight=weight, bias=bias), F.linear(input=x, weight=weight, bias=bias)):
            close(y, x.double() @ weight.double().t() + bias.double())
        wide = torch.randn(30_000, 100)
        close(F.linear(wide, weight[0]), wide.double() @ weight[0].double())


@pytest.mark.parametrize(("steps", "rows", "turned"), [(64, 1, True), (63, 1, False), (16, 4, True), (15, 40, False)])
def test_a_weight_that_meets_enough_rows_is_turned(steps, rows, turned):
    weight = torch.randn(4 * 80, 128)
    product = Product(weight, [rows] * steps)
    assert product.transposed.is_contiguous() == turned
    x = torch.randn(rows, 128)
    close(product(x, None, None), x.double() @ weight.double().t())


@needs_onednn
def test_second_derivatives_within_the_mode(monkeypatch, assert_same):
    monkeypatch.setattr(gemm, "WORTH_IT", 1)
    tensors = [part.requires_grad_() for part in problem(4, 3, 2)]
    seconds = []
    for mode in (LargeProductsByOneDNN, Nothing):
        with mode():
            first = torch.autograd.grad(F.linear(*tensors).sin().sum(), tensors, create_graph=True)
        seconds.append(torch.autograd.grad(sum(part.square().sum() for part in first), tensors))
    assert_same(*seconds)


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_derivatives_of_the_function(check, monkeypatch):
    monkeypatch.setattr(gemm, "_onednn", F.linear)
    tensors = [part.requires_grad_() for part in problem(4, 3, 2)]
    assert check(gemm._Linear.apply, tensors)
    assert check(gemm._Linear.apply, tensors[:2])


@given(rows=st.integers(1, 40), inputs=st.integers(1, 20), outputs=st.integers(1, 20), worth=st.sampled_from([1, 4000]))
def test_any_size(rows, inputs, outputs, worth):
    x, weight, bias = problem(rows, inputs, outputs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gemm, "WORTH_IT", worth)
        close(linear(x, weight, bias), x.double() @ weight.double().t() + bias.double())
        close(weight_gradient(x, x @ weight.t()), x.double().t() @ (x.double() @ weight.double().t()))
