"""What a person would want to see reaches a person: in the gradebook, on the pages, in words when something breaks."""

import base64
import errno
import os
import re
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import fake_examiner
import nbformat
import pytest
import toy_course as toy
from nbconvert.exporters import HTMLExporter
from nbgrader.plugins.export import CsvExportPlugin
from nbgrader.server_extensions.formgrader import handlers

from autograder import cli
from autograder.classroom import batch, gradebook
from autograder.classroom.pages import safe_markdown
from autograder.classroom.report import class_page, marks_table
from autograder.classroom.roster import roster
from autograder.course import CourseError, cannot_write, find_course, first_line, grading_settings, nbgrader_settings
from autograder.exam import notebook
from autograder.proof.answers import hand_in
from autograder.release import student_version

ROOT = Path(__file__).resolve().parent.parent
SOURCE = toy.source()
DONE = hand_in(SOURCE)
BLANK = nbformat.writes(student_version(SOURCE)).encode()
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
MARKDOWN = """Both are four. ![p](attachment:p.png) ![gone](attachment:gone.png) ![](https://evil.example/a.png)
<img src="//evil.example/b.png"> <img src="http:evil.example/c.png"> <img src="attachment:lost.png"> ![](file.png)

![r][1]

[1]: https://evil.example/d.png"""


def edited(change, data=DONE):
    """A hand-in in which ``change`` was called with its cells by id."""
    made = nbformat.reads(data.decode(), as_version=4)
    change({cell.id: cell for cell in made.cells})
    return nbformat.writes(made).encode()


def pictures(cells):
    cells["why"].source = MARKDOWN
    cells["why"].attachments = {"p.png": {"image/png": PNG}}


def examine(source, data, *, student, assignment, **options):
    """The examiner of the tests, with the real reading of a hand-in in front of it."""
    paper = notebook.read(source, data)
    verdict, _ = fake_examiner.examine(
        source, nbformat.writes(paper.notebook).encode(), student=student, assignment=assignment
    )
    verdict.problems, verdict.look = paper.problems, paper.look
    return verdict, paper.notebook


def grade(course):
    return {v.student: v for v in batch.grade(course, toy.NAME, fake_examiner.hall(examine), progress=False)}


@pytest.fixture
def course(tmp_path):
    course = toy.make_course(tmp_path)
    toy.hand_in(course, "ada", DONE)
    return course


CONFIG = """import sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from autograder.course import Course, nbgrader_settings
get_config().merge(nbgrader_settings(Course(Path({course_root!r}), Path({folder!r}))))
"""


def configure(course, more=""):
    text = CONFIG.format(root=str(ROOT), course_root=str(course.root), folder=str(course.folder))
    (course.root / "nbgrader_config.py").write_text(f"{text}c = get_config()\n{more}\n")


def nbgrader(course, *command):
    command = [sys.executable, "-m", "nbgrader", *command]
    return subprocess.run(command, cwd=course.root, capture_output=True, text=True)


def submission(course, student, read):
    with gradebook.open_gradebook(course) as book:
        return read(book.find_submission(toy.NAME, student))


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fed(tmp_path_factory):
    """A graded course with feedback: ada wrote everything, with pictures; bo nothing; cy has a strange name."""
    course = toy.make_course(tmp_path_factory.mktemp("fed"))
    toy.hand_in(course, "ada", edited(pictures))
    toy.hand_in(course, "bo", BLANK)
    toy.hand_in(
        course, "cy[1]* o'neil+2, (b)", edited(lambda cells: cells["double"].update(source="def double(x): 1/0"))
    )
    grade(course)
    configure(course)
    done = nbgrader(course, "generate_feedback", toy.NAME)
    assert done.returncode == 0, done.stderr
    return course


def page(course, student):
    return (course.feedback / student / toy.NAME / f"{toy.NAME}.html").read_text()


def fetched(html):
    return [src for src in re.findall(r"<img[^>]* src=\"([^\"]*)\"", html) if not src.startswith("data:")]


def test_the_index_of_the_feedback_names_exercises_and_what_is_not_marked_yet(fed):
    index = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(fed, "ada").split("</table>")[0]))
    assert "10 of 13 points , 1 answer not marked yet (3 points)" in index
    assert "double 4 / 4 square 6 / 6 why (written) – / 3 not marked yet" in index
    blank = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(fed, "bo")))
    assert "why (written) 0 / 3" in blank and "No answer." in blank and "not marked yet" not in blank
    with gradebook.open_gradebook(fed) as book:
        book.find_grade("why", toy.NAME, toy.NAME, "ada").manual_score = 2.5
        book.find_comment("why", toy.NAME, toy.NAME, "ada").manual_comment = "<b>Well</b> said."
        book.db.commit()
    assert nbgrader(fed, "generate_feedback", toy.NAME, "--force").returncode == 0
    marked = page(fed, "ada")
    assert "12.5 of 13 points" in marked and "2.5 / 3" in marked and "&lt;b&gt;Well&lt;/b&gt; said." in marked


def test_feedback_folds_checks_and_shows_no_hidden_one(fed):
    for student in ("ada", "bo", "cy[1]* o'neil+2, (b)"):
        html = page(fed, student)
        assert "double(-7)" not in html and "-14" not in html and "HIDDEN" not in html
        shown = re.sub(r"(?s)<details>.*?</details>", "", html)
        assert "assert_close" not in shown and "assert_close(double(2), 4" in html
        assert "<script" not in html and "default-src &#39;none&#39;" in html.replace("'", "&#39;")
    assert "ZeroDivisionError" in page(fed, "cy[1]* o'neil+2, (b)")


def test_pictures_are_shown_and_nothing_is_fetched_from_elsewhere(fed):
    html = page(fed, "ada")
    assert f"data:image/png;base64,{PNG}" in html and fetched(html) == ["file.png"]
    settings = nbgrader_settings(fed)
    settings.HTMLExporter.template_name = "formgrade"
    settings.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    graded = nbformat.read(fed.autograded / "ada" / toy.NAME / f"{toy.NAME}.ipynb", as_version=4)
    resources = {"base_url": "", "index": 0, "total": 1, "notebook_id": toy.NAME, "notebook_path": "x"}
    html, _ = HTMLExporter(config=settings).from_notebook_node(graded, resources=resources)
    assert f"data:image/png;base64,{PNG}" in html and fetched(html) == ["file.png"]
    assert "evil.example" not in re.sub(r"alt=\"[^\"]*\"", "", "".join(re.findall(r"<img[^>]*>", html)))


def test_text_that_breaks_the_renderer_is_shown_as_it_is(monkeypatch):
    monkeypatch.setattr("autograder.classroom.pages._renderer", lambda: None)
    assert safe_markdown({"cell": {}}, "a <b>c</b>") == "<pre>a &lt;b&gt;c&lt;/b&gt;</pre>"


def test_problems_are_said_once(course):
    toy.hand_in(course, "bo", edited(lambda cells: cells["test-double"].update(metadata={}, source="x = 3", id="mine")))
    grade(course)
    graded = nbformat.read(course.autograded / "bo" / toy.NAME / f"{toy.NAME}.ipynb", as_version=4)
    assert nbformat.writes(graded).count("the cell test_double was missing") == 2  # metadata, and the first check
    configure(course)
    assert nbgrader(course, "generate_feedback", toy.NAME).returncode == 0
    assert page(course, "bo").count("the cell test_double was missing") == 1


# --- a look ----------------------------------------------------------------------------------------------------------


def test_what_needs_a_look_waits_in_the_formgrader_and_stands_on_top_of_table_and_report(course):
    toy.hand_in(course, "bo", BLANK)
    toy.hand_in(course, "bo", DONE, name=f"{toy.NAME} (1).ipynb")
    toy.hand_in(course, "cy", b"{cut")
    verdicts = grade(course)
    assert verdicts["bo"].earned == 10 and "lies beside it: that one was graded" in verdicts["bo"].look[0]
    assert "not JSON" in verdicts["cy"].look[0] and not verdicts["ada"].look
    waits = {}
    with gradebook.open_gradebook(course) as book:
        for student in verdicts:
            notebook_ = book.find_submission_notebook(toy.NAME, toy.NAME, student)
            waits[student] = {grade.name for grade in notebook_.grades if grade.needs_manual_grade}
    assert waits == {"ada": {"why"}, "bo": {"why"}, "cy": {"why"}}  # cy's would be a zero that nobody sees
    table = marks_table(list(verdicts.values()))
    assert re.search(r"bo +10 / 10! ", table) and re.search(r"ada +10 / 10  ", table)
    assert "! 2 need a look" in table
    html = class_page(toy.NAME, list(verdicts.values()), roster(course, toy.NAME))
    top = html[html.index("Look at these") : html.index("<h2>Marks")]
    assert ">bo</a>" in top and ">cy</a>" in top and ">ada</a>" not in top and "that one was graded" in top
    with gradebook.open_gradebook(course) as book:  # a mark that a person gave stands for the look
        book.find_grade("why", toy.NAME, toy.NAME, "cy").manual_score = 1
        book.db.commit()
        grades = book.find_submission_notebook(toy.NAME, toy.NAME, "cy").grades
        for each in grades:
            each.needs_manual_grade = False
        gradebook.ask_for_a_look(verdicts["cy"], grades)
        assert not any(grade.needs_manual_grade for grade in grades)


def test_the_report_tells_lateness_marks_by_hand_links_and_who_is_missing(course):
    for student, when in [("bo", "2026-03-02 00:00:00 UTC"), ("cy 'x'#?%", "")]:
        path = toy.hand_in(course, student, DONE)
        (path.parent / "timestamp.txt").write_text(when)
    (course.submitted / "dora" / toy.NAME).mkdir(parents=True)
    (course.submitted / "emil" / "another").mkdir(parents=True)
    gradebook.register(course, toy.NAME)
    with gradebook.open_gradebook(course) as book:
        book.update_or_create_assignment(toy.NAME, duedate="2026-03-01 00:00:00 UTC")
        book.update_or_create_student("fay")
    configure(course, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    verdicts = list(grade(course).values())
    with gradebook.open_gradebook(course) as book:
        book.find_grade("why", toy.NAME, toy.NAME, "ada").manual_score = 2.5
        book.find_grade("why", toy.NAME, toy.NAME, "ada").needs_manual_grade = False
        book.db.commit()
    assert nbgrader(course, "generate_feedback", toy.NAME).returncode == 0
    found = roster(course, toy.NAME)
    assert found.absent == ["dora", "emil", "fay"]
    assert found.entries["ada"].by_hand == 2.5 and found.entries["ada"].waiting == 0
    assert found.entries["bo"].late == 86400 and found.entries["bo"].penalty == 10
    html = class_page(toy.NAME, verdicts, found)
    rows = {
        row: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)) for row, text in zip("0123", html.split("<tr>")[-4:])
    }
    text = " ".join(rows.values())
    assert "ada feedback 10 / 10 2.5" in text and "bo feedback 10 / 10 1 to mark 24 h, −10" in text
    assert "dora, emil, fay" in re.sub(r"\s+", " ", html)
    links = re.findall(r"href=\"([^\"]+)\"", html)
    assert len(links) == 8  # a hand-in, or its folder, and a page for each of four
    for link in links:
        assert (course.results / toy.NAME / unquote(link)).exists()
    assert not re.search(r"(src|href)=\"(?!data:|\.\./)", html)


# --- late hand-ins ---------------------------------------------------------------------------------------------------


def penalty(course, student="ada"):
    return submission(course, student, lambda found: found.late_submission_penalty)


def test_one_policy_for_late_hand_ins_and_a_changed_one_grades_anew(course):
    (course.submitted / "ada" / toy.NAME / "timestamp.txt").write_text("2026-03-02 00:00:00 UTC")
    configure(course)
    grade(course)
    keys = [gradebook.late_key(course, toy.NAME)]
    assert penalty(course) == 0
    with gradebook.open_gradebook(course) as book:
        book.update_or_create_assignment(toy.NAME, duedate="2026-03-01 00:00:00 UTC")
    keys.append(gradebook.late_key(course, toy.NAME))
    configure(course, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    keys.append(gradebook.late_key(course, toy.NAME))
    grade(course)
    assert penalty(course) == 10
    assert nbgrader(course, "autograde", toy.NAME, "--force").returncode == 0
    assert penalty(course) == 10
    (course.root / "policy.py").write_text(
        "from nbgrader.plugins import BasePlugin\nclass Halved(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late): return score / 2\n"
    )
    configure(course, f"sys.path[:0] = [{str(course.root)!r}]\nc.AssignLatePenalties.plugin_class = 'policy.Halved'")
    keys.append(gradebook.late_key(course, toy.NAME))
    grade(course)
    assert penalty(course) == 5
    (course.root / "policy.py").write_text((course.root / "policy.py").read_text().replace("/ 2", "/ 4 + 0"))
    sys.modules.pop("policy")
    keys.append(gradebook.late_key(course, toy.NAME))  # the policy's own text counts
    with gradebook.open_gradebook(course) as book:
        book.find_submission(toy.NAME, "ada").extension = timedelta(days=2)
        book.db.commit()
    keys.append(gradebook.late_key(course, toy.NAME))
    grade(course)
    assert penalty(course) == 0
    assert len(set(keys)) == len(keys) and keys[-1] == gradebook.late_key(course, toy.NAME)
    sys.modules.pop("policy")


def test_settings_that_can_not_be_read_are_a_sentence_and_ours_win(course):
    configure(course, "c.CourseDirectory.db_url = 'sqlite:///elsewhere.db'\nc.Exchange.root = 'x'")
    settings = grading_settings(course)
    assert settings.CourseDirectory.db_url.endswith("course/gradebook.db") and settings.Exchange.root == "x"
    configure(course, "1 / 0")
    with pytest.raises(CourseError, match=r"nbgrader_config.py cannot be read \(ZeroDivisionError: division by zero\)"):
        grading_settings(course)


# --- names -----------------------------------------------------------------------------------------------------------


def test_every_name_is_graded_exported_and_shown_without_harm(tmp_path, capfd):
    course = toy.make_course(tmp_path)
    names = [b"it's", b'a+b, "c" (d)', b"x" * 255, b"\x1b[2J\x1b]0;owned\x07", b"caf\xe9", b" ada ", b"bo[1]*"]
    for name in names:
        toy.hand_in(course, os.fsdecode(name), DONE)
    verdicts = batch.grade(course, toy.NAME, fake_examiner.hall(examine))
    assert len(verdicts) == len(names) and {v.earned for v in verdicts} == {10.0}
    assert gradebook.recorded_marks(course, toy.NAME) == {v.student: 10.0 for v in verdicts}
    with gradebook.open_gradebook(course) as book:
        CsvExportPlugin(to=str(tmp_path / "grades.csv")).export(book)
    exported = (tmp_path / "grades.csv").read_text()
    assert exported.count("10.0,13.0") == len(names) and r"caf\xe9" in exported and "\x1b" not in exported
    shown = (
        "".join(capfd.readouterr()) + marks_table(verdicts) + class_page(toy.NAME, verdicts, roster(course, toy.NAME))
    )
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", shown.replace("\x1b[A", ""))  # tqdm's own way up
    assert {v.student for v in batch.results(course, toy.NAME)} == {v.student for v in verdicts}
    seen = []

    def counting(*arguments, **options):
        seen.append(options["student"])
        return examine(*arguments, **options)

    batch.grade(course, toy.NAME, fake_examiner.hall(counting), progress=False)
    assert seen == []  # all of them are known


def test_students_have_names_in_the_formgrader(course):
    toy.hand_in(course, "ines_duarte", DONE)
    gradebook.register(course, toy.NAME)
    with gradebook.open_gradebook(course) as book:
        book.update_or_create_student("ada", first_name="Augusta", last_name="King")
    toy.hand_in(course, "s1234", DONE)
    grade(course)
    with gradebook.open_gradebook(course) as book:
        names = {student.id: (student.first_name, student.last_name) for student in book.students}
    assert names == {"ada": ("Augusta", "King"), "ines_duarte": ("ines", "duarte"), "s1234": ("", "s1234")}


# --- copies that are kept --------------------------------------------------------------------------------------------


def test_stock_autograde_keeps_the_copy_of_a_hand_in_that_it_can_not_read(course):
    toy.hand_in(course, "bo", DONE)
    grade(course)
    configure(course)
    kept = course.autograded / "ada" / toy.NAME
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    toy.hand_in(course, "ada", b"{cut")
    done = nbgrader(course, "autograde", toy.NAME, "--force")
    assert done.returncode == 1 and "is as it was before" in done.stderr
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    assert (course.autograded / "bo" / toy.NAME / f"{toy.NAME}.ipynb").exists()
    assert sorted(os.listdir(course.autograded)) == ["ada", "bo"]


# --- what went wrong, in words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"no database at all, " * 50, b"SQLite format 3\0" + b"\7" * 4000])
def test_an_empty_or_damaged_gradebook_beside_results_is_not_rebuilt(course, content):
    grade(course)
    course.gradebook.write_bytes(content)
    with pytest.raises(
        CourseError, match=r"(is empty, although there are results|is damaged \().*put a copy of it back"
    ):
        grade(course)
    assert course.gradebook.read_bytes() == content
    course.gradebook.unlink()
    assert grade(course)["ada"].earned == 10


def test_an_empty_gradebook_without_results_is_a_new_one(course):
    course.gradebook.write_bytes(b"")
    assert grade(course)["ada"].earned == 10


def test_a_page_in_the_middle_of_the_gradebook_that_is_damaged_is_seen(course):
    grade(course)
    data = bytearray(course.gradebook.read_bytes())
    data[4096:8192] = b"\7" * 4096
    course.gradebook.write_bytes(bytes(data))
    with pytest.raises(CourseError, match="is damaged"):
        grade(course)


def test_a_gradebook_in_use_says_so(course, monkeypatch):
    grade(course)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.1}))
    with connect(course.gradebook) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match="the gradebook is in use: close the formgrader"):
            grade(course)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EROFS, "can only be read"),
        (errno.EACCES, "fix its permissions"),
        (errno.ENAMETOOLONG, "shorten it"),
        (errno.ENOTDIR, "move it away"),
        (None, "fix its permissions"),
    ],
)
def test_a_write_that_fails_says_why(number, says, capsys, monkeypatch):
    error = OSError(number, os.strerror(number)) if number else OSError("odd")
    assert says in str(cannot_write(error, "results/\x1b[2Jx.json")) and "None" not in str(cannot_write(error))
    assert "\x1b" not in str(cannot_write(error, "results/\x1b[2Jx.json"))

    def fails(course, options):
        raise error

    monkeypatch.setattr(cli, "_doctor", fails)
    assert cli.main(["doctor"]) == 2
    assert says in capsys.readouterr().err


def test_a_full_disk_while_marks_are_entered_is_said_and_the_batch_goes_on(course, monkeypatch):
    toy.hand_in(course, "bo", DONE)
    record = gradebook.record

    def full(course_, verdict, *rest, **options):
        if verdict.student == "ada":
            raise OSError(errno.ENOSPC, "No space left on device")
        return record(course_, verdict, *rest, **options)

    monkeypatch.setattr(gradebook, "record", full)
    verdicts = grade(course)
    assert batch.failed(verdicts["ada"]) and "the disk is full" in verdicts["ada"].problems[0]
    assert verdicts["bo"].earned == 10


def test_database_errors_have_causes():
    for text, says in [
        ("database is locked", "in use"),
        ("database or disk is full", "disk is full"),
        ("attempt to write a readonly database", "permissions"),
        ("disk I/O error", "answers with an error"),
        ("file is not a database", "damaged"),
        ("unable to open database file", "can not be opened"),
    ]:
        assert says in first_line(sqlite3.OperationalError(text))
    assert first_line(ValueError("database is locked")) == "ValueError: database is locked"


# --- the two ways in -------------------------------------------------------------------------------------------------


def test_the_course_folder_of_the_environment_is_seen_from_the_root(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_COURSE", "build/demo")
    assert find_course(root=tmp_path).folder == tmp_path / "build/demo"
    monkeypatch.chdir("/")
    assert find_course(root=tmp_path).folder == tmp_path / "build/demo"
    assert find_course("there", root=tmp_path).folder == Path("/there")


def test_readme_starts_with_the_two_commands_and_names_what_exists():
    text = (ROOT / "README.md").read_text()
    start = text[text.index("## Start") :]
    assert re.findall(r"^make (\w+)", start, re.MULTILINE)[:2] == ["demo", "test"]
    assert "nbgrader formgrader" not in text.replace("no command `nbgrader formgrader`", "")
    assert "AUTOGRADER_COURSE=build/demo" in (ROOT / "Makefile").read_text()
