"""Calls between the examiner and a student's process, in both directions, over one socket.

A frame is a length and a msgpack map. Both sides run a ``Peer``: ``request`` has the other side apply one of its
functions, ``serve`` answers. Arguments are copied; what the called function changed in place is copied back, and an
argument that comes back is the same object.

This file, values.py and student.py are all of the grader that exists inside the room: they import nothing else of it.
"""

from __future__ import annotations

import builtins
import socket
import struct
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import msgpack

from autograder.exam.inside.values import MAX_FRAME, Decoder, Encoder, Proxy, WireError, changed, snapshot, write_back

MAX_CALLS = 40  # calls that wait for each other, back and forth
MAX_TEXT = 4_000  # characters of an error
MAX_OUTPUT = 200_000  # characters that one answer may bring along as printed
MAX_ITEMS = 2_000_000  # of all lists in one frame, however they are nested


class Lost(Exception):
    """The other side is gone or did not answer in time. The text says which, and why if that is known."""


# --- errors ----------------------------------------------------------------------------------------------------------


def error_parts(error: BaseException, where: str = "") -> dict[str, Any]:
    """An exception as plain data: the names of its classes, its text, and where it was raised."""
    try:
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    except Exception:
        text = "(its text can not be had)"
    mro = [c.__name__ for c in type(error).__mro__ if issubclass(c, BaseException)]
    name = str(getattr(error, "name", None) or "")
    return {"mro": mro[:20], "text": text[:MAX_TEXT], "where": where[:300], "name": name[:100]}


def clean(text: Any, limit: int) -> str:
    """Text of the other side's that can be written to any file: so many characters, none of them lone surrogates."""
    if not isinstance(text, str):
        raise WireError("no text where there has to be one")
    return text[:limit].encode("utf-8", "replace").decode("utf-8")


def rebuild_error(parts: Mapping[str, Any]) -> Exception:
    """The exception again, as its own builtin class or as a new class under the nearest builtin one."""
    mro, text, where, name = (parts.get(key) for key in ("mro", "text", "where", "name"))
    if not isinstance(mro, list) or not mro or not all(isinstance(n, str) and n.isidentifier() for n in mro):
        raise WireError("a malformed error")
    known: type[Exception] = RuntimeError
    for candidate in mro:
        found = getattr(builtins, candidate, None)
        if isinstance(found, type) and issubclass(found, Exception):
            known = found
            break
    kind = known if known.__name__ == mro[0] else type(mro[0], (known,), {})
    try:
        error = kind(clean(text, MAX_TEXT))
    except TypeError:  # a class that wants more than a text, such as UnicodeDecodeError
        error = type(mro[0], (RuntimeError,), {})(clean(text, MAX_TEXT))
    if isinstance(error, NameError) and name:
        error.name = str(name)
    if where:
        error.add_note(clean(where, 300))
    return error


# --- peers -----------------------------------------------------------------------------------------------------------


class Peer:
    """One end of the wire.

    functions  what the other side may apply, by name
    proxy      the class that stands for the other side's objects
    deadline   a ``time.monotonic()`` after which waiting for the other side ends in ``Lost``; None waits for ever
    """

    def __init__(
        self, connection: socket.socket, functions: Mapping[str, Callable[..., Any]], proxy: type[Proxy] = Proxy
    ):
        self.connection = connection
        self.functions = functions
        self.proxy = proxy
        self.deadline: float | None = None
        self.dropped: list[int] = []  # the other side's objects that nothing here stands for any more
        self._published: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}  # id of a published object -> its number
        self._stand_ins: weakref.WeakValueDictionary[int, Proxy] = weakref.WeakValueDictionary()
        self._waiting = 0
        self._next = 0

    # what a side may do its own way

    def on_output(self, text: str) -> None:
        """What the other side printed while it answered."""

    def take_output(self) -> str:
        """What this side printed since the last answer."""
        return ""

    def describe_error(self, error: BaseException) -> dict[str, Any]:
        return error_parts(error)

    # objects of this side, as the other side knows them, and the other way round

    def publish(self, value: Any) -> tuple[int, str, list[str]]:
        """Keep an object for the other side; returns its number, the name of its class and of the class's bases."""
        number = self._numbers.get(id(value))
        if number is None:
            self._next += 1
            number = self._numbers[id(value)] = self._next
            self._published[number] = value
        kind = type(value)
        return number, kind.__name__, [f"{c.__module__}.{c.__qualname__}" for c in kind.__mro__[:20]]

    def resolve(self, ref: Any) -> Any:
        return self._published[ref]

    def _drop(self, refs: list[int]) -> None:
        for ref in refs:
            self._numbers.pop(id(self._published.pop(ref, None)), None)

    def stand_in(self, ref: int, type_name: str, bases: tuple[str, ...]) -> Proxy:
        """The one proxy for this object: two handles of one object are one object here too."""
        proxy = self._stand_ins.get(ref)
        if proxy is None:
            proxy = self._stand_ins[ref] = self.proxy(self, ref, type_name, bases)
            self.dropped = [dropped for dropped in self.dropped if dropped != ref]
        return proxy

    # calls

    def request(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        """Have the other side apply a function: its value or its exception, or ``Lost``, or ``WireError``."""
        if self._waiting >= MAX_CALLS:
            raise WireError("calls back and forth are nested too deep")
        objects: list[Any] = []
        encoded = Encoder(self, objects).encode([list(args), kwargs])
        dropped, self.dropped = self.dropped, []
        self._waiting += 1
        try:
            self._send(_pack({"do": function, "with": encoded, "drop": dropped}))
            while "do" in (reply := self._receive()):
                self.serve(reply)
        finally:
            self._waiting -= 1
        value, error = _guard(self._take, reply, objects)
        if error is not None:
            raise error
        return value

    def _take(self, reply: dict[str, Any], objects: list[Any]) -> tuple[Any, Exception | None]:
        self.on_output(clean(reply.get("output", ""), MAX_OUTPUT))
        decoder = Decoder(self, objects)
        sent = len(objects)
        value = decoder.decode(reply.get("value"))
        for index, content in reply.get("changes", []):
            if type(index) is not int or not 0 <= index < sent:
                raise WireError("a change of nothing")
            write_back(objects[index], decoder.decode(content))
        return value, rebuild_error(reply["error"]) if "error" in reply else None

    def serve(self, message: dict[str, Any]) -> None:
        """Answer one request."""
        function, args, kwargs, objects = _guard(self._read_request, message)
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
            encoder = Encoder(self, list(objects))
            reply["value"] = encoder.encode(value)
            reply["changes"] = [
                [i, encoder.content(value, 0)]
                for i, (value, before) in enumerate(zip(objects, snapshots, strict=True))
                if changed(value, before)
            ]
            frame = _pack(reply | {"output": self.take_output()})
        except Exception as error:  # a value that can not be handed over
            frame = _pack({"error": self.describe_error(error), "output": self.take_output()})
        self._send(frame)

    def _read_request(self, message: dict[str, Any]) -> tuple[Callable[..., Any], list[Any], dict[str, Any], list[Any]]:
        self._drop(message["drop"])
        objects: list[Any] = []
        args, kwargs = Decoder(self, objects).decode(message["with"])
        return self.functions[message["do"]], args, kwargs, objects

    def serve_forever(self) -> None:
        while True:
            self.serve(self._receive())

    # frames

    def _send(self, data: bytes) -> None:
        try:
            self._wait()
            self.connection.sendall(struct.pack("<Q", len(data)) + data)
        except OSError as error:
            raise Lost(_reason(error)) from None

    def _receive(self) -> dict[str, Any]:
        (length,) = struct.unpack("<Q", self._read(8))
        if length > MAX_FRAME:
            raise WireError("a frame that is too large")
        try:
            message = _unpack(self._read(length))
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
            raise WireError("a frame that is no message") from None
        if not isinstance(message, dict):
            raise WireError("a frame that is no message")
        return message

    def _read(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            try:
                self._wait()
                part = self.connection.recv(min(count - len(parts), 2**20))
            except OSError as error:
                raise Lost(_reason(error)) from None
            if not part:
                raise Lost("the process ended")
            parts += part
        return bytes(parts)

    def _wait(self) -> None:
        """Give the next operation on the connection what is left until the deadline."""
        if self.deadline is None:
            self.connection.settimeout(None)
        elif (left := self.deadline - time.monotonic()) <= 0:
            raise TimeoutError
        else:
            self.connection.settimeout(left)


def _pack(message: dict[str, Any]) -> bytes:
    data = msgpack.packb(message, unicode_errors="surrogatepass")
    if len(data) > MAX_FRAME:
        raise ValueError(f"a message of {len(data) / 2**20:.0f} MiB is too large to be handed over")
    return data


def _unpack(data: bytes) -> Any:
    """A frame's message. A few megabytes can claim to be a billion empty lists: they are counted as they are made."""
    items = 0

    def counted(values: list[Any]) -> list[Any]:
        nonlocal items
        items += 1 + len(values)
        if items > MAX_ITEMS:
            raise WireError("a frame with too many parts")
        return values

    return msgpack.unpackb(
        data, unicode_errors="surrogatepass", list_hook=counted, max_array_len=MAX_ITEMS, max_map_len=100
    )


def _reason(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else "the process ended"


def _guard(read: Callable[..., Any], *args: Any) -> Any:
    """Read a message of the other side: whatever it makes our own code raise is the sender's fault."""
    try:
        return read(*args)
    except (Lost, WireError):
        raise
    except Exception as error:
        raise WireError(f"a malformed message ({type(error).__name__})") from None
