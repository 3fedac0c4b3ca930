"""In the place of `torch.nn.RNN`, `LSTM` and `GRU`: the same parameters and conventions, and lengths."""

from typing import Any

import torch
from torch import nn

from seqmodels import cells
from seqmodels.layers.scan import modifiable
from seqmodels.layers.torch_conventions import Recurrence


class RNN(Recurrence, nn.RNN):
    """`torch.nn.RNN` that also takes lengths, and can be told to compute by the documented equations.

    Args:
        args: as torch.nn's.
        engine: who computes, see `docs/engines.md`; `"auto"` takes the fastest that computes exactly what was asked,
            `"loop"` goes through the equations of `cells.RNNCell` step by step.
        kwargs: as torch.nn's.

    Example:
        >>> layer, theirs = RNN(3, 5, engine="loop"), nn.RNN(3, 5)
        >>> layer.load_state_dict(theirs.state_dict(), strict=True)
        <All keys matched successfully>
        >>> x = torch.randn(7, 2, 3)
        >>> torch.allclose(layer(x)[0], theirs(x)[0], atol=1e-6)
        True
    """

    _state = cells.RNNState

    def _torchs_cell(self, *args: Any) -> Any:
        h = (torch.rnn_tanh_cell if self.nonlinearity == "tanh" else torch.rnn_relu_cell)(*args)
        return modifiable(h)  # the derivative of tanh and relu reads what they return

    def _cell(self, input_size: int) -> cells.RNNCell:
        return cells.RNNCell(
            input_size, self.hidden_size, nonlinearity=self.nonlinearity, bias=self.bias, device="meta"
        )


class LSTM(Recurrence, nn.LSTM):
    """`torch.nn.LSTM` that also takes lengths, and can be told to compute by the documented equations.

    Args:
        args: as torch.nn's.
        engine: who computes, see `docs/engines.md`; `"auto"` takes the fastest that computes exactly what was asked,
            `"loop"` goes through the equations of `cells.LSTMCell` step by step.
        kwargs: as torch.nn's.

    Example:
        >>> layer, theirs = LSTM(3, 5, batch_first=True), nn.LSTM(3, 5, batch_first=True)
        >>> layer.load_state_dict(theirs.state_dict(), strict=True)
        <All keys matched successfully>
        >>> x = torch.randn(2, 7, 3)
        >>> y, (h_n, c_n) = layer(x, lengths=torch.tensor([7, 4]))
        >>> torch.allclose(c_n[:, 1], theirs(x[1, :4])[1][1], atol=1e-6), bool(y[1, 4:].any())
        (True, False)
    """

    _state = cells.LSTMState

    def _torchs_cell(self, *args: Any) -> Any:
        return torch.lstm_cell(*args)

    def _cell(self, input_size: int) -> cells.LSTMCell:
        return cells.LSTMCell(input_size, self.hidden_size, bias=self.bias, proj_size=self.proj_size, device="meta")


class GRU(Recurrence, nn.GRU):
    """`torch.nn.GRU` that also takes lengths, and can be told to compute by the documented equations.

    Args:
        args: as torch.nn's.
        engine: who computes, see `docs/engines.md`; `"auto"` takes the fastest that computes exactly what was asked,
            `"loop"` goes through the equations of `cells.GRUCell` step by step.
        kwargs: as torch.nn's.

    Example:
        >>> layer, theirs = GRU(3, 5, bidirectional=True), nn.GRU(3, 5, bidirectional=True)
        >>> layer.load_state_dict(theirs.state_dict(), strict=True)
        <All keys matched successfully>
        >>> x = torch.randn(7, 2, 3)
        >>> y, h_n = layer(x, lengths=torch.tensor([7, 4]))
        >>> torch.allclose(h_n[:, 1], theirs(x[:4, 1])[1], atol=1e-6)
        True
    """

    _state = cells.GRUState

    def _torchs_cell(self, *args: Any) -> Any:
        return torch.gru_cell(*args)

    def _cell(self, input_size: int) -> cells.GRUCell:
        return cells.GRUCell(input_size, self.hidden_size, bias=self.bias, device="meta")
