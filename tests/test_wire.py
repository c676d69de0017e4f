"""Values and calls between two peers in one process: what goes over comes back, and nonsense is refused."""

import contextlib
import random
import socket
import struct
import threading

import msgpack
import numpy as np
import pytest
import torch

from autograder.exam.inside.student import FUNCTIONS, Callback, Student
from autograder.exam.inside.values import Decoder, WireError
from autograder.exam.inside.wire import MAX_KEPT, MAX_OUTPUT, MAX_TEXT, Lost, Peer, clean, rebuild_error
from autograder.exam.standins import StandIn
from autograder.exam.tensors import make_stand_in


class Examiner(Peer):
    """The examiner's end, without a room behind it."""

    freezes = True

    def find(self, function):
        return self.resolve(function)


class Room(Peer):
    """The other end: attributes are kept in step, tensors that collect gradients stay."""

    keeps = Student.keeps
    stays = Student.stays


class Point:
    def __init__(self, x):
        self.x = x

    def __add__(self, other):
        return Point(self.x + getattr(other, "x", other))

    def __len__(self):
        return 2

    def __getitem__(self, i):
        return [self.x, 1][i]

    def __enter__(self):
        return "inside"

    def __exit__(self, *error):
        return False


class Agrees:
    """With everything."""

    def __eq__(self, other):
        return True

    def __lt__(self, other):
        return True

    __hash__ = None


class OwnError(ValueError):
    pass


def fail():
    raise OwnError("told you")


@pytest.fixture
def peer():
    """This side of a wire; on the other one a thread applies the student's functions and a few of ours."""
    here, there = socket.socketpair()
    functions = FUNCTIONS | {
        "same": lambda x: x,
        "make": Point,
        "agree": Agrees,
        "fail": fail,
        "apply": lambda f, *a: f(*a),
    }
    other = Room(there, functions, Callback)

    def serve():
        with contextlib.suppress(Lost):
            other.serve_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield Examiner(here, {}, make_stand_in)
    here.close()
    thread.join(5)
    assert not thread.is_alive()


PLAIN = [
    None,
    True,
    3,
    -(2**70),
    2.5,
    float("inf"),
    1 + 2j,
    "é\ud800",
    {1, 2},
    frozenset([3]),
    b"\x00",
    [],
    (1, [2, (3,)]),
    {"a": 1, (2, 3): [4]},
    slice(1, None, 2),
    range(3),
    ...,
]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_data_comes_back_as_it_was(peer, value):
    back = peer.request("same", [value])[0]
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "complex128", "<U3", "S2", ">i4"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_arrays_keep_dtype_shape_and_values(peer, dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    back = peer.request("call", peer.request("getattr", array.copy(), "copy"))
    assert back.dtype == array.dtype
    assert back.shape == shape
    assert np.array_equal(back, array)


def test_scalars_types_and_torch(peer):
    back = peer.request("same", [np.float32(1.5), np.dtype("int8"), np.float64, float, torch.float32])
    assert back == [np.float32(1.5), np.dtype("int8"), np.float64, float, torch.float32]
    assert type(back[0]) is np.float32
    for dtype in (torch.float32, torch.bfloat16, torch.int64, torch.bool):
        tensor = torch.ones(2, 3, dtype=dtype)
        back = peer.request("add", tensor, 0 if dtype != torch.bool else False)
        assert back.dtype == dtype
        assert torch.equal(back, tensor)


@pytest.mark.parametrize("flags", ["c_contiguous", "f_contiguous", "neither", "readonly"])
def test_layout_means_the_same_on_the_other_side(peer, flags):
    x = np.arange(12.0).reshape(3, 4)
    array = {"c_contiguous": x, "f_contiguous": np.asfortranarray(x), "neither": x[::2, ::2], "readonly": x}[flags]
    array.flags.writeable = flags != "readonly"
    seen = peer.request("getattr", array, "flags")
    assert seen.c_contiguous == array.flags.c_contiguous
    assert seen.f_contiguous == array.flags.f_contiguous
    assert seen.writeable == array.flags.writeable


def test_an_argument_that_comes_back_is_the_same_object_and_shared_objects_stay_shared(peer):
    x = np.zeros(3)
    assert peer.request("same", x) is x
    out, cache = peer.request("same", (x, {"x": x, "new": [1]}))
    assert out is x
    assert cache["x"] is x
    loop: list = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        peer.request("same", loop)


def test_changes_in_place_are_carried_back(peer):
    x, box, inner = np.zeros(3), [1, 2], np.zeros(2)
    peer.request("setitem", x, 1, 5.0)
    peer.request("setitem", box, 0, "new")
    peer.request("setitem", peer.request("same", {"a": inner}), "b", 1)
    peer.request("call", peer.request("getattr", [inner], "append"), 1)
    assert x.tolist() == [0, 5, 0]
    peer.request("setattr", x, "shape", (1, 3))
    assert x.shape == (1, 3)
    assert box == ["new", 2]
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    drawn = peer.request("call", peer.request("getattr", rng, "normal"))
    assert drawn == again.normal()


def test_a_generator_passed_to_a_function_moves_on_for_the_caller(peer):
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    draw = peer.request("apply", lambda generator: generator.normal(), rng)
    assert draw == again.normal()
    assert rng.normal() == again.normal()


def test_stand_ins_do_what_the_object_does(peer):
    p, q = peer.request("make", 3), peer.request("make", 4)
    assert isinstance(p, StandIn)
    assert (p + q).x == 7
    assert (p + 1).x == 4
    assert len(p) == 2
    assert p[1] == 1
    p.x = 10
    assert p.x == 10
    assert list(iter([*p])) == [10, 1]
    with p as value:
        assert value == "inside"
    assert p == p
    assert p != 10  # never asked
    assert peer.request("same", p) is p
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = p.nope


def test_exceptions_keep_their_type_and_text(peer):
    with pytest.raises(ValueError, match="told you") as caught:
        peer.request("fail")
    assert type(caught.value).__name__ == "OwnError"
    for kind, text in [
        (KeyError, "k"),
        (StopIteration, ""),
        (IndexError, "i"),
        (UnicodeDecodeError, None),
        (SystemExit, ""),
    ]:

        def throw(kind=kind, text=text):
            raise kind(text) if text is not None else UnicodeDecodeError("utf-8", b"", 0, 1, "bad")

        with pytest.raises(Exception) as caught:
            peer.request("apply", throw)
        assert type(caught.value).__name__ == kind.__name__


def test_call_backs_nest_but_not_for_ever(peer):
    assert peer.request("apply", lambda a: a.sum() + 1, np.ones(3)) == 4

    def again(n):
        return peer.request("apply", again, n + 1)

    with pytest.raises((WireError, Lost)):
        again(0)


def test_stand_ins_that_are_forgotten_are_let_go(peer):
    peer.request("same", [peer.request("make", i) for i in range(20)])
    assert len(peer.dropped) <= 20
    kept = peer.request("make", 1)
    peer.request("same", 1)
    assert peer.dropped == []
    assert kept.x == 1


def test_waiting_is_interrupted_and_can_be_ended():
    here, _there = socket.socketpair()

    class Impatient(Peer):
        pause = 0.01

        def on_pause(self):
            raise Lost("no answer in time")

    with pytest.raises(Lost, match="in time"):
        Impatient(here, {}).request("same", 1)


BAD_VALUES = [
    ["list"],
    ["nope", 1],
    [],
    {"a": 1},
    ["array", "O", [1], "C", True, b"12345678"],
    ["array", "<f8", [2], "C", True, b""],
    ["array", "<f8", [-1], "C", True, b""],
    ["array", "<f8", [2**62, 4], "C", True, b""],
    ["array", "V8", [1], "C", True, b"12345678"],
    ["same", 5],
    ["same", -1],
    ["mine", "x", "t", [], True],
    ["mine", 1, "t", 3, True],
    ["yours", 9],
    ["yours", []],
    ["type", "open"],
    ["Generator", "open", []],
    ["int", "zz"],
    ["tensor", "open", 1, "<f4", [], "C", True, b""],
    ["dict", [[["list", []], 1]]],
    ["range", [0.5]],
    ["torch.dtype", "__class__"],
    ["scalar", "<f8", b"1"],
]


@pytest.mark.parametrize("value", BAD_VALUES, ids=repr)
def test_a_reply_that_is_no_value_is_refused(value):
    with pytest.raises(WireError):
        _reply(msgpack.packb({"value": value}))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        msgpack.packb(3),
        msgpack.packb({"error": 3}),
        msgpack.packb({"error": {"mro": ["a b"]}}),
        msgpack.packb({"value": 1, "changes": [[0, 1]]}),
        msgpack.packb({"value": 1, "changes": [[0, 1, None]]}),
        msgpack.packb({"value": 1, "kept": [[1]]}),
        msgpack.packb({"value": ["kept", "x", ["list", []]]}),
        msgpack.packb({"value": ["array", "<f8", [1], "C", True, 0]}),
        msgpack.packb({"value": 1, "buffers": [2**40]}),
        msgpack.packb({"value": 1, "buffers": [-1]}),
        msgpack.packb({"value": "x" * (2**20 + 1)}),
        msgpack.packb({"value": ["dict", [["x" * 20_000, 1]]]}),
        msgpack.packb({"value": ["list", [["range", [0, 2**60, 1]]]]}),
        msgpack.packb({"do": 1, "with": 3, "drop": [], "kept": []}),
        msgpack.packb({"do": 7, "with": ["list", [["list", []], ["dict", []]]], "drop": [], "kept": []}),
        msgpack.packb({"do": "call", "with": ["list", [["list", []], ["dict", []]]], "drop": [], "kept": []}),
        b"\x91" * 5000,
    ],
    ids=lambda frame: repr(frame[:30]),
)
def test_a_frame_that_is_no_reply_is_refused(frame):
    with pytest.raises(WireError):
        _reply(frame)


def test_noise_never_gets_past_the_reader():
    rng = random.Random(0)
    good = msgpack.packb({"value": ["list", [1, ["array", "<f8", [1], "C", True, b"12345678"]]], "changes": []})
    for _ in range(500):
        noise = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            noise[rng.randrange(len(noise))] = rng.randrange(256)
        with contextlib.suppress(WireError, Lost):  # anything else would have got past
            _reply(bytes(noise))


def test_too_long_a_frame_and_too_many_values_are_refused():
    here, there = socket.socketpair()
    peer = Peer(here, {})
    there.sendall(struct.pack("<Q", 2**40))
    with pytest.raises(WireError, match="too large"):
        peer.request("same", 1)
    with pytest.raises(WireError, match="too many"):
        Decoder(peer, []).decode(["list", [1] * 400_000])
    deep: list = ["list", []]
    for _ in range(100):
        deep = ["list", [deep]]
    with pytest.raises(WireError, match="too deep"):
        Decoder(peer, []).decode(deep)


def test_what_unfolds_without_end_is_refused():
    """Small messages that would take the examiner's memory or time once somebody looks at them.

    Numbers of objects begin at 3: those before are the request's own lists of arguments.
    """
    laughs: list = ["list", [["list", []]]]
    for depth in range(1, 40):  # each list holds the one before it twice: 2**40 leaves to whoever walks them
        laughs = ["list", [laughs, ["same", 43 - depth]]]
    with pytest.raises(WireError):
        _reply(msgpack.packb({"value": laughs}))
    big = ["array", "<f8", [2**17], "C", True, bytes(2**20)]  # 1 MiB, and a list that holds it three hundred times
    with pytest.raises(WireError, match="too large"):
        _reply(msgpack.packb({"value": ["list", [big, *[["same", 4]] * 300]]}))
    peer = Peer(socket.socketpair()[0], {})
    with pytest.raises(WireError, match="too large"):  # the same with an array that the request brought
        Decoder(peer, [[np.zeros(2**17)]]).decode(["list", [["same", 0]] * 300])
    with pytest.raises(WireError, match="contains itself"):
        _reply(msgpack.packb({"value": ["list", [["same", 3]]]}))
    many = b"\xdd" + struct.pack(">I", 2_000_000) + b"\x90" * 2_000_000  # two million empty lists
    with pytest.raises(WireError):
        _reply(b"\x81\xa5value" + many)
    with pytest.raises(WireError, match="no text"):
        _reply(msgpack.packb({"output": [1]}))


def _reply(frame: bytes):
    """What a peer makes of this frame as the answer to a request."""
    here, there = socket.socketpair()
    peer = Examiner(here, {}, make_stand_in)

    def send():
        with contextlib.suppress(OSError):
            there.sendall(struct.pack("<Q", len(frame)) + frame)
            there.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()  # beside: a socket holds less than a large frame
    return peer.request("same", 1)


# --- what else travels, and how much of it ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10, 100_000], ids=["small", "large"])
def test_every_change_in_place_is_seen(peer, size):
    """Of a small array a copy is compared, of a large one a checksum: of all of it."""
    for place in (0, size // 2, size - 1):
        x = np.zeros(size)
        peer.request("setitem", x, place, 5.0)
        assert x[place] == 5 and x.sum() == 5
    x, same = np.zeros(size), np.zeros(size)
    assert peer.request("apply", lambda a, b: b.fill(1) or a is b, x, same) is False
    assert (x.sum(), same.sum()) == (0, size)


def test_what_is_kept_in_step_is_not_kept_for_ever(peer):
    """The oldest is forgotten, and says so to whoever writes into it."""
    boxes = [peer.request("make", np.zeros(2)) for _ in range(MAX_KEPT + 1)]
    arrays = [box.x for box in boxes]
    arrays[-1][0] = 7
    assert boxes[-1].x[0] == 7
    assert len(peer._kept) <= MAX_KEPT
    with pytest.raises(ValueError, match="read-only"):
        arrays[0][0] = 7


def test_text_of_the_other_side_has_a_bound():
    long = "x" * (MAX_TEXT + 1000)
    with pytest.raises(Exception) as caught:
        _reply(msgpack.packb({"error": {"mro": ["OwnError", "ValueError"], "text": long, "where": long, "name": long}}))
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) == MAX_TEXT
    assert len(caught.value.__notes__[0]) == 300
    for names in ([], ["a" * 101], ["ValueError"] * 21, ["os.system"]):
        with pytest.raises(WireError, match="malformed error"):
            rebuild_error({"mro": names, "text": "", "where": "", "name": ""})
    assert clean("a\ud800b" + long, 3) == "a?b"


def test_what_was_printed_has_a_bound():
    printed = []
    here, there = socket.socketpair()
    peer = Examiner(here, {}, make_stand_in)
    peer.on_output = printed.append
    frame = msgpack.packb({"value": 1, "output": "x" * (MAX_OUTPUT + 1000)})
    threading.Thread(target=there.sendall, args=[struct.pack("<Q", len(frame)) + frame], daemon=True).start()
    assert peer.request("same", 1) == 1
    assert len(printed[0]) == MAX_OUTPUT


def test_an_exception_whose_text_cannot_be_had_is_still_one(peer):
    class Mute(ValueError):
        def __str__(self):
            raise KeyError

    def throw():
        raise Mute("x")

    with pytest.raises(ValueError, match="its text can not be had"):
        peer.request("apply", throw)


def test_a_stand_in_never_judges_plain_data(peer):
    agrees = peer.request("agree")
    for compare in (lambda: agrees == 3, lambda: agrees != [1], lambda: agrees == np.ones(2)):
        with pytest.raises(TypeError, match="would itself say what equals it"):
            compare()
    with pytest.raises(TypeError, match="would itself say how it compares"):
        _ = agrees < 3
    with pytest.raises(TypeError, match="compared with numbers only"):
        _ = agrees < "text"
