"""Tests of the tests: right answers get full marks, wrong ones lose them in the check that should see it.

An assignment's tests are proved by examining, in the real room, the reference and the blank release, everything in
``answers/<assignment>/right`` and ``answers/<assignment>/wrong``, trivial answers, and mutants of the reference.
Mutants that no test can tell from it are listed with the reason in
``answers/<assignment>/wrong/equivalent_mutants.toml``::

    [[mutant]]
    exercise = "affine"
    before = "flat = x.reshape(len(x), -1)"
    after = "flat = x.reshape(len(x), -2)"
    reason = "reshape takes any negative number for the one to be found out"

``prove`` tries everything; what it found is kept in ``proof.json``. ``probe`` is for every day: it tries everything
where that record is stale, and else a random tenth, which must come out as recorded.
"""

from __future__ import annotations

import math
import random
import time
import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.course import Course, CourseError
from autograder.exam.verdict import CheckResult, Verdict
from autograder.proof.answers import Answer, solution_cells
from autograder.proof.limits import Limits, faults_of_limits, limits, times
from autograder.proof.mutants import Mutant
from autograder.proof.record import Record, answers_folder, digest, read_record, record_path, rounded, versions
from autograder.proof.trials import BLANK, REFERENCE, SECRETS, Answers, Subject, Trial, Trivial, all_trials, examine_all
from autograder.proof.trivial import KINDS, fault_of_trivial

WRONG_ANSWERS = 8  # at least, for every exercise
RIGHT_ANSWERS = 3  # at least, complete ones in different styles
CAUGHT = 0.95  # of the mutants, at least
TENTH = 0.1  # of right answers, wrong answers and mutants, for a probe

Argued = dict[tuple[str, str, str], str]  # a mutant's key -> why no test can tell it from the reference


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
    seed: int  # of the secrets, and of who gets which
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    equivalent: Argued = field(default_factory=dict)  # the mutants that survive, with the reason
    right: dict[str, list[Verdict]] = field(default_factory=dict)  # by name, the reference among them
    trivial: dict[str, float] = field(default_factory=dict)  # kind -> points
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
        lines.append(f"{len(self.right.keys() - {REFERENCE})} right answers; {argued}")
        lines.append("trivial answers: " + ", ".join(f"{kind} {points:g}" for kind, points in self.trivial.items()))
        lines.append(f"seed {self.seed}; {self.seconds:.0f} s")
        lines += [f"! {remark}" for remark in self.remarks] + [f"✗ {fault}" for fault in self.faults]
        lines.append(f"{self.assignment}: {'proved' if self.ok else f'{len(self.faults)} faults'}")
        return "\n".join(lines)


def prove(
    course: Course,
    assignment: str,
    *,
    jobs: int = 2,
    repeat: int = 1,
    seed: int | None = None,
    walls: bool = True,
    write: bool = True,
    progress: bool = True,
) -> Proof:
    """Prove one assignment's tests, and write proof.json if they are; print nothing but the progress bar.

    jobs    examinations that run side by side
    repeat  times that the reference is graded, once for each secret at least (50 before a release takes a while)
    seed    of the secrets; if None, taken from the digest: the same tests are proved in the same way
    walls   False examines without a jail: for machines that have none; all that runs is our own
    write   False leaves proof.json as it is
    Raises CourseError where the assignment or one of its answers files is not in order.
    """
    started = time.monotonic()
    source = course.source(assignment)
    answers = Answers.of(course, assignment, source)
    found = digest(course, assignment)
    seed = int(found[:8], 16) if seed is None else seed
    argued = read_equivalents(answers_folder(course, assignment) / "wrong" / "equivalent_mutants.toml")
    proof = Proof(assignment, seed, tallies={name: Tally() for name in solution_cells(source)})

    trials = all_trials(source, answers, seed, repeat)
    results = examine_all(course, assignment, trials, _secrets(seed), jobs=jobs, walls=walls, progress=progress)
    _judge(proof, results, argued)
    for path, right in answers.right.items():
        missing = proof.tallies.keys() - {answer.exercise for answer in right}
        proof.faults += [f"right answer {path.name} has no {name}" for name in sorted(missing)]
    proof.faults += _faults_of_the_whole(proof, argued)
    limit_of, unread = limits(source, proof.right[REFERENCE][0])
    by_answer = {who: times(verdicts) for who, verdicts in proof.right.items()}
    proof.faults += unread + faults_of_limits(source, limit_of, by_answer)
    if proof.ok and write:
        _record(proof, found, limit_of).write(record_path(course, assignment))
    proof.seconds = time.monotonic() - started
    return proof


def _record(proof: Proof, digest: str, limit_of: Limits) -> Record:
    record = Record(digest, versions(), sorted(proof.right.keys() - {REFERENCE}), trivial=proof.trivial)
    record.exercises = {name: {"wrong": tally.wrong, "mutants": tally.mutants} for name, tally in proof.tallies.items()}
    record.survivors = [list(key) for key in proof.equivalent]
    by_answer = {who: times(verdicts) for who, verdicts in proof.right.items()}
    for (exercise, check), limit in limit_of.items():
        taken = {who: rounded(seconds.get((exercise, check), 0.0)) for who, seconds in by_answer.items()}
        record.checks.setdefault(exercise, {})[check] = {"limit": limit} | taken
    return record


def probe(
    course: Course,
    assignment: str,
    *,
    seed: int,
    elsewhere: frozenset[str] = frozenset(),
    jobs: int = 2,
    walls: bool = True,
    progress: bool = True,
) -> Proof:
    """Try whether proof.json still holds: the reference, the blank release, trivial answers, a tenth of all others.

    seed       of the tenth and of the secret
    elsewhere  right answers (names of files without .py) that something else examines
    Where the record is stale or missing, that is a fault, and the tests are proved anew, whole, without writing it.
    """
    options: dict[str, Any] = {"jobs": jobs, "walls": walls, "progress": progress}
    record = read_record(course, assignment)
    if record is None or record.digest != digest(course, assignment):
        proof = prove(course, assignment, seed=seed, write=False, **options)
        stale = "is older than what it is about" if record else "is missing"
        new = "the new proof itself is fine" if proof.ok else "the new proof has faults"
        proof.faults.insert(0, f"proof.json of {assignment} {stale}: run `make prove` and commit it; {new}")
        return proof
    started = time.monotonic()
    source = course.source(assignment)
    answers = Answers.of(course, assignment, source)
    argued = read_equivalents(answers_folder(course, assignment) / "wrong" / "equivalent_mutants.toml")
    proof = Proof(assignment, seed, tallies={name: Tally() for name in solution_cells(source)})
    everything = [replace(trial, secret=0) for trial in all_trials(source, answers, seed)]
    everything = list({id(trial.subject): trial for trial in everything}.values())  # each under one secret
    trials = _tenth(everything, seed, elsewhere)
    results = examine_all(course, assignment, trials, _secrets(seed), **options)
    _judge(proof, results, argued)
    proof.faults += _faults_of_record(record, source, everything, answers, proof, argued)
    proof.faults += _not_as_recorded(record, everything, results)
    if record.versions != (here := versions()):
        proof.remarks.append(f"proved with {_words(record.versions)}; tried now with {_words(here)}")
    proof.seconds = time.monotonic() - started
    return proof


def _tenth(everything: list[Trial], seed: int, elsewhere: frozenset[str]) -> list[Trial]:
    """What a probe tries, what takes longest first."""
    left = [t for t in everything if not (isinstance(t.subject, Path) and t.subject.stem in elsewhere)]
    others = [i for i, trial in enumerate(left) if not isinstance(trial.subject, str | Trivial)]
    chosen = random.Random(seed).sample(others, math.ceil(TENTH * len(others)))
    return [trial for i, trial in enumerate(left) if i in chosen or i not in others]


def _secrets(seed: int) -> list[str]:
    return [f"{seed}/{i}" for i in range(SECRETS)]


def _words(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


# --- judging ---------------------------------------------------------------------------------------------------------


def _judge(proof: Proof, results: list[tuple[Trial, Verdict]], argued: Argued) -> None:
    """Enter what came out into the proof."""
    for trial, verdict in results:
        if trial.subject == REFERENCE or isinstance(trial.subject, Path):
            name = trial.subject if isinstance(trial.subject, str) else trial.subject.stem
            proof.right.setdefault(name, []).append(verdict)
    for trial, verdict in results:
        _judge_one(proof, trial.subject, verdict, argued)
    for name, verdicts in proof.right.items():
        if len({_marks(verdict) for verdict in verdicts}) > 1:
            proof.faults.append(f"{name}, graded {len(verdicts)} times, did not always get the same marks")
    proof.faults = list(dict.fromkeys(proof.faults))  # the same under another secret is said once


def _judge_one(proof: Proof, subject: Subject, verdict: Verdict, argued: Argued) -> None:
    match subject:
        case _ if subject == BLANK:
            given = [e for e in verdict.exercises if e.earned]
            proof.faults += [f"{subject}: {e.grade_id} gives {e.earned:g} points for nothing" for e in given]
        case str():
            proof.faults += _below_full_marks(subject, verdict)
        case Path():
            proof.faults += _below_full_marks(f"right answer {subject.name}", verdict)
        case Trivial():
            proof.trivial[subject.kind] = verdict.earned
            proof.faults += filter(None, [fault_of_trivial(subject.kind, verdict)])
        case Answer():
            faults = _faults_of_wrong(subject, verdict, proof.right[REFERENCE][0])
            proof.faults += faults
            proof.tallies[subject.exercise].wrong += 1
            proof.tallies[subject.exercise].wrong_caught += not faults
        case Mutant():
            proof.tallies[subject.exercise].mutants += 1
            proof.tallies[subject.exercise].mutants_caught += not full(verdict)
            if full(verdict) and subject.key in argued:
                proof.equivalent[subject.key] = argued[subject.key]
            elif full(verdict):
                proof.faults.append(f"mutant not caught, and not argued equivalent: {subject}")


def full(verdict: Verdict) -> bool:
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
    if len(proof.right) - 1 < RIGHT_ANSWERS:
        faults.append(f"there are {len(proof.right) - 1} right answers: at least {RIGHT_ANSWERS} are needed")
    return faults


# --- what was recorded -----------------------------------------------------------------------------------------------


def _faults_of_record(
    record: Record, source: NotebookNode, everything: list[Trial], answers: Answers, proof: Proof, argued: Argued
) -> list[str]:
    """What proof.json names that is not there, or leaves out."""
    made = {name: {"wrong": 0, "mutants": 0} for name in proof.tallies}
    for trial in everything:
        if isinstance(trial.subject, Answer | Mutant):
            made[trial.subject.exercise]["wrong" if isinstance(trial.subject, Answer) else "mutants"] += 1
    recorded = {(e, c): check.get("limit") for e, checks in record.checks.items() for c, check in checks.items()}
    other = {
        "numbers of wrong answers and mutants": record.exercises != made,
        "right answers": record.right != sorted(path.stem for path in answers.right),
        "mutants that survive (equivalent_mutants.toml)": {tuple(key) for key in record.survivors} != argued.keys(),
        "kinds of trivial answers": record.trivial.keys() != set(KINDS),
        "checks, or limits of theirs,": recorded != limits(source, proof.right[REFERENCE][0])[0],
    }
    return [f"proof.json has other {what} than there are: run `make prove`" for what, is_so in other.items() if is_so]


def _not_as_recorded(record: Record, everything: list[Trial], results: list[tuple[Trial, Verdict]]) -> list[str]:
    """Mutants that were tried and did not come out as proof.json has it."""
    alike = Counter(trial.subject.key for trial in everything if isinstance(trial.subject, Mutant))
    faults = []
    for trial, verdict in results:
        if isinstance(trial.subject, Mutant):
            survives = list(trial.subject.key) in record.survivors
            if survives and not full(verdict) and alike[trial.subject.key] == 1:
                faults.append(f"recorded as not caught, but it is: {trial.subject}")
            elif not survives and full(verdict):
                faults.append(f"recorded as caught, but it is not: {trial.subject}")
    return faults
