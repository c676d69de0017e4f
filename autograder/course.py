"""Where things lie, and nbgrader's settings: the one place that both our commands and stock ``nbgrader`` read.

The repository holds what is written by hand (``solutions/``) and what students get (``assignments/``). The course
folder holds what comes in and what grading makes of it: ``submitted/<student>/<assignment>/``, ``autograded/``,
``feedback/``, ``results/`` and ``gradebook.db``. It is ``autograder/`` unless ``--course`` or AUTOGRADER_COURSE names
another.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_core.paths import jupyter_config_path
from nbformat import NotebookNode
from traitlets.config import Config, ConfigFileNotFound, JSONFileConfigLoader, PyFileConfigLoader

REPOSITORY = Path(__file__).resolve().parent.parent

CODE_STUB = "# Your code here.\nraise NotImplementedError"
TEXT_STUB = "*Your answer here.*"


class CourseError(Exception):
    """One sentence for a person: what is wrong and what to do about it. The command line shows it as it is."""


@dataclass(frozen=True)
class Course:
    """The folders of one course. ``root`` is the repository, ``folder`` the place where hand-ins and results lie."""

    root: Path
    folder: Path

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def assignments(self) -> Path:
        return self.root / "assignments"

    @property
    def submitted(self) -> Path:
        return self.folder / "submitted"

    @property
    def autograded(self) -> Path:
        return self.folder / "autograded"

    @property
    def feedback(self) -> Path:
        return self.folder / "feedback"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def gradebook(self) -> Path:
        return self.folder / "gradebook.db"

    def secret(self) -> str:
        """What goes into the seeds of hidden checks, made once a course folder and kept there, for its owner's eyes.

        The same secret, the same marks: move it along with the gradebook.
        """
        path = self.folder / "secret.txt"
        with contextlib.suppress(FileNotFoundError):
            return path.read_text(encoding="utf-8").strip()
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{(made := secrets.token_hex(16))}\n")
        return made

    def source_path(self, assignment: str) -> Path:
        """The notebook that an assignment is edited in. Raises CourseError for a name that does not exist."""
        names = self.assignment_names()
        if assignment not in names:
            near = difflib.get_close_matches(assignment, names, n=1, cutoff=0.4) or [
                n for n in names if assignment in n
            ]
            guess = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names) or 'none yet'}."
            raise CourseError(f"there is no assignment {assignment!r} in {self.solutions}: {guess}")
        return self.solutions / assignment / f"{assignment}.ipynb"

    def release_path(self, assignment: str) -> Path:
        return self.assignments / assignment / f"{assignment}.ipynb"

    def source(self, assignment: str) -> NotebookNode:
        """The source notebook, read. Raises CourseError where it is missing or is not a notebook."""
        path = self.source_path(assignment)
        try:
            return nbformat.read(path, as_version=4)
        except OSError as error:
            raise CourseError(f"{path} cannot be read ({error.strerror}): restore it or fix its permissions.") from None
        except Exception as error:  # nbformat raises many kinds for text that is no notebook
            raise CourseError(f"{path} is not a notebook ({first_line(error)}): restore it from git.") from None

    def assignment_names(self) -> list[str]:
        """Folders of ``solutions/`` that hold a notebook of their own name."""
        return sorted(path.parent.name for path in self.solutions.glob("*/*.ipynb") if path.stem == path.parent.name)


def find_course(folder: str | os.PathLike[str] | None = None, root: Path = REPOSITORY) -> Course:
    """The course whose hand-ins lie in ``folder``, else in AUTOGRADER_COURSE (from the root), else ``autograder/``."""
    chosen = Path(folder or root / (os.environ.get("AUTOGRADER_COURSE") or "autograder")).resolve()
    for path in (root, chosen):
        if odd := set(re.findall(r"[^\w./ @:,~-]", str(path))):
            # nbgrader uses its folders as glob and regular expression without escaping them
            raise CourseError(f"nbgrader cannot work in {path}: rename it without {' '.join(sorted(odd))}")
    return Course(root, chosen)


def nbgrader_settings(course: Course) -> Config:
    """Everything nbgrader has to know about this course; ``nbgrader_config.py`` and our own commands use the same."""

    def place(path: Path) -> str:
        return str(path.relative_to(course.root)) if path.is_relative_to(course.root) else str(path)

    c = Config()
    c.CourseDirectory.root = str(course.root)
    c.CourseDirectory.source_directory = "solutions"
    c.CourseDirectory.release_directory = "assignments"
    c.CourseDirectory.submitted_directory = place(course.submitted)
    c.CourseDirectory.autograded_directory = place(course.autograded)
    c.CourseDirectory.feedback_directory = place(course.feedback)
    c.CourseDirectory.solution_directory = place(course.folder / "solution")
    c.CourseDirectory.db_url = f"sqlite:///{course.gradebook}"

    c.ClearSolutions.code_stub = {"python": CODE_STUB}
    c.ClearSolutions.text_stub = TEXT_STUB

    # The examiner stands where nbgrader would run the notebook, tests and all, in the student's kernel.
    c.Autograde.autograde_preprocessors = [
        "autograder.classroom.gradebook.Examine",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.Autograde.exporter_class = "autograder.classroom.pages.CarefulExporter"
    c.GenerateFeedback.exporter_class = "autograder.classroom.pages.FeedbackExporter"
    c.GenerateFeedback.preprocessors = [
        "autograder.classroom.pages.Grades",
        "autograder.classroom.pages.DropHiddenTests",
    ]
    # Feedback and formgrader pages show what students wrote: markup in it is cleaned before a browser sees it.
    c.HTMLExporter.filters = {"markdown2html": "autograder.classroom.pages.safe_markdown"}
    c.ExportApp.plugin_class = "autograder.classroom.export.QuotedCsv"
    c.HTMLExporter.exclude_raw = True  # nbconvert puts raw cells into the page as they are

    c.ExecutePreprocessor.timeout = 300  # seconds a cell, for `nbgrader validate`: plain loops are a right answer
    return c


def grading_settings(course: Course) -> Config:
    """``nbgrader_settings`` and what the instructor set besides: a policy for late hand-ins, say.

    Read where nbgrader's own commands read it: nbgrader_config.py or .json in the course's root and in Jupyter's
    folders. Raises CourseError for one that can not be read.
    """
    settings = Config()
    for folder in [*reversed(jupyter_config_path()), str(course.root)]:
        for loader, ending in ((PyFileConfigLoader, "py"), (JSONFileConfigLoader, "json")):
            path = Path(folder) / f"nbgrader_config.{ending}"
            try:
                settings.merge(loader(path.name, path=folder).load_config())
            except ConfigFileNotFound:
                continue
            except Exception as error:
                raise CourseError(f"{path} cannot be read ({first_line(error)}): mend it.") from None
    settings.merge(nbgrader_settings(course))
    return settings


# --- what went wrong, in words ---------------------------------------------------------------------------------------

_CURES = {
    errno.ENOSPC: "the disk is full: free some space, and run the same command again",
    errno.EDQUOT: "your share of the disk is used up: free some space, and run the same command again",
    errno.EROFS: "this disk can only be read: name another course folder with --course",
    errno.ENAMETOOLONG: "the name is too long for this file system: shorten it",
    errno.ENOTDIR: "a file stands where a folder has to be: move it away",
    errno.EISDIR: "a folder stands where a file has to be: move it away",
    errno.EEXIST: "a file stands where a folder has to be: move it away",
    errno.EIO: "the disk answers with an error: look after it before anything else",
}

_DATABASE_CURES = {
    "locked": "the gradebook is in use: close the formgrader and other nbgrader commands, and run this again",
    "full": _CURES[errno.ENOSPC],
    "readonly": "the gradebook can only be read: fix its permissions and those of its folder",
    "unable to open": "the gradebook can not be opened: fix the permissions of it and of its folder",
    "disk I/O error": _CURES[errno.EIO],
    "malformed": "the gradebook is damaged: put a copy of it back",
    "not a database": "the gradebook is damaged, or is no gradebook: put a copy of it back",
}


def cannot_write(error: OSError, path: str | os.PathLike[str] = "a file") -> CourseError:
    """Why something could not be written, and what to do; ``path`` where the error does not name it."""
    cure = _CURES.get(error.errno or 0, "fix its permissions")
    name = os.fsdecode(error.filename or path)
    return CourseError(f"{plain(name)} cannot be written ({error.strerror or first_line(error)}): {cure}.")


def first_line(error: BaseException) -> str:
    """An exception as a few words that fit into a sentence; where its cause is known, with what to do about it."""
    lines = str(error).strip().splitlines()
    if isinstance(error, OSError) and error.errno in _CURES:
        return _CURES[error.errno]
    if hasattr(error, "orig") or type(error).__module__ == "sqlite3":
        for words, cure in _DATABASE_CURES.items():
            if lines and words in lines[0]:
                return cure
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def plain(text: str, limit: int = 400) -> str:
    """Text on one line without control characters, so that no hand-in steers a terminal; at most ``limit`` long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
