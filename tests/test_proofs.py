"""Every assignment's checks are proved, and its sample class gets the marks it deserves: all that there are."""

from __future__ import annotations

import os
import secrets
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.course import find_course
from autograder.exam.hall import Hall
from autograder.exam.walls import find_walls
from autograder.proof.proving import probe
from autograder.proof.sample_class import classes, notebook_of, people

COURSE = find_course()
WALLS = find_walls() is None
SEED = int(os.environ.get("PROOF_SEED") or secrets.randbelow(10**6))  # another tenth and another secret each time


@pytest.mark.parametrize("assignment", COURSE.assignment_names())
def test_the_checks_are_proved(assignment: str) -> None:
    members = people(assignment) if assignment in classes() else []
    below = frozenset(person.right for person in members if person.whole_right_answer)  # examined in the next test
    proof = probe(COURSE, assignment, seed=SEED, elsewhere=below, walls=WALLS, progress=False)
    for remark in proof.remarks:
        warnings.warn(f"{assignment}: {remark}", stacklevel=1)
    assert proof.ok, f"(PROOF_SEED={SEED} tries the same again)\n{proof.table()}"


@pytest.mark.parametrize("assignment", classes())
def test_each_of_the_sample_class_gets_what_honest_code_deserves(assignment: str) -> None:
    source = COURSE.source(assignment)
    members = people(assignment)
    shipped = COURSE.source_path(assignment).parent
    with Hall(source, walls=WALLS, secret=str(SEED), shipped=shipped) as hall, ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(
                hall.examine, notebook_of(person, source, assignment), student=person.student, assignment=assignment
            )
            for person in members
        ]
        verdicts = [done.result()[0] for done in running]
    for person, verdict in zip(members, verdicts, strict=True):
        low, high = person.expected
        marks = [(exercise.grade_id, exercise.earned) for exercise in verdict.exercises]
        assert low <= verdict.earned <= high, (f"PROOF_SEED={SEED}", person.student, marks)
        assert not person.whole_right_answer or low == verdict.points, f"{person.student} is right: expected is too low"
