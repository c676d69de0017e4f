"""Values as they travel between the examiner and a student's process, and what a call changed in them.

A value is a scalar as it is, or a list that starts with a tag; nothing is ever unpickled, imported or evaluated.
What is neither plain data nor an array stays where it is and travels as a handle.

This file exists inside the room: it may import nothing else of the grader.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

MAX_FRAME = 256 * 2**20  # bytes
MAX_WEIGHT = 300_000  # of one message: a value weighs 1, and a KiB of text or array 1; what is shared, each time
MAX_DEPTH = 60  # nested containers

_DTYPE = re.compile(r"[<>|=]?([biufc]\d{1,2}|[SU]\d{1,6})")
_TORCH_DTYPES = (
    "float16 float32 float64 bfloat16 uint8 int8 int16 int32 int64 bool complex64 complex128".split()  # noqa: SIM905
)
_TYPES: dict[str, type] = {t.__name__: t for t in (bool, int, float, complex, str, bytes, list, tuple, dict)}
_TYPES |= {f"np.{t}": getattr(np, t) for t in ("float16", "float32", "float64", "int32", "int64", "uint8", "bool_")}


class WireError(Exception):
    """The other side sent something that is no valid message, or too much of it."""


class Side(Protocol):
    """One end of the wire (``wire.Peer``), as far as values need it."""

    dropped: list[int]

    def request(self, function: str, /, *args: Any, **kwargs: Any) -> Any: ...
    def publish(self, value: Any) -> tuple[int, str, list[str]]: ...
    def resolve(self, ref: Any) -> Any: ...
    def stand_in(self, ref: int, type_name: str, bases: tuple[str, ...]) -> Proxy: ...


class Proxy:
    """What stands for an object that lives on the other side. Subclassed by both sides; ``ref`` is what travels."""

    __slots__ = ("__weakref__", "_bases", "_peer", "_ref", "_type_name")

    _bases: tuple[str, ...]
    _peer: Side
    _ref: int
    _type_name: str

    def __init__(self, peer: Side, ref: int, type_name: str, bases: tuple[str, ...] = ()):
        for slot, value in zip(("_peer", "_ref", "_type_name", "_bases"), (peer, ref, type_name, bases), strict=True):
            object.__setattr__(self, slot, value)

    def __del__(self) -> None:
        self._peer.dropped.append(self._ref)


# --- values ----------------------------------------------------------------------------------------------------------


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


class Encoder:
    """Turns values into msgpack's types. ``objects`` numbers what was met, so that shared objects stay shared."""

    def __init__(self, peer: Side, objects: list[Any]):
        self.peer = peer
        self.objects = objects
        self.index = {id(o): i for i, o in enumerate(objects)}
        self.inside: set[int] = set()  # containers whose content is being encoded

    def encode(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if value is None or kind is bool or kind is float or kind is str or kind is bytes:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**63 else ["int", hex(value)]
        if isinstance(value, Proxy) and value._peer is self.peer:
            return ["yours", value._ref]
        if id(value) in self.inside:
            raise ValueError("a value that contains itself can not be handed over")
        if id(value) in self.index:
            return ["same", self.index[id(value)]]
        if depth > MAX_DEPTH:
            raise ValueError(f"a value is nested more than {MAX_DEPTH} deep: it can not be handed over")
        if (simple := self._simple(value)) is not None:
            return simple
        self.index[id(value)] = len(self.objects)
        self.objects.append(value)
        self.inside.add(id(value))
        content = self.content(value, depth)
        self.inside.remove(id(value))
        return content

    @staticmethod
    def _simple(value: Any) -> list[Any] | None:
        """Immutable leaves: they need no identity."""
        kind = type(value)
        if kind is complex:
            return ["complex", value.real, value.imag]
        if isinstance(value, np.generic) and value.dtype.kind in "biufcSU":
            return ["scalar", value.dtype.str, value.tobytes()]
        if value is Ellipsis:
            return ["..."]
        if isinstance(value, np.dtype) and value.kind in "biufcSU":
            return ["dtype", value.str]
        if kind is type:
            for name, known in _TYPES.items():
                if value is known:
                    return ["type", name]
        if kind.__module__ == "torch" and kind.__name__ == "dtype":
            return ["torch.dtype", str(value).removeprefix("torch.")]
        return None

    def content(self, value: Any, depth: int) -> Any:
        """The value itself, not a reference to it."""
        kind = type(value)
        if kind is list or kind is tuple:
            return [kind.__name__, [self.encode(item, depth + 1) for item in value]]
        if kind is dict:
            return ["dict", [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in value.items()]]
        if kind is slice or kind is range:
            return [kind.__name__, [self.encode(p, depth + 1) for p in (value.start, value.stop, value.step)]]
        if kind is np.ndarray and value.dtype.kind in "biufcSU":
            return ["array", *_array_parts(value)]
        if kind is np.random.Generator:
            state = value.bit_generator.state
            return ["Generator", state["bit_generator"], self.encode(_plain_state(state), depth + 1)]
        if _is_tensor(value):
            torch = sys.modules["torch"]
            name = str(value.dtype).removeprefix("torch.")
            flat = value.detach().cpu().contiguous()
            raw = flat.view(torch.int16) if name == "bfloat16" else flat
            return ["tensor", name, bool(value.requires_grad), *_array_parts(raw.numpy())]
        return ["mine", *self.peer.publish(value)]


def _plain_state(state: Any) -> Any:
    """A bit generator's state, with NumPy's arrays as lists."""
    if isinstance(state, dict):
        return {k: _plain_state(v) for k, v in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


def _array_parts(array: np.ndarray) -> list[Any]:
    if array.nbytes > MAX_FRAME // 2:
        raise ValueError(f"an array of {array.nbytes / 2**20:.0f} MiB is too large to be handed over")
    # keep what the layout means to the other side: C order, Fortran order, or not contiguous at all
    order = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else "strided"
    data = array.tobytes("F" if order == "F" else "C")
    return [array.dtype.str, list(array.shape), order, bool(array.flags.writeable), data]


class Decoder:
    """The way back. Everything is checked: the other side may have been written to break this one."""

    def __init__(self, peer: Side, objects: list[Any]):
        self.peer = peer
        self.objects = objects
        self.weight = 0
        known: dict[int, int] = {}
        self.weights = {i: _weight(value, known) for i, value in enumerate(objects)}  # of objects that are whole

    def decode(self, data: Any, depth: int = 0) -> Any:
        place, before = len(self.objects), self.weight
        self._add(1)
        if depth > MAX_DEPTH + 1:
            raise WireError("a value is nested too deep")
        value = self._value(data, depth)
        if len(self.objects) > place:  # it is one that may be referred to from now on
            self.weights[place] = self.weight - before
        return value

    def _add(self, weight: int) -> None:
        self.weight += weight
        if self.weight > MAX_WEIGHT:
            raise WireError("a value is too large or has too many parts")

    def _value(self, data: Any, depth: int) -> Any:
        if data is None or type(data) in (bool, int, float, str, bytes):
            self._add(_bulk(data))
            return data
        if type(data) is not list or not data or type(data[0]) is not str:
            raise WireError("a value without a tag")
        decoder = self._DECODERS.get(data[0])
        if decoder is None:
            raise WireError("a value with an unknown tag")
        return decoder(self, data, depth)

    def _sequence(self, data: list[Any], depth: int) -> Any:
        tag, items = data
        place = len(self.objects)
        result: list[Any] = []
        self.objects.append(result if tag == "list" else None)
        result.extend(self.decode(item, depth + 1) for item in items)
        if tag == "tuple":
            self.objects[place] = tuple(result)
        return self.objects[place]

    def _dict(self, data: list[Any], depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        self.objects.append(result)
        for key, value in data[1]:
            result[self.decode(key, depth + 1)] = self.decode(value, depth + 1)
        return result

    def _slice(self, data: list[Any], depth: int) -> Any:
        place = len(self.objects)
        self.objects.append(None)
        self.objects[place] = (slice if data[0] == "slice" else range)(*(self.decode(p, depth + 1) for p in data[1]))
        return self.objects[place]

    def _array(self, data: list[Any], depth: int) -> np.ndarray:
        array = _array_from(*data[1:])
        self._add(_bulk(array))
        self.objects.append(array)
        return array

    def _tensor(self, data: list[Any], depth: int) -> Any:
        _, name, requires_grad, dtype, shape, order, _, content = data
        if name not in _TORCH_DTYPES:
            raise WireError("a tensor of unknown dtype")
        import torch

        self._add(_bulk(content))
        tensor = torch.from_numpy(_array_from(dtype, shape, order, True, content))
        tensor = tensor.view(torch.bfloat16) if name == "bfloat16" else tensor
        self.objects.append(tensor.requires_grad_(bool(requires_grad)))
        return tensor

    def _generator(self, data: list[Any], depth: int) -> np.random.Generator:
        place = len(self.objects)
        self.objects.append(None)
        if data[1] not in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"):
            raise WireError("an unknown random generator")
        bits = getattr(np.random, data[1])(0)
        bits.state = self.decode(data[2], depth + 1)
        self.objects[place] = np.random.Generator(bits)
        return self.objects[place]

    def _same(self, data: list[Any], depth: int) -> Any:
        index = data[1]
        if type(index) is not int or not 0 <= index < len(self.objects) or self.objects[index] is None:
            raise WireError("a reference to nothing")
        if index not in self.weights:
            raise WireError("a value that contains itself")
        self._add(self.weights[index])  # a few lists of lists, each shared, would unfold without end
        return self.objects[index]

    def _theirs(self, data: list[Any], depth: int) -> Proxy:
        _, ref, type_name, bases = data
        if type(ref) is not int or type(type_name) is not str or not all(type(b) is str for b in bases):
            raise WireError("a malformed handle")
        proxy = self.peer.stand_in(ref, type_name[:100], tuple(bases[:30]))
        self.objects.append(proxy)
        return proxy

    def _ours(self, data: list[Any], depth: int) -> Any:
        return self.peer.resolve(data[1])

    @staticmethod
    def _scalar(data: list[Any]) -> Any:
        return _array_from(data[1], [], "C", False, data[2])[()]

    _DECODERS: Mapping[str, Callable[[Decoder, list[Any], int], Any]] = {
        "list": _sequence,
        "tuple": _sequence,
        "dict": _dict,
        "slice": _slice,
        "range": _slice,
        "array": _array,
        "tensor": _tensor,
        "Generator": _generator,
        "same": _same,
        "mine": _theirs,
        "yours": _ours,
        "int": lambda self, data, depth: int(data[1][:20_000], 16),
        "complex": lambda self, data, depth: complex(data[1], data[2]),
        "scalar": lambda self, data, depth: self._scalar(data),
        "...": lambda self, data, depth: Ellipsis,
        "dtype": lambda self, data, depth: _dtype(data[1]),
        "type": lambda self, data, depth: _TYPES[data[1]],
        "torch.dtype": lambda self, data, depth: getattr(sys.modules["torch"], _known(data[1], _TORCH_DTYPES)),
    }


def _bulk(value: Any) -> int:
    """KiB of what is one value but may be long."""
    if isinstance(value, np.ndarray):
        return value.nbytes // 1024
    return len(value) // 1024 if isinstance(value, str | bytes | list | dict | tuple) else 0


def _weight(value: Any, known: dict[int, int]) -> int:
    """What a value of this side weighs, parts included; ``known``: id of those already weighed -> weight."""
    if id(value) not in known:
        parts = [*value.keys(), *value.values()] if type(value) is dict else value
        inside = sum(_weight(part, known) for part in parts) if type(value) in (list, tuple, dict) else 0
        known[id(value)] = 1 + _bulk(value) + inside
    return known[id(value)]


def _known(name: str, names: Any) -> str:
    if name not in names:
        raise WireError("an unknown name")
    return name


def _dtype(text: str) -> np.dtype:
    if not _DTYPE.fullmatch(text):
        raise WireError("an array of unknown dtype")
    return np.dtype(text)


def _array_from(dtype: str, shape: list[int], order: str, writeable: bool, data: bytes) -> np.ndarray[Any, Any]:
    kind = _dtype(dtype)
    if len(shape) > 32 or not all(type(n) is int and n >= 0 for n in shape):
        raise WireError("an array of impossible shape")
    size = 1
    for n in shape:
        size *= n
    if size * kind.itemsize != len(data):
        raise WireError("an array whose bytes do not fill its shape")
    flat = np.frombuffer(data, kind) if data else np.empty(size, kind)
    array = flat.reshape(shape, order="F" if order == "F" else "C").copy("K")
    if order == "strided" and array.ndim:
        wide = np.empty((*shape[:-1], 2 * shape[-1]), kind)
        wide[..., ::2] = array
        array = wide[..., ::2]
    array.flags.writeable = bool(writeable)
    return array


# --- changes in place ------------------------------------------------------------------------------------------------


def snapshot(value: Any) -> Any:
    """What is needed to see later whether this object was changed in place; None if it can not be."""
    kind = type(value)
    if kind is list:
        return list(map(id, value)), value.copy()
    if kind is dict:
        return [(id(k), id(v)) for k, v in value.items()], value.copy()
    if kind is np.ndarray:
        return repr(value.shape).encode() + value.tobytes() if value.flags.writeable else None
    if kind is np.random.Generator:
        return repr(value.bit_generator.state)
    return value._version if _is_tensor(value) else None


def changed(value: Any, before: Any) -> bool:
    if before is None:
        return False
    now = snapshot(value)
    return now[0] != before[0] if isinstance(before, tuple) else now != before


def write_back(value: Any, new: Any) -> None:
    """Make ``value``, which the caller holds, what the called function left."""
    kind = type(value)
    if kind is not type(new):
        raise WireError("a change of type in place")
    if kind is list:
        value[:] = new
    elif kind is dict:
        value.clear()
        value.update(new)
    elif kind is np.ndarray:
        if value.size != new.size or value.dtype != new.dtype:
            raise WireError("a change of size in place")
        if value.shape != new.shape:
            value.shape = new.shape
        value[...] = new
    elif kind is np.random.Generator:
        value.bit_generator.state = new.bit_generator.state
    elif _is_tensor(value):
        value.detach().copy_(new.detach())
