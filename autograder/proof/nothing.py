"""Code that computes nothing and looks in every other way as if it did: what stands in trivial answers.

This file's text goes into the hand-ins that ``trivial.py`` builds, and runs in the room. There ``write`` runs the
reference's cell and puts something in front of every public function and method that it made: the reference is run only
to learn how many things come back, of which kind and shape, and in their place comes what a kind of nothing says
(``FILLS``). That is the generous reading. What the reference raises is raised; what it changes (arguments, attributes,
``.grad``) is changed back or filled with nothing too; and where something that was given back comes in again, such as
a cache, the reference is shown what it gave itself.
"""

from __future__ import annotations

import functools
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

FILLS = {
    "zeros": 0,
    "ones": 1,
    "a constant": 0.1,
    "the input": 0,  # where no input has the shape
    "None": None,
    "random numbers": 0,  # drawn in _leaf
    "zeros, inputs zeroed": 0,
    "empty-handed containers": 0,
}
_BINARY = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor")
_OTHERS = ("call", "getitem", "neg", "pos", "abs", "invert", "lt", "le", "gt", "ge")
_OPERATORS = {f"__{r}{name}__" for name in _BINARY for r in ("", "r", "i")} | {f"__{name}__" for name in _OTHERS}

_kind = ""
_depth = 0  # > 0 while the reference runs: then all is as the reference has it
_given: dict[Any, Any] = {}  # the look of a container that was given back -> what the reference gave
_objects: dict[int, Callable[[], Any]] = {}  # id of an instance of the cells' classes -> it, or None if it is gone
_shown: dict[int, dict[str, tuple[Any, Any]]] = {}  # id of such an object -> attribute -> (what is shown, the true one)
_rng = np.random.default_rng(0)  # our own: checks seed the others


class EmptyDict(dict[Any, Any]):
    """Has keys, but nothing to go through."""

    def items(self) -> Any:
        return {}.items()

    def values(self) -> Any:
        return {}.values()

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class EmptyList(list[Any]):
    """Has a length, but nothing to go through."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())


def write(code: str, names: list[str], kind: str, notebook: dict[str, Any]) -> None:
    """Run a cell of the reference in ``notebook``, then let ``names`` of what it made compute nothing."""
    global _kind, _depth
    _kind = kind
    _depth += 1
    try:
        exec(compile(code, "<reference>", "exec", dont_inherit=True), notebook)
    finally:
        _depth -= 1
    for name in names:
        made = notebook[name]
        if isinstance(made, type):
            _empty_class(made)
        elif callable(made) and not _is_module(made) and not _is_ours(made):
            notebook[name] = _emptied(made)
        else:
            notebook[name] = _nothing(made, [])


# --- what stands in front of functions and classes -------------------------------------------------------------------


def _emptied(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that runs ``function`` for the looks of its result."""

    @functools.wraps(function)
    def emptied(*args: Any, **kwargs: Any) -> Any:
        global _depth
        if _depth:
            return function(*args, **kwargs)
        _depth += 1
        inputs = list(_leaves((args, kwargs)))
        before = _Before((args, kwargs))
        try:
            result = _run(function, args, kwargs)
            shown = _nothing(result, inputs)
            _remember(shown, result)
        finally:
            before.restore()
            _depth -= 1
        if _kind == "zeros, inputs zeroed":
            _zero(inputs)
        return shown

    return emptied


def _run(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The reference's result; None where it stumbles over something that was given back before."""
    true_args, true_kwargs = _true(args), _true(kwargs)
    came_back = true_args is not args or true_kwargs is not kwargs
    if came_back:
        try:
            return function(*true_args, **true_kwargs)
        except Exception:  # then as it came
            pass
    try:
        return function(*args, **kwargs)
    except Exception:
        if came_back or (_kind == "None" and any(value is None for value in (*args, *kwargs.values()))):
            return None
        raise


def _items_of(generator: Iterator[Any]) -> Iterator[Any]:
    global _depth
    while True:
        _depth += 1
        try:
            item = next(generator)
        except StopIteration:
            return
        finally:
            _depth -= 1
        yield _nothing(item, [])


def _empty_class(made: type) -> None:
    """Methods compute nothing; what they store in objects is shown as nothing."""
    begin: Callable[..., None] = made.__init__  # type: ignore[misc]

    @functools.wraps(begin)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        global _depth
        _depth += 1
        try:
            begin(self, *args, **kwargs)
        finally:
            _depth -= 1
        if not _is_ours(self):
            try:
                _objects[id(self)] = weakref.ref(self)
            except TypeError:  # its __slots__ leave no room for that
                _objects[id(self)] = lambda: self
        if not _depth:
            _fill_module(self)

    for name, member in list(vars(made).items()):
        if name.startswith("_") and name not in _OPERATORS:
            continue
        if isinstance(member, types.FunctionType):
            setattr(made, name, _emptied(member))
        elif isinstance(member, staticmethod | classmethod):
            setattr(made, name, type(member)(_emptied(member.__func__)))
        elif isinstance(member, property) and member.fget is not None:
            setattr(made, name, property(_emptied(member.fget), member.fset, member.fdel, member.__doc__))
    made.__init__ = __init__  # type: ignore[misc]


# --- what a call changed ---------------------------------------------------------------------------------------------


class _Before:
    """What a call could change, as it is now: its arguments, and the objects of the cells' classes."""

    def __init__(self, arguments: Any):
        self.arrays: list[tuple[Any, Any]] = []
        self.tensors: list[tuple[Any, Any, Any, Any]] = []
        self.containers: list[tuple[Any, Any]] = []
        self.attributes: dict[int, dict[str, Any]] = {}
        self._seen: dict[int, Any] = {}  # the things too, so that no id is used anew
        alive = [thing for reference in _objects.values() if (thing := reference()) is not None]
        for gone in _objects.keys() - set(map(id, alive)):
            del _objects[gone]
            _shown.pop(gone, None)
        for thing in alive:
            for name, (shown, true) in _shown.get(id(thing), {}).items():
                if vars(thing).get(name) is shown:
                    vars(thing)[name] = true
            self.attributes[id(thing)] = dict(_attributes(thing))
        self._walk((arguments, alive))

    def _walk(self, value: Any) -> None:
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, np.ndarray):
            self.arrays.append((value, value.copy()))
        elif _is_tensor(value):
            if value.is_leaf:
                grad = None if value.grad is None else value.grad.clone()
                self.tensors.append((value, value.detach().clone(), value.grad, grad))
        elif _is_module(value):
            self._walk([*value.parameters(), *value.buffers()])
        elif isinstance(value, tuple | list | dict):
            if not isinstance(value, tuple):
                self.containers.append((value, value.copy()))
            for item in value.values() if isinstance(value, dict) else value:
                self._walk(item)
        if id(value) in self.attributes:
            self._walk(list(_attributes(value).values()))

    def restore(self) -> None:
        """Undo what was changed in place; of what is new in objects, nothing but the looks is shown."""
        for array, kept in self.arrays:
            if array.flags.writeable and array.tobytes() != kept.tobytes():
                array[...] = kept
        for tensor, kept, grad, grad_kept in self.tensors:
            if not _same(tensor.detach(), kept):
                tensor.detach().copy_(kept)
            if tensor.grad is not None and (tensor.grad is not grad or not _same(tensor.grad, grad_kept)):
                tensor.grad = _leaf(tensor.grad, [])
        for container, kept in self.containers:
            if _identities(container) != _identities(kept):
                container.clear()
                (container.update if isinstance(container, dict) else container.extend)(kept)
        for reference in _objects.values():
            if (thing := reference()) is not None:
                self._show(thing)

    def _show(self, thing: Any) -> None:
        before, here = self.attributes.get(id(thing), {}), _shown.setdefault(id(thing), {})
        for name, value in _attributes(thing).items():
            known = here.get(name)
            if known is not None and known[1] is value:  # as it was
                vars(thing)[name] = known[0]
            elif name not in before or before[name] is not value:
                here[name] = (_nothing(value, []), value)
                vars(thing)[name] = here[name][0]


def _identities(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return [(key, id(item)) for key, item in container.items()]
    return [id(item) for item in container]


def _attributes(thing: Any) -> dict[str, Any]:
    """Instance attributes; of a torch module not those that torch keeps for itself."""
    found = getattr(thing, "__dict__", {})
    return {k: v for k, v in found.items() if not k.startswith("_")} if _is_module(thing) else dict(found)


# --- nothing that looks like something -------------------------------------------------------------------------------


def _nothing(value: Any, inputs: list[Any]) -> Any:
    """The trivial thing that looks like ``value``."""
    if value is None or _kind == "None":
        return None
    if isinstance(value, dict):
        shown: dict[Any, Any] = {key: _nothing(item, inputs) for key, item in value.items()}
        return EmptyDict(shown) if _kind == "empty-handed containers" else shown
    if isinstance(value, list):
        items = [_nothing(item, inputs) for item in value]
        return EmptyList(items) if _kind == "empty-handed containers" else items
    if isinstance(value, tuple):
        items = [_nothing(item, inputs) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, types.GeneratorType):
        return _items_of(value)
    if isinstance(value, np.ndarray | np.generic | int | float | complex | str | bytes) or _is_tensor(value):
        return _leaf(value, inputs)
    if _is_module(value):
        return _fill_module(value)
    if isinstance(value, types.SimpleNamespace):
        return types.SimpleNamespace(**{key: _nothing(item, inputs) for key, item in vars(value).items()})
    if _is_ours(value) or isinstance(value, type) or not callable(value):
        return value  # an object: its methods and attributes compute nothing
    return _emptied(value)


def _leaf(value: Any, inputs: list[Any]) -> Any:
    if isinstance(value, str | bytes):
        return type(value)()
    fill: Any = FILLS[_kind]
    if fill is None:
        return None
    if isinstance(value, np.ndarray):
        if _kind == "the input":
            same_shape = (x for x in inputs if isinstance(x, np.ndarray) and x.shape == value.shape)
            return next(same_shape, np.zeros_like(value))
        return _filled(value, fill)
    if _is_tensor(value):
        return _filled_tensor(value, fill, inputs)
    if _kind == "the input":
        fill = next((x for x in inputs if isinstance(x, int | float | np.generic)), 0)
    elif _kind == "random numbers":
        fill = _rng.integers(0, 10) if isinstance(value, int | np.integer) else _rng.normal()
    return type(value)(fill)


def _filled(array: np.ndarray, fill: float) -> np.ndarray:
    if _kind == "random numbers" and array.dtype.kind in "biufc":
        whole = array.dtype.kind in "biu"
        drawn = _rng.integers(0, 10, size=array.shape) if whole else _rng.normal(size=array.shape)
        return np.asarray(drawn).astype(array.dtype)
    return np.full_like(array, fill)


def _filled_tensor(tensor: Any, fill: float, inputs: list[Any]) -> Any:
    """With a graph where there was one, through which only zeros go back."""
    torch = sys.modules["torch"]
    if _kind == "the input":
        for x in inputs:
            if _is_tensor(x) and x.shape == tensor.shape:
                return x
    filled = torch.full_like(tensor.detach(), fill)
    if _kind == "random numbers":
        filled = torch.from_numpy(_filled(np.empty(tuple(tensor.shape)), 0)).to(filled.dtype)
    if not tensor.requires_grad:
        return filled
    if isinstance(tensor, torch.nn.Parameter):
        return torch.nn.Parameter(filled)
    if tensor.is_leaf:
        return filled.requires_grad_()
    return torch.where(torch.zeros_like(filled, dtype=torch.bool), tensor, filled)


def _fill_module(value: Any) -> Any:
    """A torch module keeps its build; its parameters become nothing. Anything else is left as it is."""
    if _is_module(value):
        for parameter in value.parameters():
            parameter.detach().copy_(_filled_tensor(parameter.detach(), FILLS[_kind] or 0, []))
    return value


def _zero(inputs: list[Any]) -> None:
    for value in inputs:
        if isinstance(value, np.ndarray) and value.flags.writeable:
            value[...] = 0
        elif _is_tensor(value):
            value.detach().zero_()


# --- what was given back, seen again ---------------------------------------------------------------------------------


def _look(value: Any) -> Any:
    """What a container looks like whatever numbers it holds: it comes back as a copy, so its identity tells nothing."""
    if isinstance(value, dict):
        return "dict", tuple((key, _look(dict.__getitem__(value, key))) for key in value.keys())  # noqa: SIM118
    if isinstance(value, tuple | list):
        return "sequence", tuple(_look(value[i]) for i in range(len(value)))
    if isinstance(value, np.ndarray) or _is_tensor(value):
        return tuple(value.shape), str(value.dtype)
    return "number" if isinstance(value, int | float | complex | np.generic) else type(value).__name__


def _remember(shown: Any, true: Any) -> None:
    """Keep what stands behind every container in a result, for when it comes back."""
    if isinstance(shown, tuple | list | dict) and isinstance(true, tuple | list | dict):
        _given[_look(shown)] = true if isinstance(true, tuple) else true.copy()
        for key in shown.keys() if isinstance(shown, dict) else range(len(shown)):
            _remember(shown[key], true[key])


def _true(value: Any) -> Any:
    """Arguments with what was given back replaced by what the reference gave; the very same if there is nothing."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = {key: _given[_look(x)] for key, x in items if isinstance(x, tuple | list | dict) and _look(x) in _given}
    if not found:
        return value
    if isinstance(value, dict):
        return {**value, **found}
    return tuple(found.get(i, item) for i, item in enumerate(value))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _is_ours(value: Any) -> bool:
    """Whether it is an instance of one of the cells' classes."""
    return id(value) in _objects and _objects[id(value)]() is value


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _is_module(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _same(a: Any, b: Any) -> bool:
    return bool(sys.modules["torch"].equal(a, b))
