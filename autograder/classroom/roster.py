"""What gradebook and folders say about a class beside its verdicts: lateness, marks by hand, where things lie, who is
missing."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from nbgrader.api import MissingEntry

from autograder.classroom.gradebook import is_written, open_gradebook
from autograder.classroom.handins import hand_in_folder, without_hand_in
from autograder.course import Course


@dataclass
class Entry:
    """One student's line.

    late, penalty  seconds after the due date, and points taken off for it
    by_hand        points that a person gave: for written answers, and in place of what the tests gave
    waiting        cells that a person still has to mark
    hand_in, page  addresses of the hand-in and of the feedback page, from the report on; empty where there is none
    """

    late: float = 0.0
    penalty: float = 0.0
    by_hand: float | None = None
    waiting: int = 0
    hand_in: str = ""
    page: str = ""


@dataclass
class Roster:
    """The class. ``absent`` are those who handed nothing in: known to the gradebook, or with an empty folder."""

    entries: dict[str, Entry] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)


def roster(course: Course, assignment: str) -> Roster:
    """Read it all. An assignment that the gradebook does not know has no entries."""
    found = Roster()
    with open_gradebook(course) as gradebook:
        known = {student.id for student in gradebook.students}
        with suppress(MissingEntry):
            for submission in gradebook.assignment_submissions(assignment):
                grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
                given = [grade for grade in grades if grade.manual_score is not None]
                entry = found.entries[submission.student.id] = Entry(late=float(submission.total_seconds_late or 0))
                entry.penalty = float(submission.late_submission_penalty or 0)
                entry.by_hand = sum(float(grade.manual_score) for grade in given) if given else None
                entry.waiting = sum(bool(grade.needs_manual_grade) for grade in grades)
                if any(is_written(grade) for grade in grades) and entry.by_hand is None and not entry.waiting:
                    entry.by_hand = 0.0
    for student, entry in found.entries.items():
        entry.hand_in, entry.page = _addresses(course, student, assignment)
    empty = set(without_hand_in(course, assignment))
    found.absent = sorted(empty | (known - found.entries.keys()))
    return found


def _addresses(course: Course, student: str, assignment: str) -> tuple[str, str]:
    folder = hand_in_folder(course, student, assignment)
    places = [folder / f"{assignment}.ipynb", folder.parent / f"{assignment}.ipynb", folder, folder.parent]
    page = course.feedback / student / assignment / f"{assignment}.html"
    here = course.results / assignment
    return _address(here, next((p for p in places if p.exists()), None)), _address(
        here, page if page.exists() else None
    )


def _address(here: Path, target: Path | None) -> str:
    return quote(os.fsencode(os.path.relpath(target, here))) if target is not None else ""
