"""Stand-ins for tensors that gradients are collected in, such as Parameters, and what torch does with them here.

They are tensors, since torch reads the memory of whatever it takes for one. They hold no numbers: torch's functions
fetch those, and so do operators, so that what a test subtracts or compares with stays here.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from autograder.exam.inside.values import NO_GRAPH, TENSOR_PROXIES, is_proxy, without_its_graph
from autograder.exam.standins import BINARY, Asking, StandIn

_OWN = {"_peer", "_ref", "_type_name", "_bases", "_own_eq", "_shown", "_compared", "_is_class", "_is_param"}


def make_stand_in(peer: Any, ref: int, type_name: str, bases: tuple[str, ...], own_eq: bool, *like: Any) -> Any:
    """The stand-in for an object with these bases; like: the dtype and the shape of a tensor."""
    if not like or "torch" not in sys.modules:
        return StandIn(peer, ref, type_name, bases, own_eq)
    kind = _class("Parameter" if "torch.nn.parameter.Parameter" in bases else "Tensor")
    return kind(peer, ref, type_name, bases, own_eq, *like)


@cache
def _class(name: str) -> Any:
    import torch

    class TensorStandIn(Asking, torch.Tensor):  # type: ignore[misc]
        _is_param: bool

        @staticmethod
        def __new__(cls: Any, peer: Any, ref: int, name: str, bases: Any, own_eq: bool, dtype: str, shape: Any) -> Any:
            made = torch.Tensor._make_wrapper_subclass(cls, shape, dtype=getattr(torch, dtype))
            slots = {"_peer": peer, "_ref": ref, "_type_name": name, "_bases": bases, "_own_eq": own_eq}
            object.__getattribute__(made, "__dict__").update(slots)
            return made

        def __init__(self, *args: Any) -> None:
            pass

        def __del__(self) -> None:
            self._peer.dropped.append(self._ref)

        def __getattribute__(self, name: str) -> Any:
            if name.startswith("__") or name in _OWN:
                return object.__getattribute__(self, name)
            return self._peer.request("getattr", self, name)

        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name, kwargs = getattr(func, "__name__", ""), kwargs or {}
            if getattr(func, "__module__", "") == "torch.nn.init":
                return _initialised(func, *args, **kwargs)
            writes = name.endswith("_") and not name.endswith("__")
            _refuse_writing(name, args[0] if args and writes else kwargs.get("out"))
            return func(*_fetched(args), **_fetched(kwargs))

        @classmethod
        def __torch_dispatch__(  # type: ignore[override]
            cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            """For functions that do not ask first, such as torch.tensor: numbers alone."""
            name, kwargs = func.__name__.partition(".")[0], kwargs or {}
            _refuse_writing(name, args[0] if name.endswith("_") else kwargs.get("out"))
            return func(*_fetched(args, numbers), **_fetched(kwargs, numbers))

        def __reduce_ex__(self, protocol: Any) -> Any:
            return numbers(self).__reduce_ex__(protocol)

        def __hash__(self) -> int:
            return hash((id(self._peer), self._ref))

    for operation in ("eq", "ne", "lt", "le", "gt", "ge", "pow", *BINARY.split()):
        plain = operation.strip("_")
        setattr(TensorStandIn, f"__{plain}__", _operating(getattr(operator, operation), 1))
        setattr(TensorStandIn, f"__r{plain}__", _operating(getattr(operator, operation), -1))
    TensorStandIn._is_param = name == "Parameter"  # which is what isinstance asks
    TensorStandIn.__name__ = TensorStandIn.__qualname__ = name
    TENSOR_PROXIES.add(TensorStandIn)
    return TensorStandIn


def _operating(operation: Callable[[Any, Any], Any], order: int) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        return operation(*[fetch(self), _fetched(other)][::order])

    return method


def _refuse_writing(name: str, target: Any) -> None:
    if type(target) in TENSOR_PROXIES:
        raise TypeError(
            f"{name} would write into a tensor that lives in the exam room: call the tensor's own method, as in "
            "p.copy_(...), or do it in a function of a locked cell that is marked @in_room"
        )


def numbers(tensor: Any) -> Any:
    """What a tensor of the room's holds now."""
    return tensor._peer.request("fetch", tensor)


def fetch(tensor: Any) -> Any:
    """A tensor of the room's as one of this side's: the same numbers; its gradients stay there."""
    return without_its_graph(numbers(tensor)) if tensor.requires_grad else numbers(tensor)


def _fetched(value: Any, how: Callable[[Any], Any] = fetch) -> Any:
    if type(value) in TENSOR_PROXIES:
        return how(value)
    if type(value) in (list, tuple):
        return type(value)(_fetched(item, how) for item in value)
    return {key: _fetched(item, how) for key, item in value.items()} if type(value) is dict else value


def _initialised(func: Callable[..., Any], tensor: Any, *args: Any, **kwargs: Any) -> Any:
    """What one of torch's initialisers does to a tensor, done to a copy and handed over."""
    import torch

    with torch.no_grad():
        tensor.copy_(func(numbers(tensor), *args, **kwargs))
    return tensor


def refuse_what_needs_the_graph() -> None:
    """An optimiser made by a test would train copies, and gradients would be missing: torch says so instead."""
    import torch
    from torch.optim import Optimizer

    if getattr(Optimizer.add_param_group, "of_the_grader", False):
        return
    original = Optimizer.add_param_group

    def add_param_group(self: Any, param_group: dict[str, Any]) -> None:
        params = param_group.get("params")
        params = param_group["params"] = [params] if is_proxy(params) else list(params or [])
        if any(is_proxy(param) for param in params):
            raise TypeError(
                "an optimiser made here would not train parameters that live in the exam room: make it, and take its "
                "steps, in a function of a locked cell that is marked @in_room"
            )
        original(self, param_group)

    add_param_group.of_the_grader = True  # type: ignore[attr-defined]
    Optimizer.add_param_group = add_param_group  # type: ignore[method-assign]
    original_grad = torch.autograd.grad

    @functools.wraps(original_grad)
    def grad(*args: Any, **kwargs: Any) -> Any:
        try:
            return original_grad(*args, **kwargs)
        except RuntimeError as error:
            if "not have been used in the graph" not in str(error):
                raise
            raise RuntimeError(f"{NO_GRAPH} (or this output does not depend on that input)") from None

    torch.autograd.grad = grad
