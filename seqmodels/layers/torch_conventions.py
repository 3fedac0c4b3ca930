"""torch.nn's conventions around our layers: how weights and states are laid out, packed batches, single steps."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from seqmodels import cells
from seqmodels.layers.bidirectional import BidirectionalState, both_directions
from seqmodels.layers.engines import Choice, Circumstances, Engine, choose, circumstances
from seqmodels.layers.engines.vendor.lstm import cuts
from seqmodels.layers.lengths import Lengths, read_lengths
from seqmodels.layers.recurrent import Recurrent, bound
from seqmodels.layers.replacement import Replacement, current_weights
from seqmodels.layers.scan import modifiable
from seqmodels.layers.stack import one_upon_the_other
from seqmodels.layers.tracing import call_as_leaf, is_recorded_by_jit, is_recorded_for_elsewhere
from seqmodels.types import map_state

FEW = 64
"""Rows up to which a single step costs less by torch's cell than by its layer."""


class Recurrence(Replacement, nn.RNNBase):
    """What the drop-in layers share: who computes, and torch.nn's conventions around our layers.

    The layers inside own nothing: on every call they are bound to the parameters as they are then.
    """

    _derived = ("_runs", "_settled")
    _state: ClassVar[Callable[..., Any]]
    # Answering anew costs as much as some twenty steps of a small LSTM: what was asked last, and the answer.
    _settled: tuple[Circumstances, bool] | None = None

    def __init__(self, *args: Any, engine: Engine = "auto", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._engine = engine
        self._derive()

    def _derive(self) -> None:
        """Make one layer for each depth and direction; in a tuple, for they are no submodules."""
        directions = 2 if self.bidirectional else 1
        sizes = [self.input_size] * directions
        sizes += [directions * (self.proj_size or self.hidden_size)] * (len(self._all_weights) - directions)
        self._runs = tuple(Recurrent(self._cell(size), self._engine) for size in sizes)

    @property
    def engine(self) -> Engine:
        """Who computes."""
        return self._engine

    def explain_engine(self, input: Tensor, *, lengths: Lengths | None = None) -> Choice:
        """Which engine runs on a batch like `input`, and why."""
        return self._choose(input if self.batch_first else input.transpose(0, 1), lengths)

    def _cell(self, input_size: int) -> cells.Cell[Any]:
        """The equations of one layer in one direction, on the meta device."""
        raise NotImplementedError

    def _torchs_cell(self, *args: Any) -> Any:
        """One step of torch's, from input, state and parameters."""
        raise NotImplementedError

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Tensor | Sequence[Tensor] | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Any, Any]:
        """Outputs and final states, in torch.nn's shapes.

        Args:
            input: as torch.nn's.
            hx: as torch.nn's.
            lengths: number of valid steps of each row (batch), 0 to time, in any order: a tensor of any integer type
                on any device, an array, a list or a tuple.
                Outputs past a row's end are zero, and its final state is the one at its own end.

        Raises:
            ValueError: `lengths` come with a `PackedSequence` or without a batch, or do not fit it; or the
                engine cannot run here.
        """
        if isinstance(input, Proxy):
            return call_as_leaf(self, input, hx, lengths=lengths)
        hx = tuple(hx) if isinstance(hx, list) else hx
        if lengths is None and isinstance(input, Tensor) and self._is_one_step(input, hx):
            return self._step(input, hx)
        if lengths is None and self._is_for_torch(input, hx):
            return super().forward(input, hx)  # type: ignore[no-any-return]
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise ValueError(
                    f"a PackedSequence has its own lengths, got lengths={torch.as_tensor(lengths).tolist()} besides"
                )
            return self._run_packed(input, hx)
        if lengths is not None and input.ndim != 3:
            raise ValueError(f"lengths need a batch: expected a 3-D input, got one of shape {tuple(input.shape)}")
        return self._run_padded(input, hx, lengths)

    def _is_one_step(self, input: Tensor, hx: Any) -> bool:
        """Whether a single step of torch's cell is all there is to do, which costs less than one of its layer."""
        if is_recorded_by_jit() or input.ndim != 3 or len(self._runs) > 1 or self.proj_size:
            return False
        shape = input.shape
        batch = shape[1 - self.batch_first]
        if shape[self.batch_first] != 1 or shape[2] != self.input_size or not 0 < batch <= FEW:
            return False
        parts = () if hx is None else hx if isinstance(hx, tuple) else (hx,)
        if any(part.shape != (1, batch, self.hidden_size) for part in parts) or not input.is_cpu:
            return False
        plain = not torch.compiler.is_compiling() and not torch.is_autocast_enabled("cpu")
        return plain and self.engine in ("auto", "vendor") and torch._C._functorch.maybe_current_level() is None

    def _step(self, input: Tensor, hx: Any) -> tuple[Tensor, Any]:
        """One step by torch's cell."""
        time = int(self.batch_first)
        x = input.squeeze(time)
        if hx is None:
            h = x.new_zeros(x.shape[0], self.hidden_size)
            state = (h, h) if isinstance(self, nn.LSTM) else h
        else:
            state = tuple(part[0] for part in hx) if isinstance(hx, tuple) else hx[0]
        after = self._torchs_cell(x, state, *current_weights(self, self._flat_weights_names))
        # Outputs and state share no memory: either may be changed in place.
        if isinstance(after, Tensor):
            return after.unsqueeze(time).clone(), after.unsqueeze(0)
        return after[0].unsqueeze(time).clone(), tuple(part.unsqueeze(0) for part in after)

    def _is_for_torch(self, input: Tensor | PackedSequence, hx: Any) -> bool:
        """Whether torch computes this, or is to say in its own words what is wrong with it.

        Its layer costs less around the same kernels; only long LSTMs are better cut than given to oneDNN in one call.
        """
        if is_recorded_for_elsewhere():
            return True
        if isinstance(input, PackedSequence):
            return input.data.device.type != "cpu" and self._choose(input.data.unsqueeze(0)).engine == "vendor"
        states = () if hx is None else hx if isinstance(hx, tuple) else (hx,)
        if input.ndim not in (2, 3) or input.numel() == 0 or any(part.ndim != input.ndim for part in states):
            return True
        if torch.compiler.is_compiling() or (now := circumstances(input)) is None:
            return self._torch_is_best(input)
        settled = self._settled  # another thread may settle something else meanwhile
        if settled is None or settled[0] != now:
            settled = self._settled = now, self._torch_is_best(input)
        return settled[1]

    def _torch_is_best(self, input: Tensor) -> bool:
        """Whether torch's layer computes a sequence (2-D) or a batch (3-D) fastest, and can."""
        x = input.unsqueeze(1) if input.ndim == 2 else input
        x = x if self.batch_first and input.ndim == 3 else x.transpose(0, 1)
        cell = self._runs[0].cell
        return self._choose(x).engine == "vendor" and not (isinstance(cell, cells.LSTMCell) and cuts(cell, x))

    def _choose(self, x: Tensor, lengths: Lengths | None = None) -> Choice:
        return choose(self._runs[0].cell, x, self.engine, ragged=lengths is not None)

    def _run_packed(self, packed: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        """Unpacked in sorted order, run, packed again."""
        data, batch_sizes, order, back = packed
        x, lengths = pad_packed_sequence(PackedSequence(data, batch_sizes), batch_first=True)
        states = None if hx is None else self.permute_hidden(hx, order)
        y, last = self._run(x, states, lengths, partial(self._drop_packed, lengths=lengths))
        data = pack_padded_sequence(y, lengths, batch_first=True).data
        return PackedSequence(data, batch_sizes, order, back), self.permute_hidden(last, back)

    def _run_padded(self, input: Tensor, hx: Any, lengths: Lengths | None) -> tuple[Tensor, Any]:
        """With the batch moved to the front, and back to where it was."""
        if input.ndim == 2:
            batch = 0 if self.batch_first else 1
            states = None if hx is None else map_state(lambda part: part.unsqueeze(1), hx)
            y, last = self._run_padded(input.unsqueeze(batch), states, None)
            return y.squeeze(batch), map_state(lambda part: part.squeeze(1), last)
        if self.batch_first:
            return self._run(input, hx, lengths)
        y, last = self._run(input.transpose(0, 1), hx, lengths)
        return y.transpose(0, 1).contiguous(), last

    def _run(
        self, x: Tensor, hx: Any, lengths: Lengths | None, drop: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Any]:
        """A (batch, time, input) sequence through our layers, with states laid out as torch.nn's."""
        weights = dict(zip(self._flat_weights_names, current_weights(self, self._flat_weights_names), strict=True))
        self._check(x, hx, list(weights.values()))
        known = read_lengths(lengths, x)
        y, last = one_upon_the_other(self._layers(weights), x, self._split(hx), known, drop or self._drop)
        # Both directions are joined, and states stacked, in new tensors; of one direction, the outputs are an engine's.
        return (y if self.bidirectional else modifiable(y)), self._join(last)

    def _drop(self, x: Tensor) -> Tensor:
        """Drop as torch.nn's layers do, which draw their masks step after step."""
        if not self.training or not self.dropout:
            return x
        return F.dropout(x.transpose(0, 1).contiguous(), self.dropout).transpose(0, 1)

    def _drop_packed(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Drop as torch.nn's layers do of a packed batch: the mask has no numbers for the padding."""
        if not self.training or not self.dropout:
            return x
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        dropped = packed._replace(data=F.dropout(packed.data, self.dropout))
        return pad_packed_sequence(dropped, batch_first=True)[0]

    def _check(self, x: Tensor, hx: Any, weights: list[Tensor]) -> None:
        """torch's own checks, shown the weights of this call: its own list of them may lag behind."""
        view = object.__new__(type(self))
        view.__dict__ = {**self.__dict__, "_flat_weights": weights, "batch_first": True}
        if hx is None:
            view.check_input(x, None)
        else:
            view.check_forward_args(x, hx, None)

    def _layers(self, weights: dict[str, Tensor]) -> list[Any]:
        """Our layers over these weights: what `Recurrent`, `Bidirectional` and `Stack` do, without making them."""
        runs = [
            bound(layer, {name.partition("_l")[0]: weights[name] for name in names})
            for layer, names in zip(self._runs, self._all_weights, strict=True)
        ]
        if not self.bidirectional:
            return runs
        return [partial(both_directions, *pair) for pair in zip(runs[::2], runs[1::2], strict=True)]

    def _split(self, hx: Any) -> tuple[Any, ...] | None:
        """From (layers * directions, batch, features) tensors to the state of each layer."""
        if hx is None:
            return None
        states = [self._state(*parts) for parts in zip(*(hx if isinstance(hx, tuple) else (hx,)), strict=True)]
        if not self.bidirectional:
            return tuple(states)
        return tuple(BidirectionalState(*pair) for pair in zip(states[::2], states[1::2], strict=True))

    def _join(self, states: tuple[Any, ...]) -> Any:
        """The inverse of `_split`."""
        flat = [state for layer in states for state in layer] if self.bidirectional else states
        joined = tuple(torch.stack(parts) for parts in zip(*flat, strict=True))
        return joined if len(joined) > 1 else joined[0]
