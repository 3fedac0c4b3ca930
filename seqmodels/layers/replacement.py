"""What a module in the place of one of torch.nn's saves, and how tools that know only torch.nn's own get one."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn


class Replacement(nn.Module):
    """Module that computes with the parameters it has from a class of torch.nn.

    Attributes that follow from its sizes are left out of copies and files and set again on loading, so that
    `torch.load(..., weights_only=True)` needs a single allowed name, that of the module's class.
    """

    _derived: ClassVar[tuple[str, ...]]
    """Names of the attributes that `_derive` sets."""

    def _derive(self) -> None:
        """Set what follows from the arguments."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in self._derived}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._derive()

    def as_torch(self) -> Any:
        """Return torch.nn's own module over the same parameters, for tools that know modules by their exact type.

        Example:
            >>> from seqmodels.layers.drop_in import GRU
            >>> layer = GRU(3, 5)
            >>> own = layer.as_torch()
            >>> type(own) is nn.GRU, own.weight_hh_l0 is layer.weight_hh_l0
            (True, True)
        """
        kind = next(base for base in type(self).__mro__ if base.__module__.startswith("torch.nn."))
        own: nn.Module = object.__new__(kind)
        left_out = (*self._derived, "_engine", "engine")
        own.__dict__ = {
            name: value.copy() if isinstance(value, dict) else value
            for name, value in self.__dict__.items()
            if name not in left_out
        }
        if isinstance(own, nn.RNNBase):
            own._flat_weights = [*current_weights(self, own._flat_weights_names)]
        return own

    def __prepare_scriptable__(self) -> Any:
        return self.as_torch()


def current_weights(layer: Any, names: Sequence[str]) -> list[Tensor]:
    """Return the weights of a layer that torch.nn's would take: those in its list, which may have been assigned.

    Where an attribute holds another tensor than when that list was made, the attributes count.
    """
    weights = [getattr(layer, name) for name in names]
    if torch.compiler.is_compiling():
        return weights
    if all(ref is not None and ref() is w for ref, w in zip(layer._flat_weight_refs, weights, strict=True)):
        return layer._flat_weights  # type: ignore[no-any-return]
    if all(isinstance(w, nn.Parameter) for w in weights):
        layer._init_flat_weights()
    return weights
