"""Every verb does its one thing; every error is one line with cause and cure, exit code 2, and nothing half-written."""

import json
import subprocess
import sys

import fake_examiner
import nbformat
import pytest
import toy_course as toy

from autograder import cli
from autograder.classroom import batch
from autograder.course import CourseError, find_course
from autograder.exam import examiner, walls
from autograder.proof import sample_class
from autograder.proof.answers import hand_in
from autograder.release import student_version


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A toy course that the command line takes for its own, with two hand-ins."""
    course = toy.make_course(tmp_path)
    toy.hand_in(course, "ada", hand_in(toy.source()))
    toy.hand_in(course, "bo", nbformat.writes(student_version(toy.source())).encode())
    monkeypatch.setattr(cli, "find_course", lambda folder: find_course(folder or course.folder, course.root))
    monkeypatch.setattr(batch.grade, "__defaults__", (fake_examiner.hall(), True, False, None, None))
    monkeypatch.setattr(examiner, "examine", fake_examiner.examine)
    return course


def run(capsys, *arguments):
    code = cli.main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def fails(capsys, *arguments):
    """The error line of a command that must fail with exit code 2."""
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and err.count("\n") == 1 and err.startswith("autograder: ")
    return err


def test_release_and_its_check(course, capsys):
    assert run(capsys, "release", "--all", "--check")[0] == 1
    assert run(capsys, "release", toy.NAME)[:2] == (0, f"assignments/{toy.NAME}/{toy.NAME}.ipynb released.\n")
    assert run(capsys, "release", "--all", "--check")[:2] == (0, "every release is fresh.\n")


def test_grade_prints_marks_with_reasons_and_writes_json(course, capsys, tmp_path):
    code, out, _ = run(capsys, "grade", toy.NAME, "--json", str(tmp_path / "all.json"))
    assert code == 0
    assert "ada         10 / 10  every check passed" in out
    assert "bo           0 / 10  nothing is written" in out
    data = json.loads((tmp_path / "all.json").read_text())
    assert [entry["student"] for entry in data] == ["ada", "bo"] and data[0]["exercises"][0]["checks"]


def test_grade_as_many_at_a_time_as_asked(course, capsys, monkeypatch):
    asked = []
    grade = batch.grade
    monkeypatch.setattr(batch, "grade", lambda *a, jobs, **o: (asked.append(jobs), grade(*a, jobs=jobs, **o))[1])
    assert run(capsys, "grade", toy.NAME, "--jobs", "3")[0] == run(capsys, "grade", toy.NAME)[0] == 0
    assert asked == [3, None]
    for number in ("0", "-2", "many"):
        with pytest.raises(SystemExit):
            cli.main(["grade", toy.NAME, "--jobs", number])
        assert "--jobs" in capsys.readouterr().err


def test_grade_ends_loudly_where_the_grader_failed(course, capsys, monkeypatch):
    def broken(*args, **options):
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr(batch.grade, "__defaults__", (fake_examiner.hall(broken), True, False, None, None))
    code, out, err = run(capsys, "grade", toy.NAME)
    assert code == 1 and "a bug of ours" in out and "The grader failed on 'ada', 'bo'" in err


def test_check_ones_own_work(course, capsys):
    run(capsys, "release", toy.NAME)
    assert "all together: 0 of 10 points" in run(capsys, "check", toy.NAME)[1]
    mine = course.submitted / "ada" / toy.NAME / f"{toy.NAME}.ipynb"
    assert "all together: 10 of 10 points" in run(capsys, "check", toy.NAME, "--notebook", str(mine))[1]
    mine.write_text(mine.read_text().replace("x + x", "abs(x) * 2"))
    code, out, _ = run(capsys, "check", toy.NAME, "--notebook", str(mine), "--hints", "1")
    assert code == 0 and "all together: 7 of 10 points" in out and "hint: Does it work below zero?" in out
    assert "hint:" not in run(capsys, "check", toy.NAME, "--notebook", str(mine), "--hints", "0")[1]
    mine.write_text("{}")
    assert "not a notebook: it has no list of cells" in fails(capsys, "check", toy.NAME, "--notebook", str(mine))


def test_report_writes_one_page(course, capsys):
    assert "run `autograder grade" in fails(capsys, "report", toy.NAME)
    run(capsys, "grade", toy.NAME)
    code, out, _ = run(capsys, "report", toy.NAME)
    page = course.results / toy.NAME / "report.html"
    assert code == 0 and str(page) in out and "ada" in page.read_text()


@pytest.mark.parametrize("verb", ["release", "grade", "check", "report", "prove"])
def test_an_assignment_that_does_not_exist(course, capsys, verb):
    assert "did you mean a0_toy?" in fails(capsys, verb, "a0_tos")
    assert "there are: a0_toy" in fails(capsys, verb, "zzz")


def test_no_walls_means_no_grading_unless_asked(course, capsys, monkeypatch):
    monkeypatch.setattr(walls, "find_walls", lambda: "bubblewrap is not installed: `apt install bubblewrap`")
    said = fails(capsys, "grade", toy.NAME)
    assert "apt install bubblewrap" in said and "--no-walls" in said
    assert not course.gradebook.exists()
    code, _, err = run(capsys, "grade", toy.NAME, "--no-walls")
    assert code == 0 and "no walls" in err


def test_missing_things_and_no_permission(course, capsys, tmp_path, monkeypatch):
    assert "there is no folder" in fails(capsys, "--course", str(tmp_path / "empty"), "grade", toy.NAME)
    run(capsys, "release", toy.NAME)
    assert "cannot be read" in fails_after_notice(capsys, "check", toy.NAME, "--notebook", str(tmp_path / "no.ipynb"))
    (tmp_path / "file").write_text("")
    assert "cannot be written" in fails(capsys, "sample-class", "a2_layers", str(tmp_path / "file" / "x"))
    assert "name one assignment, or --all" in fails(capsys, "release")
    assert "rename it without" in fails(capsys, "--course", str(tmp_path / "a[1]"), "grade", toy.NAME)
    course.source_path(toy.NAME).write_text("{broken")
    assert "is not a notebook" in fails(capsys, "release", toy.NAME)


def fails_after_notice(capsys, *arguments):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == ""
    return err.splitlines()[-1]


def test_it_is_a_program():
    done = subprocess.run([sys.executable, "-m", "autograder", "grade", "a2_lairs"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "did you mean a2_layers?" in done.stderr


# --- the bundled class -----------------------------------------------------------------------------------------------


def test_the_sample_class_is_the_same_every_time_and_keeps_out_of_the_way(tmp_path):
    course = find_course(tmp_path)
    members = sample_class.build(course, "a2_layers", tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}
    sample_class.build(course, "a2_layers", tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")} == first
    assert len(members) == len(first) + 1  # one of them hands in nothing
    (tmp_path / "submitted" / "a_real_student").mkdir()
    with pytest.raises(CourseError, match="holds other hand-ins"):
        sample_class.build(course, "a2_layers", tmp_path)


ROSTER = """
[[person]]
student = "ada"
about = "right"
expected = [10, 10]
right = "style"

[[person]]
student = "bo"
about = "no file"
expected = [0, 2.5]
only = ["double"]
blank = true
spoil = "deletes_tests"
cells = ["test_double"]
"""


@pytest.fixture
def roster(tmp_path):
    """A place for a sample class of the toy assignment: a function that writes its roster."""
    folder = tmp_path / "answers" / toy.NAME
    for kind in ("right", "class"):
        (folder / kind).mkdir(parents=True)
    (folder / "right" / "style.py").write_text("")

    def write(text):
        (folder / "class" / "roster.toml").write_text(text)
        return tmp_path / "answers"

    return write


def test_a_roster_is_read(roster):
    answers = roster(ROSTER)
    assert sample_class.classes(answers) == [toy.NAME]
    ada, bo = sample_class.people(toy.NAME, answers)
    assert (ada.student, ada.expected, ada.right, ada.blank, ada.whole_right_answer) == (
        "ada",
        (10, 10),
        "style",
        False,
        True,
    )
    assert (bo.only, bo.blank, bo.spoil, bo.cells) == (("double",), True, "deletes_tests", ("test_double",))
    assert not bo.whole_right_answer
    spoilt = nbformat.reads(sample_class.notebook_of(bo, toy.source(), toy.NAME).decode(), as_version=4)
    assert "test_double" not in [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in spoilt.cells]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('about = "right"', 'wrong = "key"', "person 1 (ada): unknown key 'wrong'; there are student, about, expected"),
        ("blank = true", 'blank = "yes"', "person 2 (bo): blank is 'yes'; a bool is needed"),
        ('about = "no file"\n', "", "person 2 (bo): about is missing"),
        ('"ada"', '"a/da"', "a student is one word"),
        ("[10, 10]", "[10]", "expected is [10]; two marks [low, high] are needed"),
        ("[10, 10]", "[10, 2]", "two marks [low, high]"),
        ("[10, 10]", "[1, 2, 3]", "two marks [low, high]"),
        ('"deletes_tests"', '"os.remove"', "nothing is called 'os.remove'; spoil is one of copies_cells"),
        ('"bo"', '"ada"', "ada is there twice"),
        ('"style"', '"haste"', "which does not exist"),
        ("[[person]]", "[[person", "can not be read"),
        (ROSTER, "person = [1]", "each member starts with a line [[person]]"),
    ],
)
def test_a_faulty_roster_is_a_sentence(roster, old, new, words):
    assert old in ROSTER
    with pytest.raises(CourseError) as caught:
        sample_class.people(toy.NAME, roster(ROSTER.replace(old, new, 1)))
    assert words in str(caught.value) and "roster.toml" in str(caught.value)


def test_a_member_without_a_file_or_a_file_without_a_member(roster):
    answers = roster(ROSTER)
    with pytest.raises(CourseError, match=f"there is one for {toy.NAME}"):
        sample_class.people("a5", answers)
    (answers / toy.NAME / "class" / "cleo.py").write_text("")
    with pytest.raises(CourseError, match="nobody is called cleo"):
        sample_class.people(toy.NAME, answers)


def test_a_cell_that_does_not_exist_is_named(roster):
    answers = roster(ROSTER.replace('"test_double"', '"test_treble"'))
    bo = sample_class.people(toy.NAME, answers)[1]
    with pytest.raises(CourseError, match="bo has no cell test_treble"):
        sample_class.notebook_of(bo, toy.source(), toy.NAME)
