"""Marks reach nbgrader's gradebook exactly once, whatever the hand-ins are, and its pages are safe to open."""

import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import fake_examiner
import nbformat
import pytest
import toy_course as toy
from nbconvert.exporters import HTMLExporter
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import BasePlugin
from nbgrader.plugins.export import CsvExportPlugin
from nbgrader.server_extensions.formgrader import handlers

from autograder.classroom import batch, gradebook
from autograder.classroom.handins import read_hand_in
from autograder.course import CourseError, grading_settings, nbgrader_settings
from autograder.exam.walls import find_walls
from autograder.proof.answers import hand_in
from autograder.release import quiet_log

TESTS = Path(__file__).resolve().parent
EVIL = "**bold** <script>document.title='owned'</script><img src=x onerror=alert(1)>[me](javascript:alert(1))"


def make(root):
    """Five hand-ins: all right, blank, half right, not JSON, no file."""
    course = toy.make_course(root)
    source = toy.source()
    toy.hand_in(course, "ada", hand_in(source))
    toy.hand_in(course, "bo", nbformat.writes(batch.student_version(source)).encode())
    half = nbformat.reads(hand_in(source).decode(), as_version=4)
    cells = {cell.id: cell for cell in half.cells}
    cells["double"].source = "# BEGIN HIDDEN TESTS\ndef double(x):\n    return abs(x) * 2"
    cells["why"].source = EVIL
    toy.hand_in(course, "cy", nbformat.writes(half).encode())
    toy.hand_in(course, "di", b"{not json")
    (course.submitted / "eve" / toy.NAME).mkdir(parents=True)
    return course


@pytest.fixture
def course(tmp_path):
    return make(tmp_path)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course that was graded; for tests that only look."""
    course = make(tmp_path_factory.mktemp("graded"))
    return course, grade(course)


def grade(course, examine=fake_examiner.examine):
    verdicts = batch.grade(course, toy.NAME, hall=fake_examiner.hall(examine), progress=False, jobs=1)
    return {v.student: v for v in verdicts}


def counting(seen, wrong=""):
    def examine(source, handin, *, student, **options):
        seen.append(student)
        if student == wrong:
            raise ZeroDivisionError("a bug of ours")
        return fake_examiner.examine(source, handin, student=student, **options)

    return examine


def entries(course, student):
    """What the gradebook has for a student: (cell -> (auto score, needs manual grade), comments)."""
    with gradebook.open_gradebook(course) as book:
        notebook = book.find_submission_notebook(toy.NAME, toy.NAME, student)
        grades = {grade.name: (grade.auto_score, grade.needs_manual_grade) for grade in notebook.grades}
        return grades, {comment.name: comment.comment for comment in notebook.comments}


MARKS = {"ada": 10.0, "bo": 0.0, "cy": 7.0, "di": 0.0, "eve": 0.0}


def test_every_hand_in_gets_a_mark_and_the_gradebook_and_export_agree(graded, tmp_path):
    course, verdicts = graded
    assert {name: verdict.earned for name, verdict in verdicts.items()} == MARKS
    assert gradebook.recorded_marks(course, toy.NAME) == MARKS
    with gradebook.open_gradebook(course) as book:
        CsvExportPlugin(to=str(tmp_path / "grades.csv")).export(book)
    rows = list(csv.DictReader((tmp_path / "grades.csv").open()))
    assert {row["student_id"]: float(row["score"]) for row in rows} == MARKS
    assert {float(row["max_score"]) for row in rows} == {13.0}


def test_written_answers_wait_for_a_person_and_empty_ones_do_not(graded):
    course, _ = graded
    assert entries(course, "ada")[0] == {"test_double": (4.0, False), "test_square": (6.0, False), "why": (None, True)}
    assert entries(course, "bo")[0]["why"] == (0.0, False)
    assert entries(course, "di")[0]["why"] == (0.0, False)


def test_a_reason_stands_in_the_gradebook_too(graded):
    course, verdicts = graded
    assert verdicts["eve"].problems == [f"no {toy.NAME}.ipynb was handed in: there is no notebook"]
    assert entries(course, "eve")[1]["double"] == verdicts["eve"].problems[0]
    assert entries(course, "di")[1]["double"] == verdicts["di"].problems[0]


def test_nothing_is_graded_twice_and_changes_are(course):
    seen = []
    first = grade(course, counting(seen))
    assert seen == list(MARKS)
    assert grade(course, counting(seen)) == first and len(seen) == 5
    toy.hand_in(course, "bo", hand_in(toy.source()))
    assert grade(course, counting(seen))["bo"].earned == 10 and seen[5:] == ["bo"]
    course.gradebook.unlink()  # results without a gradebook are not enough
    grade(course, counting(seen))
    assert len(seen) == 11 and gradebook.recorded_marks(course, toy.NAME) == {**MARKS, "bo": 10.0}


def test_marks_by_hand_survive_grading_again(course):
    grade(course)
    with gradebook.open_gradebook(course) as book:
        book.find_grade("why", toy.NAME, toy.NAME, "cy").manual_score = 2
        book.db.commit()
    toy.hand_in(course, "cy", hand_in(toy.source()))
    grade(course)
    with gradebook.open_gradebook(course) as book:
        assert book.find_submission(toy.NAME, "cy").score == 12


def test_killed_at_any_moment_and_started_again(course):
    script = f"""
import sys, time
sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]
import fake_examiner
from pathlib import Path
from autograder.classroom import batch
from autograder.course import Course
def examine(source, handin, *, student, **options):
    with open({str(course.folder / "seen")!r}, "a") as file:
        file.write(student + "\\n")
    if student == "cy" and "slow" in sys.argv:
        time.sleep(60)
    return fake_examiner.examine(source, handin, student=student, **options)
batch.grade(Course(Path({str(course.root)!r}), Path({str(course.folder)!r})), {toy.NAME!r}, jobs=1,
            hall=fake_examiner.hall(examine))
"""
    seen = course.folder / "seen"
    running = subprocess.Popen([sys.executable, "-c", script, "slow"], stderr=subprocess.DEVNULL)
    while not (seen.exists() and "cy" in seen.read_text() and batch.result_path(course, toy.NAME, "bo").exists()):
        assert running.poll() is None
        time.sleep(0.1)
    with pytest.raises(CourseError, match="another run is grading"):
        grade(course)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert sorted(gradebook.recorded_marks(course, toy.NAME)) == ["ada", "bo"]
    again = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert seen.read_text().split() == ["ada", "bo", "cy", "cy", "di", "eve"]
    assert gradebook.recorded_marks(course, toy.NAME) == MARKS


def test_a_bug_of_the_grader_costs_one_mark_provisionally_and_says_so(course, capsys):
    seen = []
    verdicts = grade(course, counting(seen, wrong="bo"))
    assert batch.failed(verdicts["bo"]) and verdicts["bo"].earned == 0 and "a bug of ours" in verdicts["bo"].problems[0]
    assert verdicts["cy"].earned == 7
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert {manual for _, manual in entries(course, "bo")[0].values()} == {True}
    assert grade(course, counting(seen))["bo"].problems == []  # tried again, and well
    assert seen == [*MARKS, "bo"]
    assert {manual for _, manual in entries(course, "bo")[0].values()} == {False}


def test_links_pipes_and_giants_are_not_read(course):
    secret = course.folder / "secret.ipynb"
    secret.write_bytes(hand_in(toy.source()))
    for student in ("link", "linked_folder", "pipe", "giant"):
        (course.submitted / student).mkdir()
    folders = {name: course.submitted / name / toy.NAME for name in ("link", "linked_folder", "pipe", "giant")}
    folders["linked_folder"].symlink_to(course.submitted / "ada" / toy.NAME)
    for name in ("link", "pipe", "giant"):
        folders[name].mkdir()
    (folders["link"] / f"{toy.NAME}.ipynb").symlink_to(secret)
    os.mkfifo(folders["pipe"] / f"{toy.NAME}.ipynb")
    with (folders["giant"] / f"{toy.NAME}.ipynb").open("wb") as file:
        file.truncate(2**31)
    (course.submitted / "alias").symlink_to(course.submitted / "ada")
    verdicts = grade(course)
    for student, says in [
        ("link", "it is a link"),
        ("linked_folder", "is a link"),
        ("alias", "is a link"),
        ("pipe", "no ordinary file"),
        ("giant", "larger than"),
    ]:
        assert verdicts[student].earned == 0 and says in verdicts[student].problems[0]
        assert gradebook.recorded_marks(course, toy.NAME)[student] == 0


def test_names_times_and_odd_folders(course):
    (course.submitted / "ada" / toy.NAME / f"{toy.NAME}.ipynb").rename(
        course.submitted / "ada" / toy.NAME / "mine.ipynb"
    )
    (course.submitted / "ada" / toy.NAME / "timestamp.txt").write_text("yesterday, honestly")
    (course.submitted / "cy" / toy.NAME / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    (course.submitted / "bo[1]*" / toy.NAME).mkdir(parents=True)
    verdicts = grade(course)
    assert verdicts["ada"].earned == 10 and "mine.ipynb was read as" in verdicts["ada"].problems[0]
    assert "lateness is not known" in verdicts["ada"].problems[1]
    assert verdicts["bo[1]*"].problems == [f"no {toy.NAME}.ipynb was handed in: there is no notebook"]
    with gradebook.open_gradebook(course) as book:
        assert str(book.find_submission(toy.NAME, "cy").timestamp) == "2026-03-01 12:00:00"
    two = read_hand_in(course.submitted / "cy" / toy.NAME)
    assert two.timestamp and two.problems == []


def test_late_penalties_are_nbgraders(course):
    (course.submitted / "ada" / toy.NAME / "timestamp.txt").write_text("2026-03-02 00:00:00 UTC")
    grade(course)
    with gradebook.open_gradebook(course) as book:
        book.update_or_create_assignment(toy.NAME, duedate="2026-03-01 00:00:00 UTC")
    with gradebook.open_gradebook(course) as book:
        assert book.find_submission(toy.NAME, "ada").total_seconds_late == 86400


def nbgrader(course, *command):
    """Stock nbgrader in the course's root, configured as nbgrader_config.py does it."""
    (course.root / "nbgrader_config.py").write_text(
        f"import sys; sys.path.insert(0, {str(TESTS.parent)!r})\n"
        "from pathlib import Path\nfrom autograder.course import Course, nbgrader_settings\n"
        f"get_config().merge(nbgrader_settings(Course(Path({str(course.root)!r}), Path({str(course.folder)!r}))))\n"
    )
    done = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=course.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def test_feedback_tells_names_points_and_hints_but_no_hidden_test_and_runs_nothing(graded):
    course, _ = graded
    nbgrader(course, "generate_feedback", toy.NAME)
    page = (course.feedback / "cy" / toy.NAME / f"{toy.NAME}.html").read_text()
    assert "negative numbers" in page and "Does it work below zero?" in page and "double: 1 of 4 points" in page
    assert "double(-7)" not in page and "double(-7)".replace("(", "</span><span") not in page and "-14" not in page
    assert "return abs(x) * 2" in page
    harmless(page)
    for student in MARKS:
        assert (course.feedback / student / toy.NAME / f"{toy.NAME}.html").exists()


def harmless(page):
    assert "<strong>bold</strong>" in page
    assert "<script>document" not in page and "onerror" not in page and "javascript:alert" not in page


def test_the_formgraders_page_runs_nothing(graded):
    course, _ = graded
    settings = nbgrader_settings(course)
    settings.HTMLExporter.template_name = "formgrade"
    settings.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    resources = {"base_url": "", "index": 0, "total": 1, "notebook_id": toy.NAME, "notebook_path": "x"}
    notebook = nbformat.read(course.autograded / "cy" / toy.NAME / f"{toy.NAME}.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_raw_cell(EVIL))
    page, _ = HTMLExporter(config=settings).from_notebook_node(notebook, resources=resources)
    harmless(page)


def test_stock_nbgrader_autograde_asks_the_examiner(course):
    assert find_walls() is None, "this test needs bubblewrap"
    gradebook.register(course, toy.NAME)
    nbgrader(course, "autograde", toy.NAME, "--student=ada")
    nbgrader(course, "autograde", toy.NAME, "--student=cy")
    assert gradebook.recorded_marks(course, toy.NAME) == {"ada": 10.0, "cy": 7.0}


def test_results_are_whole_files(course):
    grade(course)
    path = batch.result_path(course, toy.NAME, "cy")
    assert json.loads(path.read_text())["student"] == "cy"
    assert [v.student for v in batch.results(course, toy.NAME)] == list(MARKS)
    path.write_text('{"half')
    with pytest.raises(CourseError, match="damaged"):
        batch.results(course, toy.NAME)
    assert grade(course)["cy"].earned == 7


def test_nothing_to_grade(tmp_path):
    course = toy.make_course(tmp_path)
    with pytest.raises(CourseError, match="there is no folder"):
        grade(course)
    course.submitted.mkdir()
    with pytest.raises(CourseError, match="holds no hand-in"):
        grade(course)


# --- recording -------------------------------------------------------------------------------------------------------


class TenPercent(BasePlugin):
    """A late policy: a tenth of the score, whatever the delay."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 10


def by_nbgraders_converter(course, student):
    """``nbgrader autograde`` of one student, in this process, with our examiner's contract in place of a jail."""
    settings = grading_settings(course)
    settings.CourseDirectory.assignment_id, settings.CourseDirectory.student_id = toy.NAME, student
    converter = Autograde(coursedir=CourseDirectory(config=settings), config=settings, force=True)
    with quiet_log(converter) as said:
        try:
            converter.start()
        except Exception:
            raise AssertionError("\n".join(said)) from None


def rows(course):
    """Every row of the gradebook as plain data, with names for the random ids."""
    with sqlite3.connect(course.gradebook) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        content = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in sorted(tables)}
    names = {}
    for table in ("base_cell", "notebook", "assignment"):
        with sqlite3.connect(course.gradebook) as database:
            names |= {i: f"{table} {n}" for i, n in database.execute(f"SELECT id, name FROM {table}")}
    with sqlite3.connect(course.gradebook) as database:
        for i, student in database.execute("SELECT id, student_id FROM submitted_assignment"):
            names[i] = f"submission of {student}"
        for i, a in database.execute("SELECT id, assignment_id FROM submitted_notebook"):
            names[i] = f"notebook in {names[a]}"
    own = re.compile("[0-9a-f]{32}")

    def named(value):
        return names.get(value, "own id" if own.fullmatch(str(value)) else value)

    return {table: sorted(repr([named(v) for v in row]) for row in found) for table, found in content.items()}


def tree(folder):
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def with_extra_cells(source):
    """A right hand-in with cells of the student's own, a long output and a marking comment to come."""
    whole = nbformat.reads(hand_in(source).decode(), as_version=4)
    whole.cells.insert(2, nbformat.v4.new_code_cell("for i in range(3_000):\n    print(i)", id="mine"))
    whole.cells.append(nbformat.v4.new_markdown_cell("My own thoughts.", id="thoughts"))
    return nbformat.writes(whole).encode()


@pytest.fixture
def twins(tmp_path, monkeypatch):
    """Two courses with the same hand-ins, late ones among them, under a late policy of the instructor's own: one is
    graded by us, the other by nbgrader's own converter."""
    monkeypatch.setattr(gradebook, "examine", fake_examiner.examine)
    courses = []
    for name in ("ours", "theirs"):
        course = make(tmp_path / name)
        policy = "import test_gradebook\nget_config().AssignLatePenalties.plugin_class = test_gradebook.TenPercent\n"
        (course.root / "nbgrader_config.py").write_text(policy)
        toy.hand_in(course, "fay", with_extra_cells(toy.source()))
        for student in ("ada", "cy"):
            (course.submitted / student / toy.NAME / "timestamp.txt").write_text("2026-03-02 00:00:00 UTC")
        gradebook.register(course, toy.NAME)
        with gradebook.open_gradebook(course) as book:
            book.update_or_create_assignment(toy.NAME, duedate="2026-03-01 00:00:00 UTC")
        courses.append(course)
    return courses


STUDENTS = ["ada", "bo", "cy", "fay"]  # whose files nbgrader can read


def both(ours, theirs):
    for student in ("di", "eve"):
        shutil.rmtree(ours.submitted / student, ignore_errors=True)
    grade(ours)
    for student in STUDENTS:
        by_nbgraders_converter(theirs, student)
    gradebook.name_students(theirs)


def test_rows_files_and_scores_are_those_that_nbgrader_autograde_writes(twins):
    ours, theirs = twins
    both(ours, theirs)
    assert rows(ours) == rows(theirs)
    assert tree(ours.autograded) == tree(theirs.autograded)
    for course in twins:
        with gradebook.open_gradebook(course) as book:
            book.find_grade("why", toy.NAME, toy.NAME, "ada").manual_score = 3
            book.find_grade("test_double", toy.NAME, toy.NAME, "cy").manual_score = 2.5
            book.find_grade("test_square", toy.NAME, toy.NAME, "cy").extra_credit = 1
            book.find_comment("why", toy.NAME, toy.NAME, "ada").manual_comment = "Well said."
            book.db.commit()
        for student in ("ada", "cy"):  # handed in anew: ada's mark falls, cy's rises
            data = hand_in(toy.source()) if student == "cy" else with_extra_cells(toy.source())
            toy.hand_in(course, student, data.replace(b"x * x", b"x * 4") if student == "ada" else data)
    both(ours, theirs)
    assert rows(ours) == rows(theirs)
    assert tree(ours.autograded) == tree(theirs.autograded)
    with gradebook.open_gradebook(ours) as book:
        assert book.find_submission(toy.NAME, "ada").score == 4 + 3
        assert book.find_submission_notebook(toy.NAME, toy.NAME, "ada").late_submission_penalty == pytest.approx(0.7)
        assert book.find_submission(toy.NAME, "cy").score == 2.5 + 7
        assert book.find_comment("why", toy.NAME, toy.NAME, "ada").comment == "Well said."
