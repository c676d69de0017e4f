"""The room itself, looked at from inside: what a hand-in may do, see and use there, and that it ends."""

import ast
import contextlib
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from autograder.exam.inside.forkserver import TMP_BYTES
from autograder.exam.room import MAX_OUTPUT, Building, ExaminerPeer, Room, RoomLost
from autograder.exam.walls import Settings

ROOT = Path(__file__).resolve().parent.parent
CANARY = "what-only-the-grader-may-know"
SMALL = Settings(cell_seconds=5, memory_gb=0.3)


@pytest.fixture(scope="module")
def building():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADERS_OWN", CANARY)
        with Building(SMALL) as opened:
            yield opened


@pytest.fixture
def room(building):
    with Room(*building.open(), SMALL) as opened:
        yield opened


def seen(room: Room, code: str, expression: str):
    """What an expression is in the room, after this code."""
    error = room.run(f"{code}\nprint(repr({expression}))", "look", 5)
    assert error is None, error
    return ast.literal_eval(room.take_output())


def inside(building: Building) -> set[psutil.Process]:
    """Its processes: told while their parents live, since what is left over then has none that would tell."""
    return set(psutil.Process(building._process.pid).children(recursive=True))


def session(first: int) -> set[psutil.Process]:
    """Those of a room without walls: whose parent is gone has no other sign."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(process.pid) == first:
                found.add(process)
    return found


def gone(processes: set[psutil.Process]) -> bool:
    """Whether they end by themselves: a bound on waiting, generous since machines are busy. None is left by this."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    for process in alive:
        process.kill()
    return not alive


# --- what it sees ----------------------------------------------------------------------------------------------------


def test_nothing_of_the_graders_environment_is_in_the_room(room):
    read = 'import os\nwith open("/proc/self/environ") as file: first = file.read()'
    names, text = seen(room, read, "(sorted(os.environ), first + str(os.environ))")
    assert CANARY not in text
    assert "GRADERS_OWN" not in names
    assert {"HOME", "PATH", "OMP_NUM_THREADS", "PYTHONHASHSEED"} <= set(names)
    assert seen(room, "import os", "os.environ['HOME']") == "/tmp"


def test_rooms_of_one_building_do_not_meet(building, room):
    """Not by sockets that have no file; memory that belongs to no process can not be had at all."""
    make = """
import socket
door = socket.socket(socket.AF_UNIX)
door.bind("\\0meeting-point")
door.listen()"""
    look = """
import socket
with socket.socket(socket.AF_UNIX) as knock:
    found = knock.connect_ex("\\0meeting-point") == 0"""
    seen(room, make, "True")
    assert seen(room, look, "found") is True  # who made it finds it
    with Room(*building.open(), SMALL) as other:
        assert seen(other, look, "found") is False
    assert seen(room, "import ctypes", "ctypes.CDLL(None).shmget(4242, 4096, 0o1666)") == -1


def test_this_machines_network_is_not_there(room):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        knock = f"import socket\nwith socket.socket() as s:\n    said = s.connect_ex(('127.0.0.1', {port}))"
        assert seen(room, knock, "said") != 0
        with socket.socket() as ours:
            assert ours.connect_ex(("127.0.0.1", port)) == 0
    assert seen(room, "import os", "sorted(os.listdir('/sys/class/net')) if os.path.exists('/sys') else []") == []


# --- what it may do --------------------------------------------------------------------------------------------------


def test_no_privilege_is_left(room):
    read = 'with open("/proc/self/status") as file: status = dict(line.split(":\\t", 1) for line in file)'
    status = seen(room, read, "{name: value.strip() for name, value in status.items()}")
    assert {status[f"Cap{kind}"].strip("0") for kind in ("Eff", "Prm", "Bnd", "Amb", "Inh")} == {""}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert "0" not in status["Uid"].split() + status["Gid"].split()


REFUSED = {  # libc's name and arguments -> what the kernel answers to a hand-in
    "ptrace(0, 0, 0, 0)": 1,
    "unshare(0x10000000)": 1,
    "mount(b'x', b'/tmp', b'tmpfs', 0, None)": 1,
    "syscall(250, 0, 0, 0, 0)": 1,  # keyctl
    "socket(40, 1, 0)": 22,  # a virtual machine's host
    "socket(16, 3, 0)": 22,  # the kernel's own messages
}


def test_system_calls_that_nobody_needs_are_refused(room):
    code = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\ndef tried(result): return ctypes.get_errno()"
    calls = ", ".join(f"tried(libc.{call})" for call in REFUSED)
    assert dict(zip(REFUSED, seen(room, code, f"[{calls}]"), strict=True)) == REFUSED


@pytest.mark.parametrize(
    "place", ["/left", "/room/left", "/usr/left", "/dev/left", "/proc/left", "/room/convnets/x.py"]
)
def test_nothing_can_be_written_but_a_small_tmp(room, place):
    code = f"try:\n    open({place!r}, 'w').close()\n    said = 'written'\nexcept OSError as error:\n    said = 'no'"
    assert seen(room, code, "said") == "no"


def test_tmp_and_shared_memory_have_a_size(room):
    sizes = "[s.f_blocks * s.f_frsize for s in map(os.statvfs, ('/tmp', '/dev/shm'))]"
    files, shared = seen(room, "import os", sizes)
    assert files == TMP_BYTES
    assert 0 < shared <= TMP_BYTES


def test_limits_of_one_process(room):
    code = "import resource as r\nof = lambda name: r.getrlimit(getattr(r, 'RLIMIT_' + name))"
    limits = dict(seen(room, code, "[(n, of(n)) for n in ('AS', 'NPROC', 'FSIZE', 'CORE', 'NOFILE')]"))
    space, _ = limits.pop("AS")
    assert limits == {"NPROC": (64, 64), "FSIZE": (TMP_BYTES, TMP_BYTES), "CORE": (0, 0), "NOFILE": (256, 256)}
    assert 0.3 * 2**30 < space < 20 * 2**30
    assert room.run("import numpy as np; np.empty(2**29)", "large", 5).startswith(("MemoryError", "_ArrayMemoryError"))


def test_memory_of_many_processes_counts_together(room):
    each = "import os, time\nheld = [os.fork() for _ in range(2)]\nown = bytearray(os.urandom(2**20) * 150)\n"
    with pytest.raises(RoomLost, match=r"used 0\.\d GB of memory, more than 0\.3 GB"):
        room.run(f"{each}time.sleep(20)", "greedy", 5)


def test_sleeping_is_not_computing_but_not_for_ever(room):
    assert room.run("import time; time.sleep(0.9)", "a nap", 0.4) is None
    with pytest.raises(RoomLost, match=r"did not end within \d s of the clock"):
        room.run("import time; time.sleep(60)", "a night", 0.1)
    with pytest.raises(RoomLost, match=r"did not end within 0\.4 s and was stopped"):
        room.run("while True: pass", "a loop", 0.4)


# --- what it says ----------------------------------------------------------------------------------------------------


def test_output_has_a_bound_on_both_sides(room):
    room.run("for _ in range(50): print('x' * 10_000)", "prints", 5)
    assert "cut here: more than 100,000 characters" in (said := room.take_output())
    assert len(said) < 100_200
    for _ in range(4):  # between two looks at it, from a process that tells more than it should
        room.keep_output("y" * (MAX_OUTPUT - 1))
    assert len(room.take_output()) == MAX_OUTPUT
    assert room.take_output() == ""


def test_what_a_test_was_about_to_expect_is_not_told(room):
    room.run("def f(g):\n    try:\n        g()\n    except AssertionError as error:\n        return str(error)", "c", 5)
    [[f]] = room.begin_test().request("get", ["f"])

    def expects():
        raise AssertionError("expected 42")

    assert f(expects) == ""


def test_an_answer_of_another_type_than_asked_for_loses_the_process():
    here, there = socket.socketpair()
    lost = []
    watch = SimpleNamespace(
        look=lambda: None, keep_output=str, lose=lambda peer, error: RoomLost(lost.append(error) or "")
    )
    student = ExaminerPeer(there, watch)
    student.find = lambda function: {"len": lambda x: "many", "fork": fail, "add": fail}[function]
    peer = ExaminerPeer(here, watch)
    with contextlib.closing(here), contextlib.closing(there):
        for function, argument, says in (("len", 1, "len answered with a str"), ("fork", 1, "fork failed: KeyError")):
            with pytest.raises(RoomLost), answering(student):
                peer.request(function, argument)
            assert says in str(lost.pop())
        with pytest.raises(KeyError), answering(student):  # what a student's function raises is an answer
            peer.request("add", 1)


def fail(*args):
    raise KeyError("no")


@contextlib.contextmanager
def answering(student):
    """Answer one request beside."""

    thread = threading.Thread(target=lambda: student.serve(*student._receive()))
    thread.start()
    try:
        yield
    finally:
        thread.join(10)


# --- its end ---------------------------------------------------------------------------------------------------------

LOOPS = """
import os, signal
for detached in (False, True):
    if os.fork() == 0:
        os.setsid() if detached and {walls} else None
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        while True: pass
"""


def test_what_a_cell_leaves_running_ends_before_the_next_test(room):
    room.run(LOOPS.format(walls=True), "loops", 5)
    room.run("import os\ndef f(): return [p for p in os.listdir('/proc') if p.isdigit()]", "c", 5)
    [[f]] = room.begin_test().request("get", ["f"])
    assert len(f()) == 3  # process 1, the one that keeps the cells, and this one


def test_children_that_ended_are_fetched(room):
    """Until somebody fetches them they count: a room full of them could not begin another test."""
    said = room.run("import os\nwhile True:\n    if os.fork() == 0: os._exit(0)", "forks", 5)
    assert said.startswith("BlockingIOError")
    assert room.run("import os; x = [os.fork() for _ in range(3)]; all(x) or os._exit(0)", "again", 5) is None
    assert room.begin_test().request("get", ["nothing"]) == [[]]


@pytest.mark.parametrize("walls", [True, False], ids=["walls", "no walls"])
def test_a_room_that_is_closed_leaves_no_process(walls):
    with Building(SMALL, walls=walls) as opened:
        opened.wait()
        before = inside(opened)
        with Room(*opened.open(), SMALL) as room:
            room.run(LOOPS.format(walls=walls), "loops", 5)
            end = time.monotonic() + 20
            of_the_room: set[psutil.Process] = set()
            while len(of_the_room) < 4 and time.monotonic() < end:  # while parents end, a look may miss their children
                of_the_room |= inside(opened) - before if walls else session(room.number)
            assert len(of_the_room) >= 4
        assert gone(of_the_room), "processes of a closed room go on"
        before.add(psutil.Process(opened._process.pid))
    assert gone(before)


@pytest.mark.parametrize("walls", [True, False], ids=["walls", "no walls"])
def test_a_building_ends_with_its_grader_whatever_ends_that(walls):
    code = f"""
        import time
        from autograder.exam.room import Building
        from autograder.exam.walls import Settings
        opened = Building(Settings(), walls={walls})
        opened.wait()
        print("open", flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout.readline() == "open\n"
        processes = set(psutil.Process(grader.pid).children(recursive=True))
        grader.kill()
    assert processes
    assert gone(processes), "the building goes on"
