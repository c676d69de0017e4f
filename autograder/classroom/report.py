"""What a class did, for its instructor: a table of marks with a reason each, and one page that stands alone.

All text that comes from hand-ins is escaped on the page and stripped of control characters in the terminal.
"""

from __future__ import annotations

import shutil
import statistics
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from autograder.classroom.batch import failed
from autograder.classroom.roster import Entry, Roster
from autograder.course import plain
from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict

_PAGE = Path(__file__).with_name("report.html")
LOOKS = 4  # reasons to look that are shown for one hand-in
NOT_WRITTEN = "not written yet"  # what convnets.checks says of a stub


def reason(verdict: Verdict) -> str:
    """Why the mark is what it is, in one line: problems with the hand-in first, then what cost the most."""
    parts = [plain(problem, 150) for problem in verdict.problems[:2]]
    if (more := len(verdict.problems) - 2) > 0:
        parts.append(f"and {more} more problem{'s' * (more > 1)}")
    if verdict.problems and verdict.earned == 0 and all(_is_absent(c) for e in verdict.exercises for c in e.checks):
        return "; ".join(parts)
    blank = [e for e in verdict.exercises if e.checks and all(NOT_WRITTEN in c.message for c in e.checks)]
    lost = [e for e in verdict.exercises if e.earned < e.points and e not in blank]
    if blank and len(blank) == len(verdict.exercises):
        parts.append("nothing is written: every exercise is as it was handed out")
    elif blank:
        parts.append(f"not written: {', '.join(_name(e) for e in blank)}")
    lost.sort(key=lambda e: e.earned - e.points)
    shown = 1 if verdict.problems else 2
    parts += [_loss(exercise) for exercise in lost[:shown]]
    if rest := lost[shown:]:
        parts.append(f"−{sum(e.points - e.earned for e in rest):g} in {', '.join(_name(e) for e in rest)}")
    return "; ".join(parts) or "every check passed"


def _is_absent(check: CheckResult) -> bool:
    return NOT_WRITTEN in check.message or "is not defined" in check.message


def _name(exercise: ExerciseResult) -> str:
    return exercise.grade_id.removeprefix("test_")


def _loss(exercise: ExerciseResult) -> str:
    first = next((c for c in exercise.checks if not c.passed), None)  # the later ones often fail because of it
    said = exercise.note or (f"{first.name}: {first.cause or first.message}" if first else "not examined")
    return f"−{exercise.points - exercise.earned:g} in {_name(exercise)} ({plain(said, 90)})"


# --- in the terminal -------------------------------------------------------------------------------------------------


def marks_table(verdicts: list[Verdict]) -> str:
    """The marks of a class with a reason each, as aligned text, and a line that sums up."""
    width = min(shutil.get_terminal_size((120, 24)).columns, 140)
    names = [plain(verdict.student, 24) for verdict in verdicts]
    column = max(len("student"), *map(len, names))
    lines = [f"{'student':<{column}}  {'mark':>10}  reason"]
    for name, verdict in zip(names, verdicts, strict=True):
        mark = f"{verdict.earned:g} / {verdict.points:g}"
        head = f"{name:<{column}}  {mark:>10}{'?' if failed(verdict) else '!' if verdict.look else ' '} "
        room = max(width - len(head), 40)
        wrapped = textwrap.wrap(reason(verdict), room, break_on_hyphens=False) or [""]
        for said in _looks(verdict):
            wrapped += textwrap.wrap(f"look: {said}", room, break_on_hyphens=False, subsequent_indent="  ")
        lines.append(head + wrapped[0])
        lines += [" " * len(head) + line for line in wrapped[1:]]
    marks = [verdict.earned for verdict in verdicts]
    points = max(verdict.points for verdict in verdicts)
    summary = f"{_count(len(verdicts), 'hand-in')}; half have {statistics.median(marks):g} or more of {points:g}"
    ends = [f"{summary}. Written answers are marked by hand and come on top."]
    if looks := sum(bool(verdict.look) and not failed(verdict) for verdict in verdicts):
        ends.append(
            f"! {looks} need{'s' * (looks == 1)} a look before the mark goes out: the formgrader lists them too."
        )
    return "\n".join([*lines, "", *ends])


def _looks(verdict: Verdict) -> list[str]:
    """Why a person should look at it, without what the reason says already."""
    said = [plain(look, 300) for look in verdict.look]
    more = [f"and {len(said) - LOOKS} more"] if len(said) > LOOKS else []
    return [look for look in said[:LOOKS] if look not in reason(verdict)] + more


def exercise_table(verdict: Verdict, hints: int) -> str:
    """One's own verdict, exercise by exercise, with what was seen and the first ``hints`` hints of what failed."""
    lines = [f"! {plain(problem)}" for problem in verdict.problems]
    for exercise in verdict.exercises:
        lines += ["", f"{_name(exercise)}  {exercise.earned:g} of {exercise.points:g} points"]
        lines += [f"  {plain(exercise.note)}"] if exercise.note else []
        for check in exercise.checks:
            lines += _check_lines(check, hints)
    return "\n".join([*lines, "", f"all together: {verdict.earned:g} of {verdict.points:g} points"])


def _check_lines(check: CheckResult, hints: int) -> list[str]:
    mark = "✓" if check.passed else "✗"
    lines = [f"  {mark} {check.name}  ({check.earned:g}/{check.points:g}){'  hidden' if check.hidden else ''}"]
    if not check.passed:
        said = check.cause if check.hidden else check.message
        lines += textwrap.wrap(plain(said), 100, initial_indent=" " * 6, subsequent_indent=" " * 6)
        for hint in check.hints[:hints]:
            lines += textwrap.wrap(f"hint: {hint}", 100, initial_indent=" " * 6, subsequent_indent=" " * 8)
    return lines


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


# --- as a page -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """How one exercise, or one check of it, went: points earned by the class as a share, and who passed."""

    exercise: str
    name: str
    points: float
    share: float
    passed: int
    of: int
    hidden: bool = False
    causes: tuple[str, ...] = ()

    @property
    def failures(self) -> int:
        return self.of - self.passed


def tallies(verdicts: list[Verdict]) -> tuple[list[Tally], list[Tally]]:
    """Exercises in their order, and checks with the most-failed first, among those who wrote the exercise.

    Provisional verdicts do not count.
    """
    exercises: dict[str, list[ExerciseResult]] = {}
    checks: dict[tuple[str, str], list[CheckResult]] = {}
    counted = [verdict for verdict in verdicts if not failed(verdict)]
    for verdict in counted:
        for exercise in verdict.exercises:
            exercises.setdefault(_name(exercise), []).append(exercise)
            tried = not all(_is_absent(check) for check in exercise.checks)
            for check in exercise.checks if tried else []:
                checks.setdefault((_name(exercise), check.name), []).append(check)

    def share(results: list[ExerciseResult] | list[CheckResult]) -> float:
        return sum(r.earned for r in results) / max(sum(r.points for r in results), 1e-9)

    by_exercise = [
        Tally(name, name, found[0].points, share(found), sum(e.earned >= e.points for e in found), len(found))
        for name, found in exercises.items()
    ]
    by_check = []
    for (of, name), tried_by in checks.items():
        said = Counter(plain(c.cause or c.message, 160) for c in tried_by if not c.passed and (c.cause or c.message))
        causes = tuple(f"{text} ({times}×)" if times > 1 else text for text, times in said.most_common(3))
        first, passed = tried_by[0], sum(c.passed for c in tried_by)
        by_check.append(Tally(of, name, first.points, share(tried_by), passed, len(tried_by), first.hidden, causes))
    return by_exercise, sorted(by_check, key=lambda tally: (-tally.failures, tally.of))


def class_page(assignment: str, verdicts: list[Verdict], roster: Roster | None = None) -> str:
    """One self-contained HTML page about a class: what needs a look, distribution, exercises, checks, everyone.

    roster  lateness, marks by hand, links, and who handed nothing in; left out of the page without it
    """
    by_exercise, by_check = tallies(verdicts)
    marks = [verdict.earned for verdict in verdicts if not failed(verdict)]
    points = max((verdict.points for verdict in verdicts), default=0.0)
    figures = []
    if marks and points:
        from autograder.classroom.figures import distribution, exercises  # matplotlib: only where it is needed

        figures += [distribution(marks, points), exercises(by_exercise)]
    roster = roster or Roster()
    rows = [_row(v, roster.entries.get(v.student, Entry())) for v in sorted(verdicts, key=_first_to_look_at)]
    environment = verdicts[0].environment if verdicts else {}
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_PAGE.read_text("utf-8"))
    return page.render(
        assignment=assignment,
        facts=_facts(marks, points, verdicts, roster),
        figures=figures,
        checks=[tally for tally in by_check if tally.failures],
        top=12,
        rows=rows,
        columns={name for name in ("by_hand", "late") if any(row[name] for row in rows)},
        absent=[plain(student, 80) for student in roster.absent],
        environment=", ".join(f"{key} {value}" for key, value in environment.items()),
    )


def _first_to_look_at(verdict: Verdict) -> tuple[bool, bool, float, str]:
    return not failed(verdict), not verdict.look, -verdict.earned, verdict.student


def _row(verdict: Verdict, entry: Entry) -> dict[str, object]:
    by_hand = f"{entry.by_hand:g}" if entry.by_hand is not None else ""
    waiting = f"{entry.waiting} to mark" if entry.waiting else ""
    late = _duration(entry.late) if entry.late > 0 else ""
    return {
        "student": plain(verdict.student, 80),
        "earned": verdict.earned,
        "points": verdict.points,
        "provisional": failed(verdict),
        "look": [] if failed(verdict) else _looks(verdict),
        "needs_a_look": bool(verdict.look) or failed(verdict),
        "share": verdict.earned / verdict.points if verdict.points else 0.0,
        "reason": reason(verdict),
        "by_hand": ", ".join(filter(None, [by_hand, waiting])),
        "late": f"{late}, −{entry.penalty:g}" if entry.penalty else late,
        "hand_in": entry.hand_in,
        "page": entry.page,
    }


def _duration(seconds: float) -> str:
    minutes = max(round(seconds / 60), 1)
    if minutes < 120:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{round(minutes / 1440)} days"


def _facts(marks: list[float], points: float, verdicts: list[Verdict], roster: Roster) -> list[tuple[str, str]]:
    facts = [("hand-ins", str(len(verdicts)))]
    if marks:
        facts += [("median", f"{statistics.median(marks):g} of {points:g}")]
        facts += [("mean", f"{statistics.mean(marks):.1f}")]
        facts += [("full marks", str(sum(mark >= points for mark in marks)))]
        facts += [("zero", str(sum(mark == 0 for mark in marks)))]
    if provisional := len(verdicts) - len(marks):
        facts += [("grader errors", f"{provisional}: look at these first")]
    if looks := sum(bool(verdict.look) and not failed(verdict) for verdict in verdicts):
        facts += [("need a look", str(looks))]
    if late := sum(entry.late > 0 for entry in roster.entries.values()):
        facts += [("late", str(late))]
    if waiting := sum(entry.waiting > 0 for entry in roster.entries.values()):
        facts += [("to mark by hand", str(waiting))]
    if roster.absent:
        facts += [("handed nothing in", str(len(roster.absent)))]
    return facts
