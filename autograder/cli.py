"""The command line: one verb, one function. An error is one line with cause and cure, and exit code 2."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from autograder.course import Course, CourseError, cannot_write, find_course, plain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 well, 1 something was found, 2 it could not be done."""
    options = _parser().parse_args(arguments)
    verb: Callable[[Course, argparse.Namespace], int] = options.verb
    try:
        return verb(find_course(options.course), options)
    except CourseError as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"autograder: {cannot_write(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("autograder: stopped. What was finished is kept; run the same command to go on.", file=sys.stderr)
        return 130


def _release(course: Course, options: argparse.Namespace) -> int:
    from autograder.release import check_fresh, release

    stale = []
    for assignment in _assignments(course, options):
        if options.check:
            stale += check_fresh(course, assignment)
        else:
            print(release(course, assignment, options.force))
    print("\n".join(stale) or "every release is fresh." if options.check else "", end="\n" if options.check else "")
    return 1 if stale else 0


def _grade(course: Course, options: argparse.Namespace) -> int:
    from autograder.classroom.batch import failed, grade, save
    from autograder.classroom.report import marks_table

    course.source_path(options.assignment)
    walls = _walls(options.no_walls, "grading other people's work without walls needs --no-walls")
    verdicts = grade(course, options.assignment, walls=walls, jobs=options.jobs)
    print(marks_table(verdicts))
    if options.json:
        save(Path(options.json), json.dumps([asdict(v) for v in verdicts], indent=1, ensure_ascii=False).encode())
    if wrong := [verdict.student for verdict in verdicts if failed(verdict)]:
        names = ", ".join(plain(repr(name), 40) for name in wrong)
        print(f"\nThe grader failed on {names}: those zeros are provisional.", file=sys.stderr)
    return 1 if wrong else 0


def _check(course: Course, options: argparse.Namespace) -> int:
    from autograder.classroom.report import exercise_table
    from autograder.exam.examiner import examine
    from autograder.exam.notebook import unreadable
    from autograder.exam.walls import find_walls

    source = course.source(options.assignment)
    path = Path(options.notebook) if options.notebook else course.release_path(options.assignment)
    try:
        data = path.read_bytes()
    except OSError as error:
        cure = f"name yours with --notebook PATH, or run `autograder release {options.assignment}`"
        raise CourseError(f"{path} cannot be read ({error.strerror}): {cure}.") from None
    if reason := unreadable(data):
        raise CourseError(f"{path}: {reason}.")
    walls = find_walls() is None  # one's own code may run without them
    print(f"Checking {path} …", file=sys.stderr)
    verdict, _ = examine(source, data, student="you", assignment=options.assignment, walls=walls)
    print(exercise_table(verdict, options.hints))
    return 0


def _prove(course: Course, options: argparse.Namespace) -> int:
    from autograder.proof.proving import prove

    walls = _walls(options.no_walls, "proving without them needs --no-walls")
    well = True
    for assignment in _assignments(course, options):
        proof = prove(course, assignment, jobs=options.jobs, repeat=options.repeat, seed=options.seed, walls=walls)
        print(proof.table())
        well = well and proof.ok
    return 0 if well else 1


def _report(course: Course, options: argparse.Namespace) -> int:
    from autograder.classroom.batch import results, save
    from autograder.classroom.report import class_page
    from autograder.classroom.roster import roster

    course.source_path(options.assignment)
    path = course.results / options.assignment / "report.html"
    verdicts = results(course, options.assignment)
    save(path, class_page(options.assignment, verdicts, roster(course, options.assignment)).encode())
    print(f"The report on the class: {path}")
    return 0


def _doctor(course: Course, options: argparse.Namespace) -> int:
    from autograder.doctor import doctor

    return doctor(course.folder)


def _sample_class(course: Course, options: argparse.Namespace) -> int:
    from autograder.proof.sample_class import build

    folder = Path(options.folder).resolve()
    members = build(course, options.assignment, folder)
    print(f"{len(members)} hand-ins of a sample class are in {folder / 'submitted'}:")
    for person in members:
        print(f"  {person.student:<14} {person.about}")
    return 0


def _assignments(course: Course, options: argparse.Namespace) -> list[str]:
    if options.all == bool(options.assignment):
        raise CourseError(f"name one assignment, or --all: there are {', '.join(course.assignment_names())}.")
    names = course.assignment_names() if options.all else [options.assignment]
    for name in names:
        course.source_path(name)
    return names


def _walls(without: bool, refusal: str) -> bool:
    """Whether walls stand; without them, a loud word, or CourseError unless that was asked for."""
    from autograder.exam.walls import find_walls

    if without:
        print("! The exam room has no walls: hand-ins run with this machine in reach.", file=sys.stderr)
        return False
    if missing := find_walls():
        raise CourseError(f"{missing}; {refusal}.")
    return True


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is no number of hand-ins: give 1 or more")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autograder", description="Release, grade and check assignments.")
    parser.add_argument(
        "--course", metavar="DIR", help="where hand-ins and results lie (else AUTOGRADER_COURSE, autograder/)"
    )
    verbs = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, verb: Callable[[Course, argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        command = verbs.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        command.set_defaults(verb=verb)
        return command

    def one_or_all(command: argparse.ArgumentParser) -> None:
        command.add_argument("assignment", nargs="?", help="for example a2_layers")
        command.add_argument("--all", action="store_true", help="every assignment")

    release = add("release", _release, "make what students get out of the source notebook")
    one_or_all(release)
    release.add_argument(
        "--force", action="store_true", help="also over work done in the release, which is kept beside"
    )
    release.add_argument("--check", action="store_true", help="write nothing, say whether the releases are fresh")

    grade = add("grade", _grade, "grade every hand-in that is new or has changed, and print the marks")
    grade.add_argument("assignment")
    grade.add_argument("--no-walls", action="store_true", help="run hand-ins without a jail")
    grade.add_argument("--jobs", type=_positive, metavar="N", help="hand-ins at a time (as many as there are cores)")
    grade.add_argument("--json", metavar="FILE", help="also write all that was found")

    check = add("check", _check, "examine your own notebook, hidden tests and hints included")
    check.add_argument("assignment")
    check.add_argument("--notebook", metavar="PATH", help="else the one in assignments/")
    check.add_argument("--hints", type=int, default=1, metavar="N", help="hints shown for each failed check (1)")

    prove = add("prove", _prove, "test the tests: right, wrong and trivial answers, mutants")
    one_or_all(prove)
    prove.add_argument("--no-walls", action="store_true", help="examine without a jail")
    prove.add_argument("--jobs", type=int, default=2, metavar="N", help="examinations side by side (2)")
    prove.add_argument("--repeat", type=int, default=3, metavar="N", help="gradings of the reference to compare (3)")
    prove.add_argument("--seed", type=int, metavar="N", help="of the secrets (else taken from what is proved)")

    report = add("report", _report, "write one page about how the class did")
    report.add_argument("assignment")

    add("doctor", _doctor, "say what stands here: walls, versions, room on the disk")

    sample = add("sample-class", _sample_class, "write a bundled class of hand-ins into a course folder")
    sample.add_argument("assignment")
    sample.add_argument("folder", metavar="DIR")
    return parser
