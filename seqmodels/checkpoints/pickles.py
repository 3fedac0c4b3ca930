"""Check of a checkpoint's pickle before torch reads it."""

import pickletools
from collections.abc import Callable, Mapping
from typing import Any

from seqmodels.checkpoints.described import CALLS, DTYPES, ITEM_SIZES, Container, Name, Nested, Records, is_key

MAX_INSTRUCTIONS = 16_000_000
MAX_TUPLE_DEPTH = 16


def check_pickle(content: bytes, sizes: Mapping[str, int]) -> None:
    """Check that a pickle holds only plain values, and tensors that lie within the file's records.

    torch's own reader, which comes afterwards, refuses functions that it does not know. It does not check sizes: a
    tensor may claim more bytes than its record has, up to all the memory there is. And Python itself ends when it
    hashes a tuple that is nested a million deep.

    Args:
        content: the pickle, as `torch.save` writes it.
        sizes: of the records in bytes, by key.

    Raises:
        ValueError: it holds something else.
    """
    machine = Machine(sizes)
    for count, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        if opcode.name not in ACTIONS:
            raise ValueError(f"the instruction {opcode.name} is none of torch.save's")
        if count == MAX_INSTRUCTIONS:
            raise ValueError(f"more than {MAX_INSTRUCTIONS:,} instructions")
        try:
            ACTIONS[opcode.name](machine, argument)
        except (IndexError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the instruction {opcode.name} has nothing to work on") from error


class Machine:
    """State of a pickle that is being read, with descriptions in place of values.

    Args:
        sizes: of the records in bytes, by key.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.records = Records(sizes)
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def begin(self) -> None:
        """Begin a group of values."""
        self.below.append(self.stack)
        self.stack = []

    def group(self) -> list[Any]:
        """Take the values since `begin`."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def last(self, count: int) -> list[Any]:
        """Take the last values."""
        return [self.stack.pop() for _ in range(count)][::-1]

    def push_tuple(self, items: list[Any]) -> None:
        """Put the tuple of some values on the stack."""
        depth = 1 + max((item.depth for item in items if isinstance(item, Nested)), default=0)
        if depth > MAX_TUPLE_DEPTH:
            raise ValueError(f"tuples are nested deeper than {MAX_TUPLE_DEPTH}")
        self.push(Nested(tuple(items), depth))

    def append(self, items: list[Any]) -> None:
        """Append to the list on top."""
        target = self._top("list")
        target.hashable = target.hashable and all(map(is_key, items))
        target.filled = True

    def set_items(self, items: list[Any]) -> None:
        """Add keys and their values to the dictionary on top."""
        if len(items) % 2 or not all(map(is_key, items[::2])):
            raise ValueError("a dictionary has keys that are neither texts nor numbers")
        self._top("dict", "OrderedDict", "Counter").filled = True

    def set_attributes(self) -> None:
        """Add attributes to the OrderedDict on top: a `state_dict` has `_metadata`."""
        if self.stack.pop().kind != "dict":
            raise TypeError("dict")
        self._top("OrderedDict")

    def name(self, name: str) -> None:
        """Put a function or class on the stack."""
        if name in DTYPES:
            self.push(DTYPES[name])
        elif name in ITEM_SIZES or name in CALLS:
            self.push(Name(name))
        else:
            raise ValueError(f"it names {name.replace(' ', '.')!r}, where tensors and plain values are expected")

    def call(self) -> None:
        """Put the result of a call on the stack."""
        function, arguments = self.last(2)
        if not isinstance(function, Name):
            raise TypeError(function)
        self.push(CALLS[function](self.records, *arguments.items))

    def push_storage(self) -> None:
        """Put the storage that a tuple describes on the stack."""
        self.push(self.records.storage(*self.stack.pop().items))

    def remember(self, index: int) -> None:
        """Keep the value on top."""
        self.memo[index] = self.stack[-1]

    def check_end(self) -> None:
        """Check that one dictionary is left."""
        self._top("dict", "OrderedDict")
        if len(self.stack) > 1 or self.below:
            raise IndexError(len(self.stack))

    def _top(self, *kinds: str) -> Container:
        target = self.stack[-1]
        if not isinstance(target, Container) or target.kind not in kinds:
            raise TypeError(target)
        return target


def _check_protocol(machine: Machine, protocol: int) -> None:  # noqa: ARG001
    if protocol != 2:
        raise ValueError(f"pickle protocol {protocol} is not torch.save's, which is 2")


Action = Callable[[Machine, Any], None]
CONSTANTS: dict[str, Action] = {
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"), Machine.push),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_TUPLE": lambda machine, _: machine.push_tuple([]),
    "EMPTY_LIST": lambda machine, _: machine.push(Container("list")),
    "EMPTY_DICT": lambda machine, _: machine.push(Container("dict")),
}
ACTIONS: dict[str, Action] = {
    **CONSTANTS,
    "PROTO": _check_protocol,
    "STOP": lambda machine, _: machine.check_end(),
    "MARK": lambda machine, _: machine.begin(),
    "TUPLE": lambda machine, _: machine.push_tuple(machine.group()),
    "TUPLE1": lambda machine, _: machine.push_tuple(machine.last(1)),
    "TUPLE2": lambda machine, _: machine.push_tuple(machine.last(2)),
    "TUPLE3": lambda machine, _: machine.push_tuple(machine.last(3)),
    "APPEND": lambda machine, _: machine.append(machine.last(1)),
    "APPENDS": lambda machine, _: machine.append(machine.group()),
    "SETITEM": lambda machine, _: machine.set_items(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.group()),
    "GLOBAL": Machine.name,
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.set_attributes(),
    "BINPERSID": lambda machine, _: machine.push_storage(),
    "BINPUT": Machine.remember,
    "LONG_BINPUT": Machine.remember,
    "BINGET": lambda machine, index: machine.push(machine.memo[index]),
    "LONG_BINGET": lambda machine, index: machine.push(machine.memo[index]),
}
