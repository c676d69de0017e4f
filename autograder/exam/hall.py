"""Where hand-ins are examined: one warm examiner for a batch, which forks a process of its own for each examination.

Three processes for a batch, each of which ends with the one before it:

    whoever has a Hall  ──►  the warm examiner (this file's ``main``)  ──►  the exam building (exam/room.py)
                                └─ forks an examination for each hand-in ─► talks to a room of the building

An examination has limits of memory and of the clock, so that whatever a hand-in does to it costs that hand-in its
marks, and the batch goes on.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.exam.room import GraderFailed
from autograder.exam.verdict import ExerciseResult, Verdict
from autograder.exam.walls import Settings, furniture

__all__ = ["GraderFailed", "Hall"]

MEMORY = 700 * 2**20  # bytes that an examination may take beyond what the warm examiner holds
GRACE_SECONDS = 60  # of the clock, beyond what the room may take
MAX_VERDICT = 256 * 2**20  # bytes
STOPPED = "the examination was stopped"
_LENGTH = struct.Struct("<Q")


class _WithoutAnswer(GraderFailed):
    """An examination ended and said nothing."""


class Hall:
    """A hall for hand-ins to one source notebook. ``examine`` may be called from several threads at once.

    walls    False lets hand-ins run without a jail
    secret   goes into the seeds of hidden checks: the same secret, the same mark
    shipped  the folder of the files that the release ships beside its notebook
    Raises ValueError where the source notebook's metadata asks for what there is not.
    """

    def __init__(self, source: NotebookNode, *, walls: bool = True, secret: str = "", shipped: Path | None = None):
        self.source = source
        furniture(Settings.of(source.metadata))  # raises ValueError for what the metadata asks for and is not there
        settings: dict[str, Any] = {"walls": walls, "secret": secret, "shipped": str(shipped) if shipped else ""}
        settings["grace"] = GRACE_SECONDS
        self._told = json.dumps({"source": nbformat.writes(source), **settings}).encode()
        self._lock = threading.Lock()
        self._examiner: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._open()

    def examine(
        self,
        handin: bytes | None,
        *,
        student: str,
        assignment: str,
        only: Collection[str] | None = None,
        stop_at_first_failure: bool = False,
        total_seconds: float | None = None,
        files: Mapping[str, bytes] = {},
    ) -> tuple[Verdict, NotebookNode]:
        """Examine one hand-in; blocks until it is done. What the hand-in is to blame for is in the verdict.

        total_seconds  in place of the assignment's own limit for a whole hand-in
        files          what was handed in beside the notebook
        Raises GraderFailed where the examination was ended from outside: it may be tried again.
        """
        options: dict[str, Any] = {
            "student": student,
            "assignment": assignment,
            "only": sorted(only) if only is not None else None,
        }
        options |= {"stop_at_first_failure": stop_at_first_failure, "total_seconds": total_seconds}
        try:
            verdict, clean = self._examine(handin, options, files)
            if verdict.killed:  # by its own code, or from outside? Its own code would do it again
                verdict, clean = self._examine(handin, options, files)
            return verdict, clean
        except _WithoutAnswer:
            if self._is_gone():
                raise
        try:
            return self._examine(handin, options, files)
        except _WithoutAnswer:
            if self._is_gone():
                raise
            return self._stopped(options, "the hand-in made it crash")  # twice, while the warm examiner lived on

    def _examine(
        self, handin: bytes | None, options: dict[str, Any], files: Mapping[str, bytes]
    ) -> tuple[Verdict, NotebookNode]:
        names = sorted(files)
        parts = [handin or b"", *(files[name] for name in names)]
        head = json.dumps({"options": options, "given": handin is not None, "files": names}).encode()
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self._lock:
                self._hand_over(theirs)
            try:
                for part in (head, *parts):
                    ours.sendall(_LENGTH.pack(len(part)) + part)
                answer = json.loads(_read_part(ours, MAX_VERDICT))
            except (OSError, ValueError):
                raise _WithoutAnswer("the examiner was ended from outside") from None
        if "failed" in answer:
            raise GraderFailed(answer["failed"])
        if "stopped" in answer:
            return self._stopped(options, answer["stopped"])
        return Verdict.from_json(answer["verdict"]), nbformat.from_dict(json.loads(answer["clean"]))

    def _stopped(self, options: dict[str, Any], why: str) -> tuple[Verdict, NotebookNode]:
        """The verdict on a hand-in that was too much for its examination: no marks, and a person has a look."""
        from autograder.exam import notebook

        tests = [cell for cell in self.source.cells if notebook.role(cell) == "test"]
        note = f"{STOPPED}: {why}"
        exercises = [
            ExerciseResult(notebook.grade_id(cell), float(cell.metadata.nbgrader["points"]), note=note)
            for cell in tests
        ]
        verdict = Verdict(options["assignment"], options["student"], exercises, [note], [note])
        return verdict, notebook.read(self.source, None).notebook

    def _is_gone(self) -> bool:
        """Whether the warm examiner itself has ended, which no hand-in can bring about."""
        assert self._examiner is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._examiner.wait(1)
        return self._examiner.poll() is not None

    def _open(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._examiner = subprocess.Popen(
                [sys.executable, "-m", "autograder.exam.hall", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parent.parent.parent,
                start_new_session=True,
            )
        self._control = ours
        with contextlib.suppress(OSError):
            ours.sendall(_LENGTH.pack(len(self._told)) + self._told)

    def _hand_over(self, connection: socket.socket) -> None:
        """Give the warm examiner the connection for one more hand-in; a new examiner if that one is gone."""
        for _ in range(2):
            try:
                assert self._control is not None
                socket.send_fds(self._control, [b"h"], [connection.fileno()])
                return
            except OSError:
                self.close()
                self._open()
        raise GraderFailed("the examiner cannot be started: see above why")

    def close(self) -> None:
        """End everything that runs in the hall. Closing twice does nothing."""
        if self._control is not None:
            self._control.close()
        if self._examiner is not None:
            try:
                self._examiner.wait(10)
            except subprocess.TimeoutExpired:
                self._examiner.kill()
                self._examiner.wait()

    def __enter__(self) -> Hall:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _read_part(connection: socket.socket, limit: int) -> bytes:
    """One length and what follows it. Raises OSError if the other side is gone, or claims more than the limit."""
    head = connection.recv(8, socket.MSG_WAITALL)
    if len(head) < 8:
        raise ConnectionError("the other side is gone")
    (length,) = _LENGTH.unpack(head)
    if length > limit:
        raise ConnectionError("too much")
    data = bytearray()
    while len(data) < length:
        part = connection.recv(min(length - len(data), 2**20))
        if not part:
            raise ConnectionError("the other side is gone")
        data += part
    return bytes(data)


# --- the warm examiner -----------------------------------------------------------------------------------------------


def main(fd: int) -> None:
    """The warm examiner: opens the building, then forks an examination for each connection that it is given."""
    control = socket.socket(fileno=fd)
    try:
        told = json.loads(_read_part(control, MAX_VERDICT))
    except OSError:
        return  # whoever wanted it is gone already
    source = nbformat.reads(told["source"], as_version=4)
    shipped = Path(told["shipped"]) if told["shipped"] else None
    from autograder.exam import examiner
    from autograder.exam.room import Building

    settings = Settings.of(source.metadata)

    def open_building() -> Building:
        return Building(settings, examiner.preload(source), told["walls"], shipped)

    building = open_building()
    examiner.warm_up(source)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for an examination: its connection tells how it went
    try:
        while True:
            message, fds, _, _ = socket.recv_fds(control, 1, 1)
            if not message:
                return
            connection = socket.socket(fileno=fds[0])
            try:
                place = building.open()
            except GraderFailed:  # killed from outside, or it could not be opened at all
                building.close()
                building = open_building()
                try:
                    place = building.open()
                except GraderFailed as failed:  # as the whole answer: the hand-in is not even read
                    with connection:
                        _answer(connection, {"failed": str(failed)})
                    continue
            if os.fork() == 0:
                control.close()
                building.control.close()
                _examination(connection, place, source, settings, told)
            connection.close()
            for end in place:
                end.close()
    finally:
        building.close()


def _examination(
    connection: socket.socket,
    place: tuple[socket.socket, socket.socket],
    source: NotebookNode,
    settings: Any,
    told: dict[str, Any],
) -> None:
    """In a process of its own: one hand-in, and its verdict as the answer. Does not return."""
    try:
        _die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        answer = _verdict(connection, place, source, settings, told)
    except MemoryError:
        answer = {"stopped": "the hand-in made it take too much memory"}
    except GraderFailed as failed:
        answer = {"failed": str(failed)}
    except BaseException as error:  # ours: said, and the batch goes on
        answer = {"failed": f"{type(error).__name__}: {str(error)[:500]}"}
    try:
        _answer(connection, answer)
    finally:
        os._exit(0)


def _verdict(
    connection: socket.socket,
    place: tuple[socket.socket, socket.socket],
    source: NotebookNode,
    settings: Any,
    told: dict[str, Any],
) -> dict[str, str]:
    from dataclasses import replace

    from autograder.exam.examiner import examine
    from autograder.exam.room import Room

    head = json.loads(_read_part(connection, MAX_VERDICT))
    handin = _read_part(connection, MAX_VERDICT)
    files = {name: _read_part(connection, MAX_VERDICT) for name in head["files"]}
    options = head["options"]
    if (total := options.pop("total_seconds")) is not None:
        settings = replace(settings, total_seconds=total)
    signal.signal(signal.SIGALRM, lambda *_: _out_of_time(connection))
    seconds = int(settings.total_seconds + told["grace"])
    signal.alarm(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (2 * seconds, 2 * seconds))  # where even the alarm is not heard
    _bound_memory()
    with Room(*place, settings) as room:
        verdict, clean = examine(
            source,
            handin if head["given"] else None,
            room=room,
            files=files,
            walls=told["walls"],
            secret=told["secret"],
            **options,
        )
    return {"verdict": verdict.to_json(), "clean": json.dumps(clean)}


def _out_of_time(connection: socket.socket) -> None:
    _answer(connection, {"stopped": "the hand-in made it take too long"})
    os._exit(0)


def _answer(connection: socket.socket, answer: dict[str, str]) -> None:
    data = json.dumps(answer).encode()
    connection.settimeout(None)
    with contextlib.suppress(OSError):
        connection.sendall(_LENGTH.pack(len(data)) + data)


def _bound_memory() -> None:
    """Bound this process beyond what is mapped now: MemoryError, and the batch goes on."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        mapped = int(statm.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = mapped + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _die_with_parent() -> None:
    """End with the warm examiner, whatever ends that (Linux; elsewhere the alarm ends it)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() == 1:
            os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
