"""What was handed in: ``submitted/<student>/<assignment>/`` walked and read without following a link.

Whatever a file system allows is read: any name of a student, the notebook beside the folder instead of in it, a second
notebook beside the first, other endings, a zip. What had to be guessed is said: to the student as a problem, to the
instructor as a reason to look.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import parse_utc

from autograder.course import Course, CourseError
from autograder.exam.notebook import MAX_BYTES, has_work, unreadable
from autograder.exam.verdict import Verdict

MAX_NAME = 255  # bytes of a student's id: it becomes the name of a folder
MAX_MEMBERS = 1_000  # files in a zip
MAX_PEEK = 8 * 2**20  # bytes of a notebook that is read here to see whether something is written in it
MAX_OTHERS = 6  # notebooks beside the expected one that are looked into
_NOT_STUDENTS = {".ipynb_checkpoints", ".git", "__MACOSX"}
_ENDINGS = re.compile(r"\.(ipynb|ipynb\.json|ipynb\.txt|json|zip)$", re.IGNORECASE)


@dataclass
class HandIn:
    """The bytes that a student handed in, and what was odd about the way they were.

    problems   sentences for the student too
    look       sentences for the instructor: why a person should look at it
    timestamp  as nbgrader writes it; empty if there is none
    files      of the files that the assignment asks for beside the notebook, those that could be taken in
    name       of the file that was read, from the student's folder on
    """

    data: bytes | None = None
    problems: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    timestamp: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    name: str = ""

    def tell(self, verdict: Verdict) -> None:
        """Put what was odd about the hand-in into the verdict on it, in front of what was odd in it."""
        absent = self.data is None  # then the examiner's own word for it is worse
        verdict.problems = self.problems + ([] if absent else verdict.problems)
        verdict.look = self.look + ([] if absent else verdict.look)

    def basis(self) -> list[object]:
        """What a mark rests on beside the notebook itself; part of the key under which a verdict is kept."""
        hashes = sorted((name, hashlib.sha256(data).hexdigest()) for name, data in self.files.items())
        return [self.problems, self.look, self.timestamp, hashes]


# --- who -------------------------------------------------------------------------------------------------------------


def student_id(folder: str) -> str:
    r"""The id under which the owner of a folder stands in gradebook, tables and pages: the folder's name.

    What can not be shown or stored (control characters, bytes that are no text, a dot or spaces at the ends, names
    over MAX_NAME bytes) is written as an escape such as \x1b, so that no two folders get the same id.
    """

    def escape(character: str) -> str:
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:  # a byte that is no text
            return f"\\x{code - 0xDC00:02x}"
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"

    odd = {i for i, character in enumerate(folder) if not character.isprintable() or character == "\\"}
    odd |= {i for i in (0, len(folder) - 1) if folder[i] in " ."} if folder else set()
    name = "".join(escape(character) if i in odd else character for i, character in enumerate(folder))
    if len(name.encode()) > MAX_NAME:
        short = name.encode()[: MAX_NAME - 9].decode("utf-8", "ignore")
        name = f"{short}~{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"
    return name


def hand_ins(course: Course, assignment: str) -> list[str]:
    """Ids of the students with something handed in for this assignment, sorted."""
    if not course.submitted.is_dir():
        raise CourseError(f"there is no folder {course.submitted}: put hand-ins into <student>/{assignment}/ there.")
    students = [student_id(entry.name) for entry in _folders(course) if _handed_in(Path(entry.path), assignment)]
    if not students:
        raise CourseError(f"{course.submitted} holds no hand-in: put notebooks into <student>/{assignment}/ there.")
    return sorted(students)


def without_hand_in(course: Course, assignment: str) -> list[str]:
    """Ids of the students whose folder holds nothing for this assignment, or an empty folder."""
    found = []
    for entry in _folders(course) if course.submitted.is_dir() else []:
        folder = Path(entry.path) / assignment
        if not entry.is_symlink() and entry.is_dir():
            empty = folder.is_dir() and not folder.is_symlink() and not _names(folder) and not _folders_in(folder)
            beside = _beside(Path(entry.path), assignment)
            found += [student_id(entry.name)] if not beside and (empty or not os.path.lexists(folder)) else []
    return sorted(found)


def hand_in_folder(course: Course, student: str, assignment: str) -> Path:
    """``submitted/<student>/<assignment>`` of the student with this id, which may be no folder's name."""
    if student_id(student) != student or not os.path.lexists(course.submitted / student):
        owner = next((entry.name for entry in _folders(course) if student_id(entry.name) == student), student)
        return course.submitted / owner / assignment
    return course.submitted / student / assignment


def _folders(course: Course) -> list[os.DirEntry[str]]:
    with os.scandir(course.submitted) as entries:
        return [entry for entry in entries if entry.name not in _NOT_STUDENTS]


def _handed_in(folder: Path, assignment: str) -> bool:
    return os.path.lexists(folder / assignment) or bool(_beside(folder, assignment))


def _beside(folder: Path, assignment: str) -> list[str]:
    """Notebooks of this assignment that lie in the student's folder itself: a2.ipynb, a2 (1).ipynb, a2.zip."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    mine = re.compile(re.escape(assignment) + r"(\W.*)?", re.DOTALL)
    return [name for name in _names(folder) if (end := _ENDINGS.search(name)) and mine.fullmatch(name[: end.start()])]


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and not entry.is_dir())


def _folders_in(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir(follow_symlinks=False) and not e.name.startswith((".", "__")))


# --- what ------------------------------------------------------------------------------------------------------------


def read_hand_in(folder: Path, source: NotebookNode | None = None) -> HandIn:
    """The notebook in ``submitted/<student>/<assignment>``, called as that assignment; never through a link.

    source  the assignment's source notebook: it says which files belong to a hand-in, and tells a blank notebook
            from one with work in it
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        return HandIn(problems=["the hand-in is a link, and links are not followed"], look=["the hand-in is a link"])
    flat = [] if folder.is_dir() and _names(folder) else _beside(folder.parent, folder.name)
    if flat:
        hand_in = _choose(_Folder(folder.parent, flat), folder.name, source)
        hand_in.problems.insert(0, f"{hand_in.name or flat[0]} lies outside of the folder {folder.name}")
    elif folder.is_dir():
        deeper = _folders_in(folder) if not _names(folder) else []
        place = folder / deeper[0] if len(deeper) == 1 else folder
        hand_in = _choose(_Folder(place, _names(place)), folder.name, source)
        hand_in.name = str((place / hand_in.name).relative_to(folder.parent)) if hand_in.name else ""
        if deeper:
            hand_in.problems.insert(0, f"there are folders in the folder {folder.name}: {_list(deeper)}")
            hand_in.look += hand_in.problems if hand_in.data is None else []
    else:
        return HandIn(problems=["the hand-in is not a folder"], look=["the hand-in is not a folder"])
    _read_timestamp(folder.parent if flat else folder, hand_in)
    return hand_in


@dataclass
class _Folder:
    """Files that can be read one by one: those of a folder."""

    path: Path
    names: list[str]

    def read(self, name: str, limit: int) -> bytes:
        return _read(self.path / name, limit)


class _Zip:
    """Files that can be read one by one: those of a zip, by the last part of their names. Nothing is written to disk.

    Raises OSError with a reason where the zip can not be read.
    """

    def __init__(self, data: bytes):
        if data.count(b"PK\x01\x02") > MAX_MEMBERS:
            raise OSError(errno.EFBIG, f"it holds more than {MAX_MEMBERS} files")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise OSError(errno.EINVAL, f"it is no zip file ({error})") from None
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            name = member.filename.replace("\\", "/")
            hidden = any(re.match(r"\.(?!\.?$)|__MACOSX$", part) for part in name.split("/"))
            if not hidden and not name.endswith("/"):
                self._members.setdefault(name.rpartition("/")[2], member)
        self.names = sorted(self._members)

    def read(self, name: str, limit: int) -> bytes:
        member = self._members[name]
        if stat.S_ISLNK(member.external_attr >> 16):
            raise OSError(errno.ELOOP, "it is a link")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others have no bound on memory
            raise OSError(errno.EINVAL, "it is packed in an unusual way: pack it again with the system's own zip")
        try:
            with self._zip.open(member) as file:
                data = file.read(limit + 1)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError, zlib.error) as error:
            raise OSError(errno.EINVAL, f"it can not be unpacked ({error})") from None
        if len(data) > limit:
            raise OSError(errno.EFBIG, f"it is larger than {limit // 2**20 or 1} MB")
        return data


def _choose(pile: _Folder | _Zip, wanted: str, source: NotebookNode | None, depth: int = 0) -> HandIn:
    """Of everything in a pile the notebook that counts, read; with the files that belong to it."""
    expected = f"{wanted}.ipynb"
    hand_in = HandIn()
    kinds: dict[str, list[str]] = {}
    for name in pile.names:
        if name != expected and (end := _ENDINGS.search(name)):
            kinds.setdefault(end[1].lower(), []).append(name)
    notebooks = [name for kind in ("ipynb", "ipynb.json", "ipynb.txt") for name in kinds.get(kind, [])]
    if expected in pile.names:
        _read_expected(pile, expected, notebooks, source, hand_in)
    elif notebooks:
        _read_other(pile, expected, notebooks, source, hand_in)
    elif (archives := kinds.get("zip", [])) and depth == 0:
        return _unpack(pile, archives, wanted, source)
    elif plausible := [n for n in kinds.get("json", [])[:MAX_OTHERS] if _is_worked_in(_bytes(pile, n)[0], None)]:
        _read_other(pile, expected, plausible, source, hand_in)
    else:
        found = f"there is only {_list(pile.names)}" if pile.names else "there is no notebook"
        hand_in.problems.append(f"no {expected} was handed in: {found}")
        hand_in.look += [hand_in.problems[0]] if pile.names else []
    _read_files(pile, source, hand_in)
    return hand_in


def _bytes(pile: _Folder | _Zip, name: str) -> tuple[bytes, str]:
    """A file's bytes, or none and the reason why it can not be read."""
    try:
        return pile.read(name, MAX_BYTES), ""
    except OSError as error:
        return b"", error.strerror or str(error)


def _worked_in(pile: _Folder | _Zip, names: list[str], source: NotebookNode | None, but: bytes) -> dict[str, bytes]:
    """Those of the notebooks in which something is written, and not the same as in ``but``."""
    found = {}
    for name in names[:MAX_OTHERS]:
        data = _bytes(pile, name)[0]
        if data != but and _is_worked_in(data, source):
            found[name] = data
    return found


def _is_worked_in(data: bytes, source: NotebookNode | None) -> bool:
    """Whether something is written in a notebook. Large ones are taken at their word: this process reads none of them.

    It is the grader's own process, and text of 30 MB can become a gigabyte when it is read.
    """
    if len(data) > MAX_PEEK:
        return True
    return not unreadable(data) if source is None else has_work(source, data)


def _read_expected(
    pile: _Folder | _Zip, expected: str, others: list[str], source: NotebookNode | None, hand_in: HandIn
) -> None:
    """The notebook of the expected name; another one only where nothing is written in it, and in one other."""
    data, wrong = _bytes(pile, expected)
    hand_in.name, hand_in.data = expected, None if wrong else data
    if wrong:
        hand_in.problems.append(f"{_shown(expected)} cannot be read: {wrong}")
    worked_in = _worked_in(pile, others, source, data) if others else {}
    blank = bool(worked_in) and (bool(wrong) or not _is_worked_in(data, source))
    if blank and len(worked_in) == 1:
        [(hand_in.name, hand_in.data)] = worked_in.items()
        said = f"nothing is written in {expected}, and {_shown(hand_in.name)} lies beside it: that one was graded"
        hand_in.problems, hand_in.look = [said], [said]
    elif worked_in:
        holds = "nothing is written in it" if blank else f"{expected} was graded"
        said = f"{_list(list(worked_in))} lies beside {expected}, with work in it: {holds}"
        hand_in.problems.append(said)
        hand_in.look.append(f"{said}; see which one is meant")
    elif wrong:
        hand_in.look.append(hand_in.problems[0])
    if len(others) > MAX_OTHERS:
        hand_in.look.append(f"{len(others)} other notebooks lie beside {expected}: only {MAX_OTHERS} were looked into")


def _read_other(
    pile: _Folder | _Zip, expected: str, names: list[str], source: NotebookNode | None, hand_in: HandIn
) -> None:
    """A notebook of another name: the only one there, or the only one in which something is written."""
    chosen = names
    if len(names) > 1:
        chosen = list(_worked_in(pile, names, source, b"")) if source is not None else []
    if len(chosen) != 1:
        said = f"no {expected} was handed in: there are {_list(names)}"
        hand_in.problems.append(said)
        hand_in.look.append(f"{said}; see which one is meant")
        return
    data, wrong = _bytes(pile, chosen[0])
    if wrong:
        hand_in.problems.append(f"{_shown(chosen[0])} cannot be read: {wrong}")
        hand_in.look.append(hand_in.problems[0])
        return
    hand_in.name, hand_in.data = chosen[0], data
    hand_in.problems.append(f"{_shown(chosen[0])} was read as {expected}")
    if len(names) > 1:
        hand_in.look.append(f"of {_list(names)} the one with work in it was graded, {_shown(chosen[0])}")


def _unpack(pile: _Folder | _Zip, archives: list[str], wanted: str, source: NotebookNode | None) -> HandIn:
    """What a zip holds, as if it lay there unpacked."""
    said = f"no {wanted}.ipynb was handed in: there are {_list(archives)}"
    if len(archives) == 1:
        limit = MAX_BYTES + sum(_asked_for(source).values())
        try:
            hand_in = _choose(_Zip(pile.read(archives[0], limit)), wanted, source, depth=1)
            hand_in.problems.insert(0, f"{_shown(archives[0])} was unpacked")
            hand_in.name = archives[0]
            return hand_in
        except OSError as error:
            said = f"{_shown(archives[0])} cannot be read: {error.strerror}"
    return HandIn(problems=[said], look=[said], name=archives[0])


def _asked_for(source: NotebookNode | None) -> dict[str, int]:
    """Files that the assignment asks for beside the notebook, with the bytes that each may have."""
    settings = source.metadata.get("convnets", {}) if source is not None else {}
    asked: dict[str, Any] = settings.get("files", {})
    return {name: int(mebibytes * 2**20) for name, mebibytes in asked.items()}


def _read_files(pile: _Folder | _Zip, source: NotebookNode | None, hand_in: HandIn) -> None:
    for name, limit in _asked_for(source).items():
        try:
            if name not in pile.names:
                raise FileNotFoundError(errno.ENOENT, "it is not there")
            hand_in.files[name] = pile.read(name, limit)
        except OSError as error:
            wrong = (
                f"it is larger than {round(limit / 2**20, 3):g} MB" if error.errno == errno.EFBIG else error.strerror
            )
            hand_in.problems.append(f"the file {name} that belongs to this hand-in was not taken in: {wrong}")


def _read_timestamp(folder: Path, hand_in: HandIn) -> None:
    if not os.path.lexists(folder / "timestamp.txt"):
        return
    try:
        timestamp = _read(folder / "timestamp.txt", 200).decode("utf-8", "replace").strip()
    except OSError:
        timestamp = "?"
    if timestamp and not _is_time(timestamp):
        hand_in.problems.append("timestamp.txt holds no time: lateness is not known")
        hand_in.look.append(hand_in.problems[-1])
        timestamp = ""
    hand_in.timestamp = timestamp


def _shown(name: str) -> str:
    """A file's name in a sentence: without control characters, and not endless."""
    name = "".join(c if c.isprintable() else "�" for c in name)
    return name if len(name) <= 80 else f"{name[:79]}…"


def _list(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(_shown, names[:5])) + more


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
