"""What is examined to prove an assignment's tests, and the examining: every answer in the real room, side by side."""

from __future__ import annotations

import ast
import random
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nbformat import NotebookNode
from tqdm import tqdm

from autograder.course import Course, CourseError
from autograder.exam import notebook
from autograder.exam.hall import GraderFailed, Hall
from autograder.exam.verdict import Verdict
from autograder.proof.answers import Answer, hand_in, read_answers, solution_cells, without_marks
from autograder.proof.mutants import Mutant, mutants
from autograder.proof.record import answers_folder
from autograder.proof.trivial import KINDS, made, python, trivial_answers

MUTANT_SECONDS = 20.0  # for one mutant's whole examination: one that hangs is caught by the clock
SECRETS = 3  # that marks must not depend on
_TRIES = 3  # of an examination that something else ends

REFERENCE, BLANK = "the reference", "the blank release"


@dataclass(frozen=True)
class Trivial:
    """The hand-in in which everything is answered by nothing of one kind."""

    kind: str


Subject = str | Path | Answer | Mutant | Trivial  # REFERENCE or BLANK, a file of right answers, one wrong answer, …


@dataclass(frozen=True)
class Trial:
    """One hand-in to examine."""

    subject: Subject
    answers: tuple[Answer, ...] = ()  # everything else in it is the reference's
    only: frozenset[str] | None = None  # the exercises to test; None: all
    secret: int = 0  # which one


@dataclass(frozen=True)
class Answers:
    """All that is written down about an assignment's tests."""

    right: dict[Path, list[Answer]]
    wrong: list[Answer]

    @classmethod
    def of(cls, course: Course, assignment: str, source: NotebookNode) -> Answers:
        """Read them. Raises CourseError where one is not in order or answers no exercise."""
        folder = answers_folder(course, assignment)
        right = {path: read_answers(path) for path in sorted((folder / "right").glob("*.py"))}
        wrong = [answer for path in sorted((folder / "wrong").glob("*.py")) for answer in read_answers(path)]
        hand_in(source, wrong + [answer for answers in right.values() for answer in answers])
        return cls(right, wrong)


def all_trials(source: NotebookNode, answers: Answers, seed: int, repeat: int = 1) -> list[Trial]:
    """Everything there is to try, what takes longest first.

    Right answers, the reference (``repeat`` times at least) and the blank release are tried under every secret, each
    other one under a secret that ``seed`` draws.
    """
    drawn = random.Random(seed)
    trials = [Trial(path, tuple(right), secret=i) for path, right in answers.right.items() for i in range(SECRETS)]
    trials += [Trial(REFERENCE, secret=i % SECRETS) for i in range(max(repeat, SECRETS))]
    trials += [Trial(BLANK, secret=i) for i in range(SECRETS)]
    trials += [trivial_trial(source, kind, drawn.randrange(SECRETS)) for kind in KINDS]
    trials += [one_cell_trial(source, answer, drawn.randrange(SECRETS)) for answer in answers.wrong]
    trials += [one_cell_trial(source, mutant, drawn.randrange(SECRETS)) for mutant in reference_mutants(source)]
    return trials


def trivial_trial(source: NotebookNode, kind: str, secret: int) -> Trial:
    return Trial(Trivial(kind), tuple(trivial_answers(source, kind)), secret=secret)


def one_cell_trial(source: NotebookNode, subject: Answer | Mutant, secret: int) -> Trial:
    """A wrong answer or a mutant: all exercises are tested that it can reach."""
    answer = subject
    if isinstance(subject, Mutant):
        answer = Answer(subject.exercise, "", subject.code, Path(subject.exercise), 1)
    assert isinstance(answer, Answer)
    return Trial(subject, (answer,), affected(source, answer.exercise, answer.code), secret)


def reference_mutants(source: NotebookNode) -> list[Mutant]:
    """Mutants of every solution cell, without nbgrader's marks."""
    found = []
    for name, cell in solution_cells(source).items():
        found += mutants(name, without_marks(cell.source))
    return found


def affected(source: NotebookNode, exercise: str, code: str) -> frozenset[str]:
    """Exercises whose marks can depend on one solution cell: those that use its names, or names that use them."""
    names = made(solution_cells(source)[exercise].source) | made(code)
    found, grown = {exercise}, True
    while grown:
        grown = False
        for cell in source.cells:
            role, name = notebook.role(cell), notebook.grade_id(cell)
            if cell.cell_type != "code" or not role or not names & _used(cell.source):
                continue
            new = {name.removeprefix("test_")} if role == "test" else {name} if role == "solution" else set()
            more = set() if role == "test" else made(cell.source)  # a test's names end with it
            grown = grown or not (new <= found and more <= names)
            found |= new
            names |= more
    return frozenset(found)


@cache
def _used(code: str) -> set[str]:
    names = [node for node in ast.walk(ast.parse(python(code))) if isinstance(node, ast.Name)]
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


# --- trying it -------------------------------------------------------------------------------------------------------


def examine_all(
    course: Course,
    assignment: str,
    trials: Sequence[Trial],
    secrets: Sequence[str],
    *,
    jobs: int,
    walls: bool,
    progress: bool,
) -> list[tuple[Trial, Verdict]]:
    """Every trial with its verdict, in the order of the trials; they are started in that order too."""
    source, shipped = course.source(assignment), course.source_path(assignment).parent
    verdicts: dict[int, Verdict] = {}
    with ExitStack() as stack:
        bar = tqdm(total=len(trials), desc=f"proving {assignment}", unit="answer", disable=not progress)
        stack.enter_context(bar)
        used = {trial.secret for trial in trials}
        halls = {
            i: stack.enter_context(Hall(source, walls=walls, secret=secrets[i], shipped=shipped)) for i in sorted(used)
        }
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        running: dict[Future[Verdict], int] = {
            pool.submit(_examine, halls[trial.secret], source, assignment, trial): i for i, trial in enumerate(trials)
        }
        try:
            for done in as_completed(running):
                verdicts[running[done]] = done.result()
                bar.update()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return [(trial, verdicts[i]) for i, trial in enumerate(trials)]


def _examine(hall: Hall, source: NotebookNode, assignment: str, trial: Trial) -> Verdict:
    is_mutant = isinstance(trial.subject, Mutant)
    whole = isinstance(trial.subject, str | Path) and trial.secret == 0  # pictures need to be drawn once only
    data = hand_in(source, trial.answers, blank=trial.subject == BLANK, bare=not whole)
    for tries in range(1, _TRIES + 1):
        try:
            verdict, _ = hall.examine(
                data,
                student="proving",
                assignment=assignment,
                only=trial.only,
                stop_at_first_failure=is_mutant,
                total_seconds=MUTANT_SECONDS if is_mutant else None,
            )
            return verdict
        except GraderFailed as error:
            if tries == _TRIES:
                raise CourseError(f"an examination was ended ({error}): if memory is short, try --jobs 1.") from None
    raise AssertionError
