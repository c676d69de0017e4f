"""What was handed in: ``submitted/<student>/<assignment>/`` walked and read without following a link."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.course import Course, CourseError
from autograder.exam.notebook import MAX_BYTES


@dataclass
class HandIn:
    """The bytes that a student handed in, and what was odd about the way they were."""

    data: bytes | None = None
    problems: list[str] = field(default_factory=list)
    timestamp: str = ""


def hand_ins(course: Course, assignment: str) -> list[str]:
    """Students with something handed in for this assignment, sorted."""
    if not course.submitted.is_dir():
        raise CourseError(f"there is no folder {course.submitted}: put hand-ins into <student>/{assignment}/ there.")
    students = []
    for entry in sorted(os.scandir(course.submitted), key=lambda entry: entry.name):
        if entry.name.startswith(".") or not os.path.lexists(Path(entry.path) / assignment):
            continue
        students.append(entry.name)
    if not students:
        raise CourseError(f"{course.submitted} holds no hand-in: put notebooks into <student>/{assignment}/ there.")
    return students


def read_hand_in(folder: Path) -> HandIn:
    """The notebook in ``submitted/<student>/<assignment>``, called as that assignment; never through a link."""
    if folder.is_symlink() or folder.parent.is_symlink():
        return HandIn(problems=["the hand-in is a link, and links are not followed"])
    if not folder.is_dir():
        return HandIn(problems=["the hand-in is not a folder"])
    problems = []
    wanted = f"{folder.name}.ipynb"
    names = sorted(path.name for path in folder.glob("*.ipynb"))
    if wanted not in names:
        if len(names) != 1:
            found = f"there are {', '.join(names)}" if names else "there is no notebook"
            return HandIn(problems=[f"no {wanted} was handed in: {found}"])
        problems.append(f"{names[0]} was read as {wanted}")
        wanted = names[0]
    try:
        data = _read(folder / wanted, MAX_BYTES)
    except OSError as error:
        return HandIn(problems=[*problems, f"{wanted} cannot be read: {error.strerror}"])
    timestamp = ""
    if os.path.lexists(folder / "timestamp.txt"):
        try:
            timestamp = _read(folder / "timestamp.txt", 200).decode("utf-8", "replace").strip()
        except OSError:
            timestamp = "?"
        if timestamp and not _is_time(timestamp):
            problems.append("timestamp.txt holds no time: lateness is not known")
            timestamp = ""
    return HandIn(data, problems, timestamp)


def _read(path: Path, limit: int) -> bytes:
    """A regular file's bytes: no link, device or pipe, at most ``limit`` of them. Raises OSError with a reason."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(error.errno, "it is a link" if error.errno == errno.ELOOP else error.strerror) from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file")
        if status.st_size > limit:
            raise OSError(errno.EFBIG, f"it is larger than {limit // 2**20 or 1} MB")
        return file.read(limit)


def _is_time(text: str) -> bool:
    """Whether nbgrader can read this as a time."""
    try:
        return parse_utc(text.strip()) is not None
    except (ValueError, OverflowError):
        return False
