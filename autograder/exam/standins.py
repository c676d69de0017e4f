"""Names of the student's objects on the examiner's side: a test uses them as if they were here.

Attribute access, calls, operators, iteration, indexing, ``with``, ``isinstance``, ``str`` and ``deepcopy`` are carried
out in the room. Three things are not: no plain data is ever compared *by* the object (it could claim to equal
everything, and would learn what was expected), no stand-in turns itself into an array, and no class is made here out of
one that lives there. Each says in one sentence what to do instead.
"""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.exam.inside.values import Proxy, is_proxy

_READABLE = {"__name__", "__qualname__", "__doc__", "__module__", "__dict__", "__wrapped__", "__annotations__"}


class Asking:
    """What a test does with an object of the student's is asked of the room."""

    __slots__ = ()
    _peer: Any
    _ref: int
    _type_name: str
    _bases: tuple[str, ...]
    _own_eq: bool

    __array_ufunc__ = None  # arithmetic of an array with a stand-in is the stand-in's

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._peer.request("call", self, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "__bases__" and self._is_class():
            return tuple(filter(None, map(torch_class, self._bases)))  # what issubclass asks a class for
        if name.startswith("__") and name not in _READABLE:  # Python and NumPy probing, not the test
            raise AttributeError(name)
        return self._peer.request("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.nn.Module) and not is_proxy(value):
            raise TypeError(
                f"a {type(value).__name__} made by a check can not be put into an object that lives in the exam room: "
                "make it in a function of a locked cell that is marked @in_room"
            )
        self._peer.request("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._peer.request("delattr", self, name)

    def _is_class(self) -> bool:
        return self._type_name.startswith("class ")

    def __instancecheck__(self, instance: Any) -> bool:
        return is_proxy(instance) and self._peer.request("isinstance", instance, self)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        raise TypeError(
            f"the {self._type_name} lives in the exam room: make the subclass in a function of a locked cell that is "
            "marked @in_room, and use what that returns"
        )

    def __iter__(self) -> Iterator[Any]:
        return self._peer.request("iter", self)

    def __reversed__(self) -> Iterator[Any]:
        return self._peer.request("reversed", self)

    def __next__(self) -> Any:
        return self._peer.request("next", self)

    def __enter__(self) -> Any:
        return self._peer.request("enter", self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        if kind is None or error is None:
            return self._peer.request("exit", self, [], "")
        names = [c.__name__ for c in kind.__mro__ if issubclass(c, Exception)]
        text = "" if isinstance(error, AssertionError) else str(error)[:1_000]  # it may tell what was expected
        return self._peer.request("exit", self, names, text)

    def __contains__(self, item: Any) -> bool:
        return self._peer.request("contains", self, item)

    def __str__(self) -> str:
        return self._shown("str")

    def __repr__(self) -> str:
        return self._shown("repr")

    def _shown(self, how: str) -> str:
        try:
            return self._peer.request(how, self)
        except Exception:  # also asked for by whoever wants to say what went wrong
            return f"<{self._type_name} of the hand-in>"

    def __format__(self, spec: str) -> str:
        return self._peer.request("format", self, spec)

    def __hash__(self) -> int:
        return hash((id(self._peer), self._ref))

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"a {self._type_name} of the hand-in lives in the exam room and can not be saved here: save its arrays or "
            "its state_dict(), or save it in a function of a locked cell that is marked @in_room"
        )

    def __copy__(self) -> Any:
        return self._peer.request("copy", self)

    def __deepcopy__(self, memo: Any) -> Any:
        return self._peer.request("deepcopy", self)

    def __divmod__(self, other: Any) -> Any:
        return self._peer.request("divmod", self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return self._peer.request("rdivmod", self, other)

    def __pow__(self, other: Any) -> Any:
        return self._peer.request("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._peer.request("pow", other, self)

    def __eq__(self, other: object) -> Any:
        return self._compared("eq", other, True)

    def __ne__(self, other: object) -> Any:
        return self._compared("ne", other, False)

    def _compared(self, function: str, other: object, same: bool) -> Any:
        """With another object of the room: what the room says. With plain data: by identity, or a sentence."""
        if self is other:
            return same
        if is_proxy(other):
            return self._peer.request(function, self, other)
        if self._own_eq and other is not None:
            raise TypeError(
                f"a {self._type_name} of the hand-in would itself say what equals it: compare float(...) of it, "
                "or an array or a number that it holds"
            )
        return not same


class StandIn(Asking, Proxy):
    """One object of the student's."""

    __slots__ = ()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        if self._is_class():
            return type(self)
        found = next(filter(None, map(torch_class, self._bases)), type(self))
        return found if found.__name__ == self._type_name else _named(found, self._type_name)


@lru_cache(1_000)
def _named(base: type, name: str) -> type:
    """What stands for a class of the student's: a class of this name, with the nearest base that is known here."""
    return type(base)(name.replace("\0", ""), (base,), {"__slots__": ()} if issubclass(base, Proxy) else {})


def torch_class(name: str) -> type | None:
    """The class of torch's with this full name, if torch is loaded here, has it, and it is one of Python objects.

    The room may claim any name. Whatever calls itself a tensor, or another thing that torch keeps in memory of its own,
    would be read as one by torch: as memory that is none.
    """
    module, _, rest = name.rpartition(".")
    if module != "torch" and not module.startswith("torch."):
        return None
    found = getattr(sys.modules.get(module), rest, None)
    plain = isinstance(found, type) and (found.__basicsize__, found.__itemsize__) == _PLAIN
    return found if plain else None


class _Plain:
    pass


_PLAIN = _Plain.__basicsize__, _Plain.__itemsize__  # in memory: a Python object and nothing else


#: How often each global generator was seeded here: seeding it as it already stands has to reach the room as well.
SEEDED = {"numpy": 0, "random": 0, "torch": 0}


def watch_seeding() -> None:
    """Count from now on. A test that seeds twice alike means the room's generators too, which have moved on."""
    places: list[tuple[str, Any, str]] = [("numpy", np.random, "seed"), ("random", random, "seed")]
    places += [("numpy", np.random, "set_state"), ("random", random, "setstate")]
    if (torch := sys.modules.get("torch")) is not None:
        places += [("torch", torch, name) for name in ("manual_seed", "set_rng_state")]
        places += [("torch", torch.random, name) for name in ("manual_seed", "set_rng_state")]
    for which, module, name in places:
        original = getattr(module, name)
        if not hasattr(original, "of_the_grader"):
            setattr(module, name, _counting(which, original))


def _counting(which: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def seed(*args: Any, **kwargs: Any) -> Any:
        SEEDED[which] += 1
        return original(*args, **kwargs)

    seed.of_the_grader = True  # type: ignore[attr-defined]
    return seed


def _asking(function: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        return self._peer.request(function, self, *args)

    return method


def _asking_reflected(function: str) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        return self._peer.request(function, other, self)

    return method


def _ordering(function: str) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        """What the student's code makes of it, but for its bare word: that would be no evidence."""
        if not is_proxy(other) and not isinstance(other, int | float | np.number):
            raise TypeError(f"a {self._type_name} of the hand-in is compared with numbers only: use what it holds")
        answer = self._peer.request(function, self, other)
        if isinstance(answer, bool) and not is_proxy(other):
            raise TypeError(
                f"a {self._type_name} of the hand-in would itself say how it compares: compare float(...) of it"
            )
        return answer

    return method


_UNARY = "len bool float int complex index abs round getitem setitem delitem neg pos invert"
_IN_PLACE = "iadd isub imul itruediv ifloordiv imod ipow imatmul iand ior ixor ilshift irshift"
BINARY = "add sub mul truediv floordiv mod matmul and_ or_ xor lshift rshift"
for _name in f"{_UNARY} {_IN_PLACE}".split():
    setattr(Asking, f"__{_name}__", _asking(_name))
for _name in BINARY.split():
    setattr(Asking, f"__{_name.strip('_')}__", _asking(_name))
    setattr(Asking, f"__r{_name.strip('_')}__", _asking_reflected(_name))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Asking, f"__{_name}__", _ordering(_name))
