"""Tests of the tests: right answers get full marks, wrong ones lose them in the check that should see it.

An assignment's tests are proved by examining, in the real room, the reference and the blank release, everything in
``answers/<assignment>/right`` and ``answers/<assignment>/wrong``, and mutants of the reference. Mutants that no test
can tell from the reference are listed with the reason in ``answers/<assignment>/wrong/equivalent_mutants.toml``::

    [[mutant]]
    exercise = "affine"
    before = "flat = x.reshape(len(x), -1)"
    after = "flat = x.reshape(len(x), -2)"
    reason = "reshape takes any negative number for the one to be found out"
"""

from __future__ import annotations

import ast
import copy
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from autograder.course import Course, CourseError
from autograder.exam import examiner, notebook
from autograder.exam.verdict import CheckResult, Verdict
from autograder.proof.answers import Answer, hand_in, read_answers, solution_cells, without_marks
from autograder.proof.mutants import Mutant, mutants

WRONG_ANSWERS = 8  # at least, for every exercise
RIGHT_ANSWERS = 3  # at least, complete ones in different styles
CAUGHT = 0.95  # of the mutants, at least
MUTANT_SECONDS = 20.0  # for one mutant's whole examination: one that hangs is caught by the clock

Argued = dict[tuple[str, str, str], str]  # a mutant's key -> why no test can tell it from the reference
REFERENCE, BLANK = "the reference", "the blank release"
Subject = str | Path | Answer | Mutant  # one of the two above, a file of right answers, one wrong answer, a mutant


@dataclass
class Tally:
    """One exercise's row of the final table."""

    wrong: int = 0
    wrong_caught: int = 0
    mutants: int = 0
    mutants_caught: int = 0


@dataclass
class Proof:
    """What was found. ``faults`` are sentences; the tests are proved when there is none."""

    assignment: str
    faults: list[str] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    equivalent: Argued = field(default_factory=dict)  # the mutants that survive, with the reason
    right: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.faults

    def table(self) -> str:
        """Caught and missed for each exercise, then every fault."""
        width = max(map(len, self.tallies), default=8)
        lines = [f"{'exercise':{width}}  wrong answers caught  mutants caught"]
        total = Tally()
        for name, tally in [*self.tallies.items(), ("all", total)]:
            if tally is not total:
                for column in vars(tally):
                    setattr(total, column, getattr(total, column) + getattr(tally, column))
            share = f"{tally.mutants_caught / tally.mutants:.1%}" if tally.mutants else "-"
            wrong, killed = f"{tally.wrong_caught}/{tally.wrong}", f"{tally.mutants_caught}/{tally.mutants}"
            lines.append(f"{name:{width}}  {wrong:>20}  {killed:>14}  {share:>6}")
        argued = f"{len(self.equivalent)} mutants argued equivalent"
        lines.append(f"{self.right} right answers; {argued}; {self.seconds:.0f} s")
        lines += [f"✗ {fault}" for fault in self.faults]
        lines.append(f"{self.assignment}: {'proved' if self.ok else f'{len(self.faults)} faults'}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Trial:
    """One hand-in to examine: in ``stages``, each a set of exercises (None: all), until one of them loses points."""

    subject: Subject
    answers: tuple[Answer, ...] = ()  # everything else in it is the reference's
    stages: tuple[frozenset[str] | None, ...] = (None,)


def prove(
    course: Course, assignment: str, *, jobs: int = 2, repeat: int = 3, walls: bool = True, progress: bool = True
) -> Proof:
    """Prove one assignment's tests; print nothing but the progress bar.

    jobs    examinations that run side by side
    repeat  times that the reference is graded; all marks must be the same (50 before a release takes a while)
    walls   False examines without a jail: for machines that have none; all that runs is our own
    Raises CourseError where the assignment or one of its answers files is not in order.
    """
    started = time.monotonic()
    source = course.source(assignment)
    proof = Proof(assignment, tallies={name: Tally() for name in solution_cells(source)})
    folders = [course.root / "autograder" / "answers" / assignment / kind for kind in ("right", "wrong")]
    right = {path: read_answers(path) for path in sorted(folders[0].glob("*.py"))}
    wrong = [answer for path in sorted(folders[1].glob("*.py")) for answer in read_answers(path)]
    argued = read_equivalents(folders[1] / "equivalent_mutants.toml")

    hand_in(source, wrong + [answer for answers in right.values() for answer in answers])  # raises if one fits nowhere

    trials = [Trial(path, tuple(answers)) for path, answers in right.items()]
    trials += [Trial(REFERENCE)] * max(repeat, 1) + [Trial(BLANK)]
    trials += [Trial(answer, (answer,), (affected(source, answer.exercise, answer.code),)) for answer in wrong]
    trials += [_mutant_trial(source, mutant) for mutant in reference_mutants(source)]
    results = _examine_all(source, assignment, trials, jobs, walls, progress)

    references = [verdict for trial, verdict in results if trial.subject == REFERENCE]
    for trial, verdict in results:
        _judge(proof, trial.subject, verdict, references[0], argued)
    if len({_marks(verdict) for verdict in references}) > 1:
        proof.faults.append(f"the reference, graded {len(references)} times, did not always get the same marks")
    for path, answers in right.items():
        missing = proof.tallies.keys() - {answer.exercise for answer in answers}
        proof.faults += [f"right answer {path.name} has no {name}" for name in sorted(missing)]
    proof.faults += _faults_of_the_whole(proof, argued)
    proof.seconds = time.monotonic() - started
    return proof


# --- what is tried ---------------------------------------------------------------------------------------------------


def reference_mutants(source: NotebookNode) -> list[Mutant]:
    """Mutants of every solution cell, without nbgrader's marks."""
    found = []
    for name, cell in solution_cells(source).items():
        found += mutants(name, without_marks(cell.source))
    return found


def _mutant_trial(source: NotebookNode, mutant: Mutant) -> Trial:
    answer = Answer(mutant.exercise, "", mutant.code, Path(mutant.exercise), 1)
    own = frozenset([mutant.exercise])
    others = affected(source, mutant.exercise, mutant.code) - own
    return Trial(mutant, (answer,), (own, others) if others else (own,))


def affected(source: NotebookNode, exercise: str, code: str) -> frozenset[str]:
    """Exercises whose marks can depend on one solution cell: those that use its names, or names that use them."""
    names = _made(solution_cells(source)[exercise].source) | _made(code)
    found, grown = {exercise}, True
    while grown:
        grown = False
        for cell in source.cells:
            role, name = notebook.role(cell), notebook.grade_id(cell)
            if cell.cell_type != "code" or not role or not names & _used(cell.source):
                continue
            new = {name.removeprefix("test_")} if role == "test" else {name} if role == "solution" else set()
            made = set() if role == "test" else _made(cell.source)  # a test's names end with it
            grown = grown or not (new <= found and made <= names)
            found |= new
            names |= made
    return frozenset(found)


@cache
def _made(code: str) -> set[str]:
    """Names that a cell leaves behind, imports aside."""
    tree = ast.parse(_python(code))
    made = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            made |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return made


@cache
def _used(code: str) -> set[str]:
    names = [node for node in ast.walk(ast.parse(_python(code))) if isinstance(node, ast.Name)]
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _python(code: str) -> str:
    """A cell without IPython's own lines."""
    return "\n".join(line for line in code.splitlines() if not line.startswith(("%", "!")))


# --- trying it -------------------------------------------------------------------------------------------------------


def _examine_all(
    source: NotebookNode, assignment: str, trials: list[Trial], jobs: int, walls: bool, progress: bool
) -> list[tuple[Trial, Verdict]]:
    """Every trial with its verdict, in the order of the trials."""
    text = nbformat.writes(source)
    verdicts: dict[int, Verdict] = {}
    with (
        tqdm(total=len(trials), desc=f"proving {assignment}", unit="answer", disable=not progress) as bar,
        ProcessPoolExecutor(jobs, get_context("spawn"), _prepare, (text, assignment, walls)) as pool,
    ):
        running = {pool.submit(_try, trial): i for i, trial in enumerate(trials)}
        try:
            for done in as_completed(running):
                verdicts[running[done]] = done.result()
                bar.update()
        except BrokenProcessPool:
            raise CourseError("a proving process was killed: if memory is short, try --jobs 1.") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return [(trial, verdicts[i]) for i, trial in enumerate(trials)]


_here: dict[str, Any] = {}  # of a worker process


def _prepare(source: str, assignment: str, walls: bool) -> None:
    _here.update(source=nbformat.reads(source, as_version=4), assignment=assignment, walls=walls)


def _try(trial: Trial) -> Verdict:
    source, one_cell = _here["source"], isinstance(trial.subject, Answer | Mutant)
    data = hand_in(source, trial.answers, blank=trial.subject == BLANK, bare=one_cell)
    if isinstance(trial.subject, Mutant):
        source = copy.deepcopy(source)
        source.metadata["convnets"] = {**source.metadata.get("convnets", {}), "total_seconds": MUTANT_SECONDS}
    for only in trial.stages:
        verdict, _ = examiner.examine(
            source,
            data,
            student="proving",
            assignment=_here["assignment"],
            only=only,
            stop_at_first_failure=isinstance(trial.subject, Mutant),
            walls=_here["walls"],
        )
        if not _full(verdict):
            break
    return verdict


# --- judging ---------------------------------------------------------------------------------------------------------


def _judge(proof: Proof, subject: Subject, verdict: Verdict, reference: Verdict, argued: Argued) -> None:
    """Enter one result into the proof."""
    match subject:
        case _ if subject == BLANK:
            given = [e for e in verdict.exercises if e.earned]
            proof.faults += [f"{subject}: {e.grade_id} gives {e.earned:g} points for nothing" for e in given]
        case str():
            proof.faults += _below_full_marks(subject, verdict)
        case Path():
            proof.right += 1
            proof.faults += _below_full_marks(f"right answer {subject.name}", verdict)
        case Answer():
            faults = _faults_of_wrong(subject, verdict, reference)
            proof.faults += faults
            proof.tallies[subject.exercise].wrong += 1
            proof.tallies[subject.exercise].wrong_caught += not faults
        case Mutant():
            proof.tallies[subject.exercise].mutants += 1
            proof.tallies[subject.exercise].mutants_caught += not _full(verdict)
            if _full(verdict) and subject.key in argued:
                proof.equivalent[subject.key] = argued[subject.key]
            elif _full(verdict):
                proof.faults.append(f"mutant not caught, and not argued equivalent: {subject}")


def _full(verdict: Verdict) -> bool:
    return verdict.earned >= verdict.points


def _marks(verdict: Verdict) -> tuple[Any, ...]:
    return tuple((e.grade_id, c.name, c.earned, c.message) for e in verdict.exercises for c in e.checks)


def _lost(verdict: Verdict) -> dict[str, list[CheckResult]]:
    """Exercises below full marks, with the checks that failed."""
    return {
        exercise.grade_id.removeprefix("test_"): [check for check in exercise.checks if not check.passed]
        for exercise in verdict.exercises
        if exercise.earned < exercise.points
    }


def _below_full_marks(who: str, verdict: Verdict) -> list[str]:
    faults = []
    for exercise, failed in _lost(verdict).items():
        notes = [e.note for e in verdict.exercises if e.grade_id == f"test_{exercise}" and e.note]
        reasons = [f"{check.name}: {check.message}" for check in failed] + notes
        faults.append(f"{who} loses points in {exercise} ({'; '.join(reasons) or 'its checks do not add up'})")
    return faults + [f"{who}: {problem}" for problem in verdict.problems]


def _faults_of_wrong(answer: Answer, verdict: Verdict, reference: Verdict) -> list[str]:
    who = f"wrong answer {answer.where} '{answer.title}'"
    known = {c.name for e in reference.exercises if e.grade_id == f"test_{answer.exercise}" for c in e.checks}
    lost = _lost(verdict)
    if answer.exercise not in lost:
        return [f"{who} gets full marks in {answer.exercise}: no check sees what is wrong"]
    failed = {check.name for check in lost.pop(answer.exercise)}
    seen = "; ".join(sorted(failed)) or "none"
    faults = [f"{who} names the check {name!r}, which does not exist" for name in answer.caught_by if name not in known]
    if not answer.caught_by:
        faults.append(f"{who} names no check that should catch it; those that do: {seen}")
    elif not failed & set(answer.caught_by):
        faults.append(f"{who} is not caught by {'; '.join(answer.caught_by)}, but by: {seen}")
    unrelated, spared = lost.keys() - set(answer.also), set(answer.also) - lost.keys()
    faults += [f"{who} loses points in {name} too, which 'also' does not name" for name in sorted(unrelated)]
    faults += [f"{who} names {name} in 'also', which loses nothing" for name in sorted(spared)]
    return faults


def read_equivalents(path: Path) -> Argued:
    """The survivors that are argued equivalent; none where there is no file."""
    if not path.exists():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
        return {(e["exercise"], e["before"], e["after"]): e["reason"] for e in entries}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} is not TOML: {error}") from None
    except KeyError as missing:
        raise CourseError(f"{path}: a mutant lacks {missing}; each needs exercise, before, after and reason") from None


def _faults_of_the_whole(proof: Proof, argued: Argued) -> list[str]:
    faults = [
        f"stale in equivalent_mutants.toml (caught, or no longer made): {exercise}: {before}  ->  {after}"
        for exercise, before, after in argued.keys() - proof.equivalent.keys()
    ]
    made = sum(tally.mutants for tally in proof.tallies.values())
    caught = sum(tally.mutants_caught for tally in proof.tallies.values())
    if caught < CAUGHT * made:
        faults.append(f"{caught} of {made} mutants caught: at least {CAUGHT:.0%} are needed")
    for name, tally in proof.tallies.items():
        if tally.wrong < WRONG_ANSWERS:
            faults.append(f"{name} has {tally.wrong} wrong answers: at least {WRONG_ANSWERS} are needed")
    if proof.right < RIGHT_ANSWERS:
        faults.append(f"there are {proof.right} right answers: at least {RIGHT_ANSWERS} are needed")
    return faults
