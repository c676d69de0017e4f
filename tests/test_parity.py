"""Promise 3: the same check cell gives the same verdict in the student's own Lab and in the examiner.

Every check of every assignment's reference and right answers, and of the three toy assignments', runs both ways, and so
does a sample of the wrong answers. What must agree: passed or not, points, message.

    PARITY=all         every wrong answer instead of a sample
    PARITY_SEED=123    the sample of a run before (its seed is printed)
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import toys
from lab_kernel import KERNEL_DIED, ROOT, LabExercise, LabKernel, Seen, cells
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course import find_course
from autograder.exam.hall import Hall
from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict
from autograder.proof.answers import Answer, hand_in, read_answers
from autograder.proof.trials import affected

SAMPLE = 4  # wrong answers of each assignment, unless PARITY=all
COURSE = find_course()
SUBJECTS = [*toys.NAMES, *COURSE.assignment_names()]
#: What a check says whose room was lost: the Lab has its own words for that, or none.
LOST_ROOM = re.compile(r"did not end within|ended its own process|was stopped|^not run|used up its \d+ s")


@dataclass(frozen=True)
class Subject:
    """One hand-in that runs both ways: ``only`` these exercises' checks (all if None)."""

    title: str
    answers: tuple[Answer, ...] = ()
    only: frozenset[str] | None = None


def subjects(name: str, seed: int) -> tuple[NotebookNode, list[Subject]]:
    """A source notebook with the hand-ins that are tried on it."""
    if name in toys.NAMES:
        toy = toys.read(name)
        source, right, wrong = toy.source, toy.right, list(toy.wrong)
    else:
        source, folder = COURSE.source(name), COURSE.root / "autograder" / "answers" / name
        right = {path.stem: tuple(read_answers(path)) for path in sorted(folder.glob("right/*.py"))}
        wrong = [answer for path in sorted(folder.glob("wrong/*.py")) for answer in read_answers(path)]
    if os.environ.get("PARITY") != "all":
        wrong = random.Random(seed).sample(wrong, min(SAMPLE, len(wrong)))
    found = [Subject("the reference"), *(Subject(f"right answer {title}", a) for title, a in right.items())]
    for answer in wrong:
        only = affected(source, answer.exercise, answer.code)
        found.append(Subject(f"{answer.exercise} | {answer.title}", (answer,), only))
    return source, found


@pytest.fixture(scope="module")
def lab() -> Iterator[LabKernel]:
    with LabKernel() as lab:
        yield lab


@pytest.fixture(scope="module")
def seed() -> int:
    return int(os.environ.get("PARITY_SEED") or random.SystemRandom().randrange(10**6))


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_same_verdict_in_lab_and_graded(name, lab, seed, capsys):
    source, tried = subjects(name, seed)
    found, checks = [], 0
    with Hall(source) as hall, ThreadPoolExecutor(2) as pool:

        def graded(subject: Subject) -> Verdict:
            data = hand_in(source, subject.answers, bare=subject.only is not None)
            return hall.examine(data, student="parity", assignment=name, only=subject.only)[0]

        verdicts = pool.map(graded, tried)
        for subject, verdict in zip(tried, verdicts, strict=True):
            seen = lab.run(cells(source, subject.answers, subject.only, bare=subject.only is not None))
            checks += sum(len(exercise.checks) for exercise in seen)
            found += [f"{subject.title}: {line}" for line in differences(seen, verdict, name not in toys.NAMES)]
            found += [f"{subject.title}: {line}" for line in surprises(subject, seen)]
    said = f"{name}: {len(tried)} hand-ins, {checks} checks, {len(found)} differences (PARITY_SEED={seed})"
    with capsys.disabled():
        print(f"\n{said}")
    if found:
        pytest.fail("\n".join([said, *found]), pytrace=False)


def surprises(subject: Subject, seen: list[LabExercise]) -> list[str]:
    """A right answer that loses points in Lab; a wrong one that is not caught by a check that is meant for it."""
    lost = {check.name: check.message for exercise in seen for check in exercise.checks if not check.passed}
    if subject.only is None:
        return [f"loses points in its own Lab, in {name!r}: {message}" for name, message in lost.items()]
    meant = {name for answer in subject.answers for name in answer.caught_by}
    died = any(exercise.note == KERNEL_DIED for exercise in seen)
    return [] if died or meant & lost.keys() else [f"is not caught in Lab by {meant}, but by {lost or 'nothing'}"]


# --- the comparison --------------------------------------------------------------------------------------------------


def differences(lab: list[LabExercise], verdict: Verdict, numbers: bool = True) -> list[str]:
    """What the Lab and the examiner do not agree on, a line for each check. Nothing after a dead kernel is compared.

    numbers  whether messages have to agree in their numbers too: not where hand-ins draw from global generators, which
             they share with the checks in Lab and have to themselves when graded
    """
    graded = {exercise.grade_id: exercise for exercise in verdict.exercises}
    found = []
    for exercise in lab:
        theirs = graded.get(exercise.grade_id)
        if theirs is None:
            found.append(f"{exercise.grade_id} was not graded")
        elif exercise.note == KERNEL_DIED:
            if theirs.earned == theirs.points:
                found.append(f"{exercise.grade_id} has full marks; in Lab the kernel died")
        else:
            found += _of_one_exercise(exercise, theirs, numbers)
    return found


def _of_one_exercise(lab: LabExercise, graded: ExerciseResult, numbers: bool) -> list[str]:
    found = []
    if bool(lab.note) != bool(graded.note):
        found.append(f"{lab.grade_id} ended in Lab with {lab.note!r}, graded with {graded.note!r}")
    ours, theirs = {c.name: c for c in lab.checks}, {c.name: c for c in graded.checks}
    for name in ours | theirs:
        if name not in ours or name not in theirs:
            found.append(f"{lab.grade_id}: {name!r} ran only {'graded' if name in theirs else 'in Lab'}")
        elif line := _of_one_check(ours[name], theirs[name], numbers):
            found.append(f"{lab.grade_id}: {name!r} {line}")
    return found


def _of_one_check(lab: Seen, graded: CheckResult, numbers: bool) -> str:
    if lab.passed != graded.passed:
        return f"{_verdict(lab)} in Lab ({lab.message}), {_verdict(graded)} graded ({graded.message})"
    if lab.stopped or LOST_ROOM.search(graded.message):
        return ""
    if abs(lab.earned - graded.earned) > 1e-9:
        return f"earns {lab.earned:g} in Lab, {graded.earned:g} graded"
    if _plain(lab.message, numbers) != _plain(graded.message, numbers):
        return f"says in Lab: {lab.message}\n    and graded: {graded.message}"
    return ""


def _verdict(check: Seen | CheckResult) -> str:
    return "passes" if check.passed else "fails"


def _plain(message: str, numbers: bool) -> str:
    """Without where it was raised: in Lab a line of a function, graded a line of a cell."""
    message = re.sub(r" \(line \d+ of [^()]*\)", "", message)
    if numbers:
        return message
    message = re.sub(r" \(\d+ of \d+ values are off\)", "", message)
    return re.sub(r"-?\b\d+(\.\d+)?(e[+-]?\d+)?", "#", message)


# --- tests of the comparison and of the Lab --------------------------------------------------------------------------

CHECKS = """exercise = Exercise("double", points=4)
with exercise.check("two", points=1):
    assert_close(double(2), 4, "double(2)")
with exercise.check("in a second", points=1, seconds=1):
    assert double(3) == 6
### BEGIN HIDDEN TESTS
with exercise.check("half", points=2) as t:
    t.scale(double(0.5), none=0, full=1)
### END HIDDEN TESTS
exercise.score()"""
DOUBLE = "def double(x):\n    return 2 * x"


def in_lab(lab: LabKernel, code: str, checks: str = CHECKS) -> list[LabExercise]:
    return lab.run([("", "from convnets.checks import Exercise, assert_close"), ("", code), ("test_double", checks)])


def as_graded(exercise: LabExercise, **changes: object) -> Verdict:
    """The verdict of an examiner that saw what the Lab saw, but for ``changes`` of its first check."""
    checks = [CheckResult(c.name, 1, c.earned, c.passed, False, c.message) for c in exercise.checks]
    for name, value in changes.items():
        setattr(checks[0], name, value)
    return Verdict("toy", "s", [ExerciseResult(exercise.grade_id, 4, checks, exercise.note)])


def test_the_lab_runs_hidden_checks_and_gives_partial_credit(lab):
    (exercise,) = in_lab(lab, DOUBLE.replace("2 *", "1.5 *"))
    assert [(c.name, c.passed, c.earned) for c in exercise.checks] == [
        ("two", False, 0),
        ("in a second", False, 0),
        ("half", False, 1.5),
    ]
    assert exercise.checks[0].message == "double(2) is 3, expected 4"


def test_each_hand_in_has_a_kernel_of_its_own(lab):
    in_lab(lab, f"{DOUBLE}\nimport convnets.checks\nconvnets.checks.assert_close = None\nfrom_before = 1")
    (exercise,) = in_lab(lab, f"{DOUBLE}\nassert 'from_before' not in globals()")
    assert [c.passed for c in exercise.checks] == [True] * 3


def test_a_check_that_hangs_in_lab_is_stopped_and_the_next_one_runs(lab):
    (exercise,) = in_lab(lab, "def double(x):\n    while x == 3:\n        pass\n    return 2 * x")
    assert [(c.passed, c.stopped) for c in exercise.checks] == [(True, False), (False, True), (True, False)]
    stopped = as_graded(exercise)
    stopped.exercises[0].checks[1].message = "the code did not end within 1 s and was stopped"
    assert differences([exercise], stopped) == []


def test_a_kernel_that_dies_in_lab_ends_the_comparison_there(lab):
    (exercise,) = in_lab(lab, "def double(x):\n    import os\n    os._exit(1)")
    assert exercise.note == KERNEL_DIED
    lost = Verdict("toy", "s", [ExerciseResult("test_double", 4, [])])
    assert differences([exercise], lost) == []
    full = Verdict("toy", "s", [ExerciseResult("test_double", 4, [CheckResult("two", 4, 4, True, False)])])
    assert differences([exercise], full) == ["test_double has full marks; in Lab the kernel died"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"passed": True}, "fails in Lab (double(2) is 3, expected 4), passes graded"),
        ({"earned": 0.5}, "earns 0 in Lab, 0.5 graded"),
        ({"message": "double(2) is 5, expected 4"}, "and graded: double(2) is 5"),
        ({"message": "double(2) is 3, expected 4 (line 1 of the cell double)"}, ""),
        ({"name": "three"}, "'two' ran only in Lab"),
    ],
    ids=["none", "passed", "points", "message", "place", "name"],
)
def test_every_kind_of_difference_is_seen(lab, changes, said):
    (exercise,) = in_lab(lab, DOUBLE.replace("2 *", "1.5 *"))
    found = differences([exercise], as_graded(exercise, **changes))
    assert said in found[0] if said else not found


def test_an_error_outside_of_checks_and_an_exercise_that_was_not_graded_are_differences(lab):
    (exercise,) = in_lab(lab, DOUBLE, CHECKS.replace("exercise.score()", "undefined"))
    assert "NameError" in exercise.note
    assert len(exercise.checks) == 3
    graded = as_graded(exercise)
    assert differences([exercise], graded) == []
    graded.exercises[0].note = ""
    assert "ended in Lab with" in differences([exercise], graded)[0]
    assert differences([exercise], Verdict("toy", "s")) == ["test_double was not graded"]


@pytest.mark.parametrize("name", toys.NAMES)
def test_a_toy_has_many_checks_and_enough_answers(name):
    toy = toys.read(name)
    tests = [cell.source for cell in toy.source.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert sum(code.count("exercise.check(") for code in tests) >= 25
    assert len(toy.right) >= 2
    assert len(toy.wrong) >= 8


def test_the_lab_says_what_a_jupyter_kernel_says(lab):
    """The same cells through nbclient: a line for each check."""
    toy = toys.read("engine")
    wrong = next(answer for answer in toy.wrong if answer.title == "a repeated index counts once")
    chosen = cells(toy.source, [wrong])
    notebook = new_notebook(cells=[new_code_cell(code) for _, code in chosen])
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(env=environment)
    printed = "\n".join(out.text for cell in notebook.cells for out in cell.outputs if out.output_type == "stream")
    seen = {line[2:].rpartition("  (")[0]: line[0] == "✓" for line in printed.splitlines() if line[:2] in ("✓ ", "✗ ")}
    assert seen == {check.name: check.passed for exercise in lab.run(chosen) for check in exercise.checks}
    assert list(seen.values()).count(False) >= 1
