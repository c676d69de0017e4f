"""Names of the student's objects on the examiner's side: a test uses them as if they were here.

Attribute access, calls, operators, iteration, indexing, ``with`` and ``isinstance`` are carried out in the room. Two
things are not: a comparison with plain data never asks the object (it could claim to equal everything), and no stand-in
turns itself into an array. A test compares what ``assert_close`` has accepted as an array, or a ``float(...)`` of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from autograder.exam.inside.values import Proxy

#: Base classes that ``isinstance`` may ask about: name in the room -> module and name here.
_BASES = {"torch.nn.modules.module.Module": ("torch.nn", "Module")}
_READABLE = {"__name__", "__qualname__", "__doc__", "__module__", "__dict__"}


class StandIn(Proxy):
    """One object of the student's."""

    __slots__ = ()
    __array_ufunc__ = None  # arithmetic of an array with a stand-in is the stand-in's

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._peer.request("call", self, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _READABLE:  # Python and NumPy probing, not the test
            raise AttributeError(name)
        return self._peer.request("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._peer.request("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._peer.request("delattr", self, name)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        for base in self._bases:
            module, name = _BASES.get(base, ("", ""))
            if module in sys.modules:
                return getattr(sys.modules[module], name)
        return type(self)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, Proxy) and bool(self._peer.request("isinstance", instance, self))

    def __iter__(self) -> Iterator[Any]:
        return self._peer.request("iter", self)

    def __next__(self) -> Any:
        return self._peer.request("next", self)

    def __enter__(self) -> Any:
        return self._peer.request("enter", self)

    def __exit__(self, *error: Any) -> bool:
        return bool(self._peer.request("exit", self))

    def __contains__(self, item: Any) -> bool:
        return bool(self._peer.request("contains", self, item))

    def __repr__(self) -> str:
        return f"<{self._type_name} of the hand-in>"

    def __hash__(self) -> int:
        return hash((id(self._peer), self._ref))

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True
        return self._peer.request("eq", self, other) if isinstance(other, StandIn) else False


def _asking(function: str) -> Callable[..., Any]:
    def method(self: StandIn, *args: Any) -> Any:
        return self._peer.request(function, self, *args)

    return method


def _asking_reflected(function: str) -> Callable[..., Any]:
    def method(self: StandIn, other: Any) -> Any:
        return self._peer.request(function, other, self)

    return method


def _comparing(function: str) -> Callable[..., Any]:
    def method(self: StandIn, other: Any) -> Any:
        if isinstance(other, StandIn):
            return self._peer.request(function, self, other)
        raise TypeError(f"a number or an array is needed, not a {self._type_name}")

    return method


for _name in "len bool float int complex index abs round getitem setitem delitem neg pos invert".split():  # noqa: SIM905
    setattr(StandIn, f"__{_name}__", _asking(_name))
for _name in "iadd isub imul itruediv ipow imatmul".split():  # noqa: SIM905
    setattr(StandIn, f"__{_name}__", _asking(_name))
for _name in "add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift".split():  # noqa: SIM905
    setattr(StandIn, f"__{_name.strip('_')}__", _asking(_name))
    setattr(StandIn, f"__r{_name.strip('_')}__", _asking_reflected(_name))
for _name in "lt le gt ge".split():  # noqa: SIM905
    setattr(StandIn, f"__{_name}__", _comparing(_name))
