"""Values as they travel between the examiner and a student's process.

A value is a scalar as it is, or a list that starts with a tag; nothing is ever unpickled, imported or evaluated.
Large arrays travel beside the message as raw bytes, so that they are held once on each side. Containers, subclasses of
them too, become plain ones of exactly their content. What is neither plain data nor an array stays where it is and
travels as a handle.

This file exists inside the room: it may import nothing else of the grader.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from autograder.exam.inside.changes import is_collecting, write_back

MAX_WEIGHT = 300_000  # of one message: a value weighs 1, and a KiB of text or array 1; what is shared, each time
MAX_DEPTH = 60  # nested containers
MAX_STRING = 2**20  # characters or bytes of one text
MAX_KEY = 10_000  # characters of a text that is a key
MAX_RANGE = 10_000_000  # numbers in a range: whoever asks for the list of them has to hold it
INLINE = 2**14  # bytes: smaller arrays travel inside the message

_DTYPE = re.compile(r"[<>|=]?([biufc]\d{1,2}|[SU]\d{1,6})")
_TORCH_DTYPES = (
    "float16 float32 float64 bfloat16 uint8 int8 int16 int32 int64 bool complex64 complex128".split()  # noqa: SIM905
)
_LAYOUTS = ("strided", "sparse_coo", "contiguous_format", "channels_last", "channels_last_3d", "preserve_format")
_TYPES: dict[str, type] = {t.__name__: t for t in (bool, int, float, complex, str, bytes, list, tuple, dict, set)}
_TYPES |= {f"np.{t}": getattr(np, t) for t in ("float16", "float32", "float64", "int32", "int64", "uint8", "bool_")}
_SIZED = (str, bytes, list, dict, tuple, set, frozenset)
_SEQUENCES: tuple[Any, ...] = (list, tuple, set, frozenset)
NO_GRAPH = (
    "autograd graphs do not cross between the checks and the hand-in: compute the loss and its gradients in one "
    "function of a locked cell that is marked @in_room"
)
_PLAIN_GRAD, _LEAF, _GRAPH, _PARAMETER = 0, 1, 2, 3  # what a tensor has to do with autograd


class WireError(Exception):
    """The other side sent something that is no valid message, or too much of it."""


class Side(Protocol):
    """One end of the wire (``wire.Peer``), as far as values need it."""

    dropped: list[int]

    def request(self, function: str, /, *args: Any, **kwargs: Any) -> Any: ...
    def publish(self, value: Any) -> tuple[int, str, list[str], bool]: ...
    def resolve(self, ref: Any) -> Any: ...
    def stand_in(self, ref: int, type_name: str, bases: tuple[str, ...], own_eq: bool, *like: Any) -> Any: ...
    def keep(self, value: Any) -> int: ...
    def kept_number(self, value: Any) -> int | None: ...
    def kept(self, number: int) -> Any: ...
    def hold(self, number: int, value: Any) -> None: ...


class Proxy:
    """What stands for an object that lives on the other side. Subclassed by both sides; ``ref`` is what travels.

    type_name, bases  the names of its class and of that class's bases
    own_eq            whether its class says itself what equals it
    """

    __slots__ = ("__weakref__", "_bases", "_own_eq", "_peer", "_ref", "_type_name")

    _bases: tuple[str, ...]
    _own_eq: bool
    _peer: Side
    _ref: int
    _type_name: str

    def __init__(self, peer: Side, ref: int, type_name: str, bases: tuple[str, ...] = (), own_eq: bool = False):
        slots = {"_peer": peer, "_ref": ref, "_type_name": type_name, "_bases": bases, "_own_eq": own_eq}
        for slot, value in slots.items():
            object.__setattr__(self, slot, value)

    def __del__(self) -> None:
        self._peer.dropped.append(self._ref)


#: Classes that stand for objects of the other side and are no Proxy: what torch takes for a tensor has to be one.
TENSOR_PROXIES: set[type] = set()


def is_proxy(value: Any) -> bool:
    return isinstance(value, Proxy) or type(value) in TENSOR_PROXIES


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


# --- out -------------------------------------------------------------------------------------------------------------


class Encoder:
    """Turns values into msgpack's types and raw buffers.

    objects    numbers what was met, so that shared objects stay shared
    keep       what can be changed in place stays known to both ends after this message (see wire.Peer.keep)
    published  called for what is to travel as a handle; leaves(tensor) says whether a tensor is to, too
    """

    def __init__(
        self, peer: Side, objects: list[Any], keep: bool = False, leaves: Callable[[Any], bool] = lambda tensor: False
    ):
        self.peer = peer
        self.objects = objects
        self.buffers: list[memoryview] = []
        self.keep = keep
        self.leaves = leaves
        self.index = {id(o): i for i, o in enumerate(objects)}
        self.inside: set[int] = set()  # containers whose content is being encoded

    def encode(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is str or kind is bytes:
            return _short(value, MAX_STRING)
        if kind is int:
            return value if -(2**63) <= value < 2**63 else ["int", hex(value)]
        if is_proxy(value) and value._peer is self.peer:
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
        number = self.peer.kept_number(value)
        if number is None and self.keep and _can_be_kept(value) and not (is_tensor(value) and self.leaves(value)):
            number = self.peer.keep(value)
        content = self.content(value, depth)
        self.inside.remove(id(value))
        return content if number is None else ["kept", number, content]

    @staticmethod
    def _simple(value: Any) -> Any:
        """Immutable leaves: they need no identity. Subclasses of plain ones become plain."""
        kind = type(value)
        if isinstance(value, np.generic) and value.dtype.kind in "biufcSU":
            return ["scalar", value.dtype.str, value.tobytes()]
        if kind is complex:
            return ["complex", value.real, value.imag]
        if value is Ellipsis:
            return ["..."]
        if isinstance(value, np.dtype) and value.kind in "biufcSU":
            return ["dtype", value.str]
        if isinstance(value, type):
            name = next((name for name, known in _TYPES.items() if value is known), None)
            return None if name is None else ["type", name]
        if kind.__module__ == "torch" and kind.__name__ in ("dtype", "device", "layout", "memory_format"):
            return [f"torch.{kind.__name__}", str(value).removeprefix("torch.")]
        if isinstance(value, str):
            return _short(str.__str__(value), MAX_STRING)
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, int):
            number = int.__int__(value)
            return number if -(2**63) <= number < 2**63 else ["int", hex(number)]
        return None

    def content(self, value: Any, depth: int) -> Any:
        """The value itself, not a reference to it."""
        kind = type(value)
        if isinstance(value, tuple) and kind.__module__ == "torch" and kind.__name__ == "Size":
            return ["torch.Size", list(tuple.__iter__(value))]
        for plain in _SEQUENCES:
            if isinstance(value, plain):
                return [plain.__name__, [self.encode(item, depth + 1) for item in plain.__iter__(value)]]
        if isinstance(value, dict):
            pairs = dict.items(value)
            return ["dict", [[self._key(k, depth + 1), self.encode(v, depth + 1)] for k, v in pairs]]
        if kind is slice or kind is range:
            return [kind.__name__, [self.encode(p, depth + 1) for p in (value.start, value.stop, value.step)]]
        if kind is np.ndarray and value.dtype.kind in "biufcSU":
            return ["array", *self._array(value)]
        if kind is np.random.Generator:
            state = value.bit_generator.state
            return ["Generator", state["bit_generator"], self.encode(_plain_state(state), depth + 1)]
        if is_tensor(value):
            if self.leaves(value):
                return ["leaf", *self.peer.publish(value), str(value.dtype).removeprefix("torch."), list(value.shape)]
            return self._tensor(value)
        return ["mine", *self.peer.publish(value)]

    def change(self, value: Any) -> Any:
        """What an object became that the other side holds: a new object over there, so it is counted here too."""
        self.objects.append(value)
        return self.content(value, 0)

    def _key(self, key: Any, depth: int) -> Any:
        return self.encode(_short(key, MAX_KEY) if isinstance(key, str | bytes) else key, depth)

    def _tensor(self, value: Any) -> list[Any]:
        torch = sys.modules["torch"]
        name = str(value.dtype).removeprefix("torch.")
        if name not in _TORCH_DTYPES:
            raise ValueError(f"a tensor of dtype {name} can not be handed over")
        flat = value.detach().cpu().contiguous()
        raw = flat.view(torch.int16) if name == "bfloat16" else flat
        if isinstance(value, torch.nn.Parameter):
            return ["tensor", name, _PARAMETER + bool(value.requires_grad), *self._array(raw.numpy())]
        grad = _PLAIN_GRAD if not value.requires_grad else _LEAF if is_collecting(value) else _GRAPH
        return ["tensor", name, grad, *self._array(raw.numpy())]

    def _array(self, array: np.ndarray) -> list[Any]:
        if array.nbytes // 1024 > MAX_WEIGHT:
            raise ValueError(f"an array of {array.nbytes / 2**20:.0f} MiB is too large to be handed over")
        # keep what the layout means to the other side: C order, Fortran order, or not contiguous at all
        order = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else "strided"
        flat: Any = array.T if order == "F" else array
        data: Any = None
        if array.nbytes <= INLINE:
            data = flat.tobytes()
        else:
            data = len(self.buffers)
            self.buffers.append(np.ascontiguousarray(flat).reshape(-1).view(np.uint8).data)
        return [array.dtype.str, list(array.shape), order, bool(array.flags.writeable), data]


def _short(text: Any, limit: int) -> Any:
    if len(text) > limit:
        raise ValueError(f"a text of {len(text):,} characters is too long to be handed over: at most {limit:,}")
    return text


def _can_be_kept(value: Any) -> bool:
    return isinstance(value, list | dict | set) or type(value) is np.ndarray or is_tensor(value)


def _plain_state(state: Any) -> Any:
    """A bit generator's state, with NumPy's arrays as lists."""
    if isinstance(state, dict):
        return {k: _plain_state(v) for k, v in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


# --- in --------------------------------------------------------------------------------------------------------------


class Decoder:
    """The way back. Everything is checked: the other side may have been written to break this one."""

    def __init__(self, peer: Side, objects: list[Any], buffers: list[np.ndarray] | None = None):
        self.peer = peer
        self.objects = objects
        self.buffers = buffers or []
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
        if data is None or type(data) in (bool, int, float):
            return data
        if type(data) in (str, bytes):
            if len(data) > MAX_STRING:
                raise WireError("a text that is too long")
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
        if tag != "list":
            self.objects[place] = {"tuple": tuple, "set": set, "frozenset": frozenset}[tag](result)
        return self.objects[place]

    def _dict(self, data: list[Any], depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        self.objects.append(result)
        for key, value in data[1]:
            if isinstance(key, str | bytes) and len(key) > MAX_KEY:
                raise WireError("a key that is too long")
            result[self.decode(key, depth + 1)] = self.decode(value, depth + 1)
        return result

    def _slice(self, data: list[Any], depth: int) -> Any:
        place = len(self.objects)
        self.objects.append(None)
        made: Any = (slice if data[0] == "slice" else range)(*(self.decode(p, depth + 1) for p in data[1]))
        if data[0] == "range" and (made.stop - made.start) // made.step > MAX_RANGE:
            raise WireError("a range without end")
        self.objects[place] = made
        return made

    def _array(self, data: list[Any], depth: int) -> np.ndarray:
        array = self._array_from(*data[1:])
        self.objects.append(array)
        return array

    def _tensor(self, data: list[Any], depth: int) -> Any:
        _, name, grad, dtype, shape, order, _, content = data
        if name not in _TORCH_DTYPES:
            raise WireError("a tensor of unknown dtype")
        import torch

        tensor = torch.from_numpy(self._array_from(dtype, shape, order, True, content))
        tensor = tensor.view(torch.bfloat16) if name == "bfloat16" else tensor
        if str(tensor.dtype) != f"torch.{name}":
            raise WireError("a tensor of another dtype than it says")
        if grad == _LEAF:
            tensor.requires_grad_()
        elif grad == _GRAPH:
            tensor = without_its_graph(tensor)
        elif grad in (_PARAMETER, _PARAMETER + 1):
            tensor = torch.nn.Parameter(tensor, requires_grad=grad > _PARAMETER)
        self.objects.append(tensor)
        return tensor

    def _generator(self, data: list[Any], depth: int) -> np.random.Generator:
        place = len(self.objects)
        self.objects.append(None)
        if data[1] not in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"):
            raise WireError("an unknown random generator")
        bits = getattr(np.random, data[1])(0)
        state = self.decode(data[2], depth + 1)
        if not _is_state(state):
            raise WireError("a random generator in a state that there is not")
        bits.state = state
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

    def _kept(self, data: list[Any], depth: int) -> Any:
        """Something that both ends know from an earlier message, or will know from now on."""
        _, number, content = data
        if type(number) is not int:
            raise WireError("a malformed number")
        place = len(self.objects)
        value = self._value(content, depth)
        known = self.peer.kept(number)
        if type(known) is type(value):
            write_back(known, value)
            self.objects[place] = value = known
        else:
            self.peer.hold(number, value)
        return value

    def _theirs(self, data: list[Any], depth: int) -> Any:
        """A handle; of a tensor also its dtype and shape."""
        _, ref, type_name, bases, own_eq, *like = data
        if type(ref) is not int or type(type_name) is not str or not all(type(b) is str for b in bases):
            raise WireError("a malformed handle")
        if (data[0] == "leaf") != bool(like) or (like and not _is_like_a_tensor(*like)):
            raise WireError("a malformed handle")
        name = type_name[:100].encode("utf-8", "replace").decode("utf-8")
        proxy = self.peer.stand_in(ref, name, tuple(base[:200] for base in bases[:30]), own_eq is True, *like)
        self.objects.append(proxy)
        return proxy

    def _ours(self, data: list[Any], depth: int) -> Any:
        return self.peer.resolve(data[1])

    def _scalar(self, data: list[Any], depth: int) -> Any:
        return self._array_from(data[1], [], "C", False, data[2])[()]

    def _size(self, data: list[Any], depth: int) -> Any:
        import torch

        self.objects.append(None)
        self.objects[-1] = torch.Size(data[1])
        return self.objects[-1]

    def _array_from(self, dtype: str, shape: list[int], order: str, writeable: bool, data: Any) -> np.ndarray[Any, Any]:
        kind = _dtype(dtype)
        if len(shape) > 32 or not all(type(n) is int and n >= 0 for n in shape):
            raise WireError("an array of impossible shape")
        size = 1
        for n in shape:
            size *= n
        if type(data) is int:
            raw = self.buffers[data]
        elif type(data) is bytes:
            raw = np.frombuffer(bytearray(data), np.uint8)
        else:
            raise WireError("an array without bytes")
        if size * kind.itemsize != raw.nbytes:
            raise WireError("an array whose bytes do not fill its shape")
        self._add(raw.nbytes // 1024)
        flat = raw.view(kind) if raw.nbytes else np.empty(size, kind)
        array = flat.reshape(shape[::-1]).T if order == "F" else flat.reshape(shape)
        if order == "strided" and array.ndim:
            wide = np.empty((*shape[:-1], 2 * shape[-1]), kind)
            wide[..., ::2] = array
            array = wide[..., ::2]
        array.flags.writeable = bool(writeable)
        return array

    _DECODERS: Mapping[str, Callable[[Decoder, list[Any], int], Any]] = {
        "list": _sequence,
        "tuple": _sequence,
        "set": _sequence,
        "frozenset": _sequence,
        "dict": _dict,
        "slice": _slice,
        "range": _slice,
        "array": _array,
        "tensor": _tensor,
        "Generator": _generator,
        "same": _same,
        "kept": _kept,
        "mine": _theirs,
        "leaf": _theirs,
        "yours": _ours,
        "torch.Size": _size,
        "int": lambda self, data, depth: int(data[1][:20_000], 16),
        "complex": lambda self, data, depth: complex(data[1], data[2]),
        "scalar": _scalar,
        "...": lambda self, data, depth: Ellipsis,
        "dtype": lambda self, data, depth: _dtype(data[1]),
        "type": lambda self, data, depth: _TYPES[data[1]],
        "torch.dtype": lambda self, data, depth: getattr(sys.modules["torch"], _known(data[1], _TORCH_DTYPES)),
        "torch.layout": lambda self, data, depth: getattr(sys.modules["torch"], _known(data[1], _LAYOUTS)),
        "torch.memory_format": lambda self, data, depth: getattr(sys.modules["torch"], _known(data[1], _LAYOUTS)),
        "torch.device": lambda self, data, depth: sys.modules["torch"].device(data[1][:20]),
    }


def without_its_graph(tensor: Any) -> Any:
    """The tensor as one that requires grad; ``backward()`` through it raises a sentence, so no gradient gets lost."""
    import torch

    class StayedBehind(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, leaf: Any) -> Any:
            return leaf.clone()

        @staticmethod
        def backward(context: Any, *grads: Any) -> Any:
            raise RuntimeError(NO_GRAPH)

    with torch.enable_grad():
        return StayedBehind.apply(tensor.detach().requires_grad_())


def _is_like_a_tensor(dtype: Any, shape: Any) -> bool:
    numbers = type(shape) is list and len(shape) <= 32 and all(type(n) is int and 0 <= n < 2**40 for n in shape)
    return numbers and type(dtype) is str and dtype in _TORCH_DTYPES


def _bulk(value: Any) -> int:
    """KiB of what is one value but may be long."""
    kind = type(value)  # not isinstance: a stand-in would have to be asked what it is
    if kind is np.ndarray:
        return value.nbytes // 1024
    return len(value) // 1024 if kind in _SIZED else 0


def _weight(value: Any, known: dict[int, int]) -> int:
    """What a value of this side weighs, parts included; ``known``: id of those already weighed -> weight."""
    if id(value) not in known:
        kind, inside = type(value), 0
        if kind in _SIZED and kind not in (str, bytes):
            parts = [*value.keys(), *value.values()] if kind is dict else value
            inside = sum(_weight(part, known) for part in parts)
        known[id(value)] = 1 + _bulk(value) + inside
    return known[id(value)]


def _is_state(state: Any) -> bool:
    """Whether NumPy can go on from this state: it checks less, and reads past the end of what it is told."""
    inner = state.get("state")
    places = {"pos": 624, "buffer_pos": 4, "has_uint32": 1}
    numbers = [(value.get(name, 0), most) for value in (state, inner) for name, most in places.items()]
    return all(type(number) is int and 0 <= number <= most for number, most in numbers)


def _known(name: str, names: Any) -> str:
    if name not in names:
        raise WireError("an unknown name")
    return name


def _dtype(text: str) -> np.dtype:
    if not _DTYPE.fullmatch(text):
        raise WireError("an array of unknown dtype")
    return np.dtype(text)
