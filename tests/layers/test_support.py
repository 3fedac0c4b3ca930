"""What works with what: every entry of the table in `docs/support.md` is a test.

`python -m tests.layers.test_support` writes the table anew.
"""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from tests.layers.support import COLUMNS as USES
from tests.layers.support import DROP_INS, ROWS, compiled_in_training
from tests.layers.tools import TOOLS

COLUMNS = {**USES, **TOOLS}
PAGE = Path(__file__).parents[2] / "docs" / "support.md"
pytestmark = [
    pytest.mark.filterwarnings("ignore:The tensor attributes self.rnn._flat_weights:UserWarning"),  # torch.nn's own
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),  # sizes are compared, as in torch.nn's own layers
    pytest.mark.usefixtures("_unannotated"),
    pytest.mark.filterwarnings(
        r"ignore:`torch.jit.\w+` is (deprecated|not supported in Python 3.14):DeprecationWarning"
    ),
    pytest.mark.filterwarnings("ignore:`isinstance\\(treespec, LeafSpec\\)` is deprecated:FutureWarning"),
]


class Refusal(NamedTuple):
    """What does not work: the error, and why; whether torch's switch for it helps."""

    error: type[Exception]
    message: str
    note: str
    switched: bool = False


BY_TYPE = Refusal(
    torch._dynamo.exc.Unsupported,
    "Attempted to wrap RNN, GRU, or LSTM",
    "torch refuses every subclass of its `RNN`, `LSTM` and `GRU` by its type, unless "
    "`torch._dynamo.config.allow_rnn` is set. With it they compile like the other layers.",
    switched=True,
)
UNROLLED = Refusal(
    torch._dynamo.exc.UserError,
    "Constraints violated (time)",
    "Within a trace nothing is derived from a step: the loop is unrolled, for one number of steps.",
)
TORCHS = Refusal(
    TypeError, "unexpected keyword argument 'checkpoint_every'", "The drop-in layers have torch.nn's arguments."
)
PADDED = Refusal(AttributeError, "'PackedSequence' object has no attribute", "These layers take `lengths` instead.")
TRACED = Refusal(
    RuntimeError,
    "Expected 5 elements in a list but found 7",
    "torch has no operator for these equations: the loop is unrolled, for the number of steps it has been traced with.",
)
SCRIPTED = Refusal(
    torch.jit.frontend.NotSupportedError,
    "keyword-only arguments with defaults",
    "TorchScript compiles a part of Python that these layers are not written in; `torch.jit.trace` takes them. For a "
    "drop-in layer torch.nn's own is compiled, over the same parameters; torch puts it into the model that is "
    "compiled, so compile a copy: `torch.jit.script(copy.deepcopy(model))`.",
)
QUANTISED = Refusal(
    AssertionError,
    "is not quantised",
    "torch knows the layers that it can quantise by their exact type: `nn.LSTM` and `nn.GRU`. `LSTM.as_torch()` and "
    "`GRU.as_torch()` return these, over the same parameters, and they are quantised.",
)
REFUSED = {
    **{(column, row): BY_TYPE for row in DROP_INS for column in ("compile, evaluation", "compile, training")},
    ("export", "`Recurrent` of a cell of one's own"): UNROLLED,
    **{("checkpoint_every", row): TORCHS for row in DROP_INS},
    **{("PackedSequence", row): PADDED for row in ROWS if row not in DROP_INS},
    **{
        ("jit.trace", f"`Recurrent{cell}"): TRACED
        for cell in ("(ChoGRUCell)`", "(MinGRUCell)`", "` of a cell of one's own")
    },
    **{("jit.script", row): SCRIPTED for row in ROWS if row not in DROP_INS},
    **{("quantize_dynamic", row): QUANTISED for row in ROWS},
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(
    "column", [pytest.param(name, marks=[pytest.mark.slow] * name.startswith("compile")) for name in COLUMNS]
)
def test_the_entry_is_true(row, column):
    torch.compiler.reset()
    refusal = REFUSED.get((column, row))
    if refusal is None:
        COLUMNS[column](ROWS[row])
        return
    with pytest.raises(refusal.error, match=re.escape(refusal.message)):
        COLUMNS[column](ROWS[row])
    if refusal.switched:
        torch.compiler.reset()
        with torch._dynamo.config.patch(allow_rnn=True):
            COLUMNS[column](ROWS[row])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler")
@pytest.mark.parametrize("row", ["`Stack` with dropout", "`Recurrent(MinGRUCell)`"])
def test_inductor_as_well(row):
    torch.compiler.reset()
    compiled_in_training(ROWS[row], "inductor")


def page() -> str:
    """The whole page."""
    notes = list(dict.fromkeys(REFUSED.values()))

    def entry(column, row):
        refusal = REFUSED.get((column, row))
        if refusal is None:
            return "yes"
        return f"{'with a switch' if refusal.switched else 'no'} [{notes.index(refusal) + 1}]"

    lines = [["", *COLUMNS], ["---"] * (len(COLUMNS) + 1)]
    lines += [[row, *(entry(column, row) for column in COLUMNS)] for row in ROWS]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    footnotes = "\n".join(f"{k}. {refusal.note}" for k, refusal in enumerate(notes, start=1))
    tested = "\n".join(f"- **{name}**: {str(test.__doc__).rstrip('.')}" for name, test in COLUMNS.items())
    return PAGE_TEXT.format(table=table, footnotes=footnotes, tested=tested)


PAGE_TEXT = """# What works with what

Every entry is a test in `tests/layers/test_support.py`, which also writes this page:
`python -m tests.layers.test_support`. A "yes" is a passing test, a "no" one that sees the error. The layers run with
`engine="auto"` on a CPU; those of `Stack` and the drop-in layers have a dropout of 1.0 in between, so that one left
out would be found out.

{table}

{footnotes}

ONNX: the drop-in layers and those of the documented RNN, LSTM and GRU cells are exported as torch.nn's own are, by
torch's own operators. `torch.onnx.export(..., dynamo=True)` takes any batch, but unrolls them for one number of steps,
as it does torch.nn's; with `dynamo=False` the time may be dynamic as well. What was converted runs in ONNX Runtime with
the same outputs (`tests/layers/test_tools.py`).

Opacus is not in the table. It replaces `nn.LSTM`, `nn.GRU` and `nn.RNN` by layers of its own, by their exact type, and
has no rule for others: give it `layer.as_torch()`. Gradients per sample without it are a column of the table.

What is tested:

{tested}
"""


def test_the_page_is_the_table():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.layers.test_support"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
