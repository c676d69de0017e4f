"""Side by side: the same marks whatever the number of jobs, nothing leaves the loop, memory stays flat."""

import concurrent.futures
import gc
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import fake_examiner
import nbformat
import pytest
import toy_course as toy

from autograder.classroom import batch, gradebook, recording
from autograder.classroom.handins import student_id
from autograder.course import CourseError
from autograder.exam.hall import GraderFailed
from autograder.proof.answers import hand_in
from autograder.release import student_version

sys.path.append(str(Path(__file__).resolve().parent.parent / "bench"))
import chaos

RIGHT = hand_in(toy.source())
BLANK = nbformat.writes(student_version(toy.source())).encode()
HALF = RIGHT.replace(b"x + x", b"abs(x) * 2")


def make(root, number=6):
    """A class in which everybody has one of three hand-ins, and the marks that they deserve."""
    course = toy.make_course(root)
    kinds = [(RIGHT, 10.0), (BLANK, 0.0), (HALF, 7.0)]
    marks = {}
    for i in range(number):
        data, marks[f"s{i:03}"] = kinds[i % 3]
        toy.hand_in(course, f"s{i:03}", data)
    return course, marks


@pytest.fixture
def course(tmp_path):
    return make(tmp_path)[0]


def grade(course, examine=fake_examiner.examine, **options):
    options = {"jobs": 2, "progress": False, **options}
    return {v.student: v for v in batch.grade(course, toy.NAME, fake_examiner.hall(examine), **options)}


def marks(verdicts):
    return {student: verdict.earned for student, verdict in verdicts.items()}


def but_for(student, then):
    """An examiner that does ``then()`` first where this student's hand-in is examined."""

    def examine(source, handin, **names):
        if names["student"] == student:
            then()
        return fake_examiner.examine(source, handin, **names)

    return examine


def raising(error):
    def then(*given, **named):
        raise error

    return then


# --- the same marks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_marks_and_their_order_do_not_depend_on_the_number_of_jobs(tmp_path, jobs):
    course, deserved = make(tmp_path, 9)

    class Restless(fake_examiner.Hall):
        """Examines in any order, the first hand-ins slowest."""

        def examine(self, handin, *, student, **names):
            time.sleep(0.2 if student < "s003" else random.random() / 50)
            return super().examine(handin, student=student, **names)

    verdicts = batch.grade(course, toy.NAME, Restless, jobs=jobs, progress=False)
    assert [(v.student, v.earned) for v in verdicts] == list(deserved.items())
    assert gradebook.recorded_marks(course, toy.NAME) == deserved


def test_as_many_hand_ins_are_examined_at_a_time_as_there_are_jobs(course):
    inside, most, lock = 0, 0, threading.Lock()

    class Counting(fake_examiner.Hall):
        def examine(self, handin, **names):
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.1)
            with lock:
                inside -= 1
            return super().examine(handin, **names)

    batch.grade(course, toy.NAME, Counting, jobs=3, progress=False)
    assert most == 3


def test_any_executor_will_do_and_gets_bytes_and_names(course):
    given = []

    class Executor(concurrent.futures.ThreadPoolExecutor):
        def submit(self, function, *arguments):
            given.append([type(argument) for argument in arguments])
            return super().submit(function, *arguments)

    with Executor(2) as executor:
        assert len(grade(course, executor=executor)) == 6
        assert executor.submit(int).result() == 0  # it is its owner's to close
    assert given[:6] == [[bytes, str, dict]] * 6


def test_the_secret_and_the_walls_reach_the_hall_and_decide_what_is_known(course):
    opened = []

    def hall(source, **options):
        assert options.pop("shipped") == course.solutions / toy.NAME
        opened.append(options)
        return fake_examiner.Hall(source)

    for _ in range(2):
        batch.grade(course, toy.NAME, hall, progress=False)
    assert opened == [{"walls": True, "secret": course.secret()}]  # nothing to examine: no hall
    batch.grade(course, toy.NAME, hall, walls=False, progress=False)
    assert opened[1:] == [{"walls": False, "secret": course.secret()}]
    (course.folder / "secret.txt").write_text("another\n")
    batch.grade(course, toy.NAME, hall, walls=False, progress=False)
    assert opened[2:] == [{"walls": False, "secret": "another"}]
    (course.solutions / toy.NAME / "numbers.txt").write_text("4\n")  # a file that the room is given
    batch.grade(course, toy.NAME, hall, walls=False, progress=False)
    assert len(opened) == 4


# --- nothing leaves the loop -----------------------------------------------------------------------------------------


class Panic(BaseException):
    """What a library in another language may raise."""


FAULTS = [ZeroDivisionError("ours"), MemoryError(), RecursionError(), Panic("ours"), SystemExit(3), KeyboardInterrupt()]
FAULTS += [concurrent.futures.CancelledError(), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no")]


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
def test_whatever_an_examination_raises_costs_one_provisional_mark(course, error, capsys):
    verdicts = grade(course, but_for("s000", raising(error)))
    assert marks(verdicts) == {"s000": 0, "s001": 0, "s002": 7, "s003": 10, "s004": 0, "s005": 7}
    assert [s for s, v in verdicts.items() if batch.failed(v)] == ["s000"]
    assert type(error).__name__ in verdicts["s000"].problems[0] and type(error).__name__ in capsys.readouterr().err
    assert marks(grade(course))["s000"] == 10


WHERE = [(batch, "read_hand_in"), (batch, "digest"), (gradebook, "write_marks"), (recording, "put"), (batch, "save")]


@pytest.mark.parametrize(("module", "name"), WHERE, ids=lambda part: getattr(part, "__name__", part))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Panic("ours")], ids=["OSError", "Panic"])
def test_reading_entering_and_writing_may_fail_for_one(course, module, name, error, monkeypatch):
    whole = getattr(module, name)

    def at_times(*arguments, **named):
        first = arguments[1].student if name == "write_marks" else arguments[1] if name == "digest" else arguments[0]
        if first == RIGHT or first == "s000" or "s000" in str(first):
            raise error
        return whole(*arguments, **named)

    toy.hand_in(course, "s003", RIGHT + b"\n")
    monkeypatch.setattr(module, name, at_times)
    verdicts = grade(course)
    assert [s for s, v in verdicts.items() if batch.failed(v)] == ["s000"]
    said = "the disk is full" if isinstance(error, OSError) else "Panic: ours"
    assert verdicts["s000"].earned == 0 and said in verdicts["s000"].problems[0]
    assert marks(verdicts)["s003"] == 10 and len(verdicts) == 6
    monkeypatch.undo()
    assert marks(grade(course)) == {"s000": 10, "s001": 0, "s002": 7, "s003": 10, "s004": 0, "s005": 7}


def test_an_examination_ended_from_outside_is_tried_again(course, capsys):
    failures = iter([GraderFailed("the room was killed")] * (batch.TRIES - 1))

    def once():
        for error in failures:
            raise error

    assert marks(grade(course, but_for("s000", once)))["s000"] == 10
    toy.hand_in(course, "s000", RIGHT + b"\n")
    verdict = grade(course, but_for("s000", raising(GraderFailed("the room was killed"))))["s000"]
    assert batch.failed(verdict) and "the room was killed" in verdict.problems[0]
    assert "Traceback" not in capsys.readouterr().err


def test_an_executor_that_breaks_costs_provisional_marks_only(course):
    class Broken(concurrent.futures.ThreadPoolExecutor):
        def submit(self, function, data, student, files):
            if student > "s002":
                raise concurrent.futures.BrokenExecutor("gone")
            return super().submit(function, data, student, files)

    with Broken(2) as executor:
        verdicts = grade(course, executor=executor)
    assert [s for s, v in verdicts.items() if batch.failed(v)] == ["s003", "s004", "s005"]


def test_what_no_file_can_hold_is_replaced_and_costs_nothing(course):
    def examine(source, handin, **names):
        verdict, clean = fake_examiner.examine(source, handin, **names)
        verdict.problems.append("the cell raised NameError: \ud800")
        verdict.outputs["double"] = "\udfff"
        return verdict, clean

    verdicts = grade(course, examine)
    assert marks(verdicts)["s000"] == 10 and not any(map(batch.failed, verdicts.values()))
    assert verdicts["s000"].problems == ["the cell raised NameError: ?"]


def test_a_person_who_stops_the_run_stops_it_and_what_was_done_is_kept(course, monkeypatch):
    done = []

    def stop(desk, verdict, *rest):
        if done:
            raise KeyboardInterrupt
        done.append(verdict.student)
        return gradebook_record(desk, verdict, *rest)

    gradebook_record = gradebook.record
    monkeypatch.setattr(gradebook, "record", stop)
    with pytest.raises(KeyboardInterrupt):
        grade(course)
    monkeypatch.undo()
    assert list(gradebook.recorded_marks(course, toy.NAME)) == done
    seen = []
    grade(course, lambda *a, student, **o: (seen.append(student), fake_examiner.examine(*a, student=student, **o))[1])
    assert len(seen) == 5 and done[0] not in seen


def test_nothing_is_tried_again_in_a_hall_that_was_closed(course, monkeypatch):
    closed, calls = threading.Event(), []

    class Closing(fake_examiner.Hall):
        def examine(self, handin, **names):
            calls.append(names["student"])
            closed.wait(30)
            raise GraderFailed("the hall is closed")

        def __exit__(self, *error):
            closed.set()

    monkeypatch.setattr(batch, "wait", raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        batch.grade(course, toy.NAME, Closing, jobs=2, progress=False)
    for thread in threading.enumerate():
        if thread.name.startswith("examination"):
            thread.join(30)
    assert len(calls) <= 2


NAMES = [
    "a" * 248,
    "é" * 127,
    "o'neill, jr. (2+3)",
    "$HOME `id` %s {student_id} \\d",
    "\x1b[2J\x1b]0;owned\x07",
    "two\nlines",
]
NAMES += ["-rf", "bo[1]*", "\udcff\udcfe", "Ω 学生"]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_that_a_file_system_allows_is_graded(course, name, capsys):
    toy.hand_in(course, name, RIGHT)
    verdicts = grade(course, progress=True)
    shown = student_id(name)
    assert verdicts[shown].earned == 10 and not verdicts[shown].problems
    assert gradebook.recorded_marks(course, toy.NAME)[shown] == 10
    assert [v.student for v in batch.results(course, toy.NAME) if v.student == shown] == [shown]
    assert not set(capsys.readouterr().err) & set("\x1b\x07")
    seen = []
    grade(course, but_for(shown, lambda: seen.append(shown)))
    assert not seen, "it is known the second time"


# --- many ------------------------------------------------------------------------------------------------------------


def test_memory_stays_flat_since_only_a_few_hand_ins_are_kept(tmp_path):
    course, _ = make(tmp_path, 60)
    made, alive = [], []

    def examine(source, handin, **names):
        verdict, clean = fake_examiner.examine(source, handin, **names)
        made.extend([weakref.ref(verdict), weakref.ref(clean)])
        if len(made) in (40, 80, 110):
            gc.collect()
            alive.append(sum(reference() is not None for reference in made))
        return verdict, clean

    grade(course, examine)
    assert len(alive) == 3 and max(alive) <= 2 * (2 * 2 + 1), alive  # a verdict and a notebook each, twice the jobs


def test_progress_says_how_far_and_how_long(course, capfd):
    grade(course, progress=True)
    said = capfd.readouterr().err
    assert "6/6" in said and "<00:00" in said and "hand-in" in said


# --- registering -----------------------------------------------------------------------------------------------------


def test_the_gradebook_is_told_of_the_cells_when_they_change_and_not_otherwise(course, monkeypatch):
    told = []
    generate = gradebook.generate
    monkeypatch.setattr(gradebook, "generate", lambda *a, **o: (told.append(1), generate(*a, **o)))
    grade(course)
    grade(course)
    assert len(told) == 1
    source = toy.source()
    next(cell for cell in source.cells if cell.id == "question").source += " Say why."
    nbformat.write(source, course.source_path(toy.NAME))
    grade(course)
    assert len(told) == 2
    with gradebook.open_gradebook(course) as book:
        book.find_source_cell("test_double", toy.NAME, toy.NAME).checksum = "changed by somebody else"
        book.db.commit()
    grade(course)
    assert len(told) == 3
    course.gradebook.unlink()
    assert len(grade(course)) == 6 and len(told) == 4
    assert len(gradebook.recorded_marks(course, toy.NAME)) == 6


def test_a_hand_in_is_entered_whole_or_not_at_all(course, monkeypatch):
    grade(course)
    before = gradebook.recorded_marks(course, toy.NAME)
    monkeypatch.setattr(recording, "put", raising(OSError(28, "No space left on device")))
    toy.hand_in(course, "s001", RIGHT)
    toy.hand_in(course, "new", RIGHT)
    assert batch.failed(grade(course)["s001"])
    assert gradebook.recorded_marks(course, toy.NAME) == before
    with gradebook.open_gradebook(course) as book:
        assert "new" not in [student.id for student in book.students]


def test_another_run_is_refused(course):
    if os.fork() == 0:  # a lock of this kind holds between processes
        with batch._only_run(course):
            time.sleep(2)
        os._exit(0)
    time.sleep(0.5)
    with pytest.raises(CourseError, match="another run is grading"):
        grade(course)
    os.wait()
    assert len(grade(course)) == 6


@pytest.fixture(scope="module")
def small_class(tmp_path_factory):
    return chaos.make_class(tmp_path_factory.mktemp("chaos"), students=8, pause=0.1)


@pytest.mark.parametrize("victim", chaos.VICTIMS)
def test_killed_at_a_random_moment_and_run_again_every_mark_is_there_once_and_right(small_class, tmp_path, victim):
    seed = time.time_ns()
    rng = random.Random(seed)
    outcome = chaos.strike(small_class, tmp_path / "moment", victim, rng.uniform(1.0, 3.5), rng)
    print(f"seed {seed}: {outcome.line()}")
    assert not outcome.faults


def test_stopped_by_a_person_it_ends_at_once_and_leaves_no_process(small_class, tmp_path):
    (tmp_path / "tmp").mkdir()
    shutil.copytree(small_class.folder, tmp_path / "course")
    grader = chaos.start(small_class, tmp_path / "course", 2)
    while "room" not in (seen := chaos.family(grader.pid)).values():
        assert grader.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)
    seen |= chaos.family(grader.pid)
    grader.send_signal(signal.SIGINT)
    begun = time.monotonic()
    assert b"KeyboardInterrupt" in grader.communicate(timeout=60)[1]
    assert time.monotonic() - begun < 30, "it waited for whoever was being examined"
    outcome = chaos.Outcome("", 0)
    chaos._wait_for_the_end(set(seen), outcome)
    assert not outcome.faults


def test_chaos_sees_what_is_lost_wrong_and_left_behind(small_class, tmp_path):
    course = small_class.course(tmp_path / "calm" / "course")
    assert not chaos.strike(small_class, tmp_path / "calm", "", 0, random.Random(0)).faults
    (course.autograded / ".new").write_text("half")
    batch.result_path(course, toy.NAME, "s001").unlink()
    with gradebook.open_gradebook(course) as book:
        book.find_submission_notebook(toy.NAME, toy.NAME, "s000").grades[0].manual_score = None
        book.find_grade("test_square", toy.NAME, toy.NAME, "s002").auto_score = 5
        book.db.commit()
    found = "; ".join(chaos.faults(small_class, course.folder))
    for words in ("is left over", "verdicts differ", "'s001': (None, 0.0)", "('s002', 6.0)", "marks by hand of s000"):
        assert words in found


def test_the_bench_against_stock_nbgrader_runs_and_both_give_the_same_marks():
    bench = Path(chaos.__file__).with_name("grading.py")
    command = [sys.executable, str(bench), "--blank", "0", "--full", "1", "--repeat", "1", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"(stock|ours|bare) +(?:([\d.]+) +([\d.]+) +)?([\d.]+|nan)", done.stdout)
    assert [row[0] for row in rows] == ["stock", "ours", "bare"] and not any(float(row[3]) <= 0 for row in rows)
    assert re.search(r"ratio [\d.]+, same marks: 94\n", done.stdout)
