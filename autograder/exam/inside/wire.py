"""Calls between the examiner and a student's process, in both directions, over one socket.

A frame is a msgpack map and, behind it, the raw bytes of its large arrays. Both sides run a ``Peer``: ``request`` has
the other side apply one of its functions, ``serve`` answers. Arguments are copied; what the called function changed in
place is copied back, and an argument that comes back is the same object. What was reached through an attribute is kept
in step for longer: a change on either side travels with the next frame.

This file exists inside the room: it may import nothing else of the grader.
"""

from __future__ import annotations

import builtins
import socket
import struct
import sys
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import msgpack
import numpy as np

from autograder.exam.inside.changes import changed, gradient, snapshot, write_back
from autograder.exam.inside.values import MAX_STRING, MAX_WEIGHT, Decoder, Encoder, Proxy, WireError

MAX_CALLS = 40  # calls that wait for each other, back and forth
MAX_TEXT = 4_000  # characters of an error
MAX_OUTPUT = 200_000  # characters that one answer may bring along as printed
MAX_ITEMS = 1_000_000  # of all lists in one frame, however they are nested
MAX_HEADER = 64 * 2**20  # bytes of a frame's map
MAX_KEPT = 256  # objects that both ends keep in step
_HEAD = struct.Struct("<Q")
#: Control characters but tab and line break, made visible: no terminal and no page takes orders from a hand-in.
_CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n\r"}


class Lost(Exception):
    """The other side is gone or did not answer in time. The text says which, and why if that is known."""


# --- errors ----------------------------------------------------------------------------------------------------------


def error_parts(error: BaseException, where: str = "") -> dict[str, Any]:
    """An exception as plain data: the names of its classes, its text, and where it was raised."""
    try:
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        name = str(getattr(error, "name", None) or "")
    except BaseException:
        text, name = "(its text can not be had)", ""
    mro = [c.__name__ for c in type(error).__mro__ if issubclass(c, BaseException)]
    return {"mro": mro[:20], "text": text[:MAX_TEXT], "where": where[:300], "name": name[:100]}


def clean(text: Any, limit: int) -> str:
    """Text of the other side's that can be written anywhere: so long, no lone surrogates, no control characters."""
    if not isinstance(text, str):
        raise WireError("no text where there has to be one")
    return text[:limit].translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def rebuild_error(parts: Mapping[str, Any]) -> Exception:
    """The exception again, as its own builtin class or as a new class under the nearest builtin one."""
    mro, text, where, name = (parts.get(key) for key in ("mro", "text", "where", "name"))
    if not isinstance(mro, list) or not 1 <= len(mro) <= 20 or not all(map(_is_name, mro)):
        raise WireError("a malformed error")
    known: type[Exception] = RuntimeError
    for candidate in mro:
        found = getattr(builtins, candidate, None)
        if isinstance(found, type) and issubclass(found, Exception):
            known = found
            break
    kind = known
    for own in reversed(mro[: mro.index(known.__name__)] if known.__name__ in mro else mro[:1]):
        kind = type(own, (kind,), {})
    try:
        error = kind(clean(text, MAX_TEXT))
    except TypeError:  # a class that wants more than a text, such as UnicodeDecodeError
        error = type(mro[0], (RuntimeError,), {})(clean(text, MAX_TEXT))
    if isinstance(error, NameError) and name:
        error.name = clean(name, 100)
    if where:
        error.add_note(clean(where, 300))
    return error


def _is_name(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= 100 and text.isidentifier()


# --- peers -----------------------------------------------------------------------------------------------------------


class Peer:
    """One end of the wire.

    functions  what the other side may apply, by name
    proxy      makes what stands for the other side's objects: (peer, number, name of the class, its bases, own eq)
    """

    pause: float | None = None  # seconds after which waiting for the other side is interrupted for on_pause
    freezes = False  # whether an array that is kept in step no longer becomes read-only here

    def __init__(
        self,
        connection: socket.socket,
        functions: Mapping[str, Callable[..., Any]],
        proxy: Callable[..., Proxy] = Proxy,
    ):
        connection.settimeout(self.pause)
        self.connection = connection
        self.functions = functions
        self.proxy = proxy
        self.dropped: list[int] = []  # the other side's objects that nothing here stands for any more
        self._published: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}  # id of a published object -> its number
        self._stand_ins: weakref.WeakValueDictionary[int, Proxy] = weakref.WeakValueDictionary()
        self._kept: dict[int, Any] = {}  # number -> an object that the other side has a copy of, or the copy
        self._kept_numbers: dict[int, int] = {}  # id of such an object -> number
        self._in_step: dict[int, Any] = {}  # number -> its snapshot when both ends were last in step
        self._waiting = 0
        self._next = 0

    # what a side may do its own way

    def on_pause(self) -> None:
        """Called every ``pause`` seconds while the other side lets this one wait; may raise ``Lost``."""

    def on_output(self, text: str) -> None:
        """What the other side printed while it answered."""

    def take_output(self) -> str:
        """What this side printed since the last answer."""
        return ""

    def take_state(self) -> dict[str, Any] | None:
        """What of this process's state has to hold on the other side too while it works; None if nothing has."""
        return None

    def on_state(self, state: dict[str, Any]) -> None:
        """Make the other side's state hold here."""

    def stays(self, tensor: Any) -> bool:
        """Whether a tensor of this side's is handed out as a handle and not as a copy."""
        return False

    def keeps(self, function: str, args: list[Any]) -> bool:
        """Whether what this request's answer holds is to be kept in step from then on."""
        return False

    def describe_error(self, error: BaseException) -> dict[str, Any]:
        return error_parts(error)

    # objects of this side, as the other side knows them, and the other way round

    def publish(self, value: Any) -> tuple[int, str, list[str], bool]:
        """Keep an object for the other side: its number, its class's name and bases, whether it has its own ``==``."""
        number = self._numbers.get(id(value))
        if number is None:
            self._next += 1
            number = self._numbers[id(value)] = self._next
            self._published[number] = value
        kind = value if isinstance(value, type) else type(value)
        name = f"class {kind.__name__}" if kind is value else kind.__name__
        bases = [f"{c.__module__}.{c.__qualname__}" for c in kind.__mro__[:20]]
        return number, name, bases, type(value).__eq__ is not object.__eq__

    def resolve(self, ref: Any) -> Any:
        return self._published[ref]

    def _drop(self, refs: list[int]) -> None:
        for ref in refs:
            self._numbers.pop(id(self._published.pop(ref, None)), None)

    def stand_in(self, ref: int, type_name: str, bases: tuple[str, ...], own_eq: bool, *like: Any) -> Any:
        """The one proxy for this object: two handles of one are one here too. like: a tensor's dtype and shape."""
        proxy = self._stand_ins.get(ref)
        if proxy is None:
            proxy = self._stand_ins[ref] = self.proxy(self, ref, type_name, bases, own_eq, *like)
            self.dropped = [dropped for dropped in self.dropped if dropped != ref]
        return proxy

    # objects that both ends keep in step

    def keep(self, value: Any) -> int:
        """From now on changes of this object travel in both directions; returns its number."""
        self._next += 1
        self.hold(self._next, value)
        return self._next

    def kept_number(self, value: Any) -> int | None:
        number = self._kept_numbers.get(id(value))
        return number if number is not None and self._kept.get(number) is value else None

    def kept(self, number: int) -> Any:
        return self._kept.get(number)

    def hold(self, number: int, value: Any) -> None:
        if len(self._kept) >= MAX_KEPT:
            oldest = next(iter(self._kept))
            forgotten = self._kept.pop(oldest)
            self._kept_numbers.pop(id(forgotten), None)
            self._in_step.pop(oldest, None)
            if isinstance(forgotten, np.ndarray) and self.freezes:
                forgotten.flags.writeable = False  # writing into it would change nothing
        self._kept[number] = value
        self._kept_numbers[id(value)] = number
        self._in_step[number] = snapshot(value)

    def _kept_changes(self, encoder: Encoder) -> list[Any]:
        """What was changed on this side since both ends were in step."""
        changes = []
        for number, value in list(self._kept.items()):
            if changed(value, self._in_step[number]):
                changes.append([number, encoder.change(value)])
                self._in_step[number] = snapshot(value)
        return changes

    def _take_kept(self, changes: Any, decoder: Decoder) -> None:
        for number, content in changes:
            value = decoder.decode(content)
            if number in self._kept:  # else it was forgotten here
                write_back(self._kept[number], value)
                self._in_step[number] = snapshot(self._kept[number])

    # calls

    def request(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        """Have the other side apply a function: its value or its exception, or ``Lost``, or ``WireError``."""
        if self._waiting >= MAX_CALLS:
            raise WireError("calls back and forth are nested too deep")
        objects: list[Any] = []
        encoder = Encoder(self, objects, leaves=self.stays)
        message: dict[str, Any] = {"do": function, "kept": self._kept_changes(encoder)}
        message["with"] = encoder.encode([list(args), kwargs])
        message["drop"], self.dropped = self.dropped, []
        if (state := self.take_state()) is not None:
            message["state"] = state
        self._waiting += 1
        try:
            self._send(message, encoder.buffers)
            while "do" in (reply := self._receive())[0]:
                self.serve(*reply)
        finally:
            self._waiting -= 1
        value, error = _guard(self._take, *reply, objects)
        if error is not None:
            raise error
        return value

    def _take(self, reply: dict[str, Any], buffers: list[Any], objects: list[Any]) -> tuple[Any, Exception | None]:
        self.on_output(clean(reply.get("output", ""), MAX_OUTPUT))
        self.on_reply(reply)
        sent = len(objects)
        decoder = Decoder(self, objects, buffers)
        self._take_kept(reply.get("kept", []), decoder)
        value = decoder.decode(reply.get("value"))
        for index, content, grad in reply.get("changes", []):
            if type(index) is not int or not 0 <= index < sent:
                raise WireError("a change of nothing")
            write_back(objects[index], decoder.decode(content))
            if grad is not None:
                objects[index].grad = decoder.decode(grad)
        return value, rebuild_error(reply["error"]) if "error" in reply else None

    def on_reply(self, reply: dict[str, Any]) -> None:
        """What else a side reads in an answer."""

    def serve(self, message: dict[str, Any], buffers: list[Any]) -> None:
        """Answer one request."""
        function, args, kwargs, objects = _guard(self._read_request, message, buffers)
        snapshots = [snapshot(value) for value in objects]
        reply: dict[str, Any] = {}
        value = None
        try:
            value = function(*args, **kwargs)
        except (Lost, WireError):
            raise
        except BaseException as error:  # SystemExit and its like too: the caller decides what they mean
            reply["error"] = self.describe_error(error)
        try:
            encoder = Encoder(self, list(objects), self.keeps(message["do"], args), self.stays)
            reply["kept"] = self._kept_changes(encoder)
            reply["value"] = encoder.encode(value)
            reply["changes"] = [
                [i, encoder.change(value), encoder.encode(gradient(value))]
                for i, (value, before) in enumerate(zip(objects, snapshots, strict=True))
                if changed(value, before)
            ]
            self._send(reply | self._trailer(), encoder.buffers)
        except (Lost, WireError):
            raise
        except Exception as error:  # a value that can not be handed over
            self._send({"error": self.describe_error(error)} | self._trailer(), [])

    def _trailer(self) -> dict[str, Any]:
        """What goes along with every answer."""
        return {"output": self.take_output()}

    def _read_request(
        self, message: dict[str, Any], buffers: list[Any]
    ) -> tuple[Callable[..., Any], list[Any], dict[str, Any], list[Any]]:
        self._drop(message["drop"])
        if "state" in message:
            self.on_state(message["state"])
        objects: list[Any] = []
        decoder = Decoder(self, objects, buffers)
        self._take_kept(message["kept"], decoder)
        args, kwargs = decoder.decode(message["with"])
        return self.find(message["do"]), args, kwargs, objects

    def find(self, function: Any) -> Callable[..., Any]:
        """What the other side means by the name or the number of a function. Raises KeyError where it may not."""
        return self.functions[function]

    def serve_forever(self) -> None:
        while True:
            self.serve(*self._receive())

    # frames

    def _send(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        if buffers:
            message["buffers"] = [len(buffer) for buffer in buffers]
        header = msgpack.packb(message, unicode_errors="surrogatepass")
        if len(header) > MAX_HEADER:
            raise ValueError(f"a message of {len(header) / 2**20:.0f} MiB is too large to be handed over")
        for part in (_HEAD.pack(len(header)) + header, *buffers):
            view = memoryview(part)
            while view:
                view = view[self._patiently(self.connection.send, view[: 2**20]) :]

    def _receive(self) -> tuple[dict[str, Any], list[Any]]:
        (length,) = _HEAD.unpack(self._read(8))
        if length > MAX_HEADER:
            raise WireError("a frame that is too large")
        try:
            message = _unpack(self._read(length))
            sizes = message.get("buffers", []) if isinstance(message, dict) else None
            if not isinstance(sizes, list) or not all(type(n) is int and n >= 0 for n in sizes):
                raise WireError("a frame that is no message")
            if sum(sizes) // 1024 > MAX_WEIGHT:
                raise WireError("a frame that is too large")
            return message, [self._read(size) for size in sizes]
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
            raise WireError("a frame that is no message") from None
        except MemoryError:
            raise WireError("a frame that is too large") from None

    def _read(self, count: int) -> Any:
        whole = np.empty(count, np.uint8)
        view = whole.data
        while view:
            got = self._patiently(self.connection.recv_into, view[: 2**20])
            if not got:
                raise Lost("the process ended")
            view = view[got:]
        return whole

    def _patiently(self, operation: Callable[[Any], int], view: memoryview) -> int:
        """One operation on the connection, however long that takes, as long as ``on_pause`` does not object."""
        while True:
            try:
                return operation(view)
            except TimeoutError:
                self.on_pause()
            except OSError:
                raise Lost("the process ended") from None


def _unpack(data: Any) -> Any:
    """A frame's message. A few megabytes can claim to be a billion empty lists: they are counted as they are made."""
    items = 0

    def counted(values: list[Any]) -> list[Any]:
        nonlocal items
        items += 1 + len(values)
        if items > MAX_ITEMS:
            raise WireError("a frame with too many parts")
        return values

    return msgpack.unpackb(
        data,
        unicode_errors="surrogatepass",
        list_hook=counted,
        max_array_len=MAX_ITEMS,
        max_map_len=100,
        max_str_len=4 * MAX_STRING,
        max_bin_len=4 * MAX_STRING,
        max_ext_len=0,
    )


def _guard(read: Callable[..., Any], *args: Any) -> Any:
    """Read a message of the other side: whatever it makes our own code raise is the sender's fault."""
    try:
        return read(*args)
    except (Lost, WireError):
        raise
    except Exception as error:
        raise WireError(f"a malformed message ({type(error).__name__})") from None


if sys.byteorder != "little":  # raw buffers travel as they lie in memory
    raise ImportError("the wire is written for little-endian machines")
