"""A release gives nothing away, is the same every time, and never overwrites what a person wrote."""

import shutil

import nbformat
import pytest
import toy_course as toy

from autograder.course import REPOSITORY, CourseError, find_course
from autograder.release import check_fresh, fingerprint, leaks, release, split_regions, student_version


@pytest.fixture
def course(tmp_path):
    return toy.make_course(tmp_path)


def released(course):
    return nbformat.read(course.release_path(toy.NAME), as_version=4)


def change_source(course, change):
    path = course.source_path(toy.NAME)
    notebook = nbformat.read(path, as_version=4)
    change({cell.id: cell for cell in notebook.cells}, notebook)
    nbformat.write(notebook, path)


def test_stubs_for_solutions_and_no_hidden_tests(course):
    release(course, toy.NAME)
    cells = {cell.id: cell for cell in released(course).cells}
    assert cells["double"].source.endswith("    # Your code here.\n    raise NotImplementedError")
    assert cells["double"].source.startswith('def double(x):\n    """Twice x."""')
    assert "double(2)" in cells["test-double"].source and "-14" not in cells["test-double"].source
    assert cells["why"].source == "*Your answer here.*"
    assert (course.release_path(toy.NAME).parent / "numbers.txt").read_text() == "1 2 3\n"


def test_same_bytes_every_time(course, tmp_path):
    release(course, toy.NAME)
    first = course.release_path(toy.NAME).read_bytes()
    other = toy.make_course(tmp_path / "elsewhere")
    release(other, toy.NAME)
    assert other.release_path(toy.NAME).read_bytes() == first
    assert release(course, toy.NAME).endswith("is fresh: nothing to do.")
    assert course.release_path(toy.NAME).read_bytes() == first


def test_check_sees_what_is_missing_or_stale_and_writes_nothing(course):
    assert len(check_fresh(course, toy.NAME)) == 2 and "is missing" in check_fresh(course, toy.NAME)[0]
    assert not course.assignments.exists()
    release(course, toy.NAME)
    assert check_fresh(course, toy.NAME) == []
    change_source(course, lambda cells, _: cells["title"].update(source="# Another title"))
    assert [line.split(":")[0] for line in check_fresh(course, toy.NAME)] == [
        f"assignments/{toy.NAME}/{toy.NAME}.ipynb is stale"
    ]


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda cells, nb: cells["title"].update(source="Hint: `twice_as_much = x + x`"), "twice_as_much = x + x"),
        (
            lambda cells, nb: cells["question"].update(source='assert_close(double(-7), -14, "double(-7)")'),
            "double(-7)",
        ),
        (lambda cells, nb: nb.metadata.update(note="return x * x * 1"), "return x * x * 1"),
        (lambda cells, nb: cells["question"].update(source="Because both sums are the same number."), "both sums"),
        (  # inside a longer line, of prose or of code
            lambda cells, nb: cells["question"].update(
                source='For we will try `if True: assert_close(double(-7), -14, "double(-7)")  # sic` on it.'
            ),
            "double(-7)",
        ),
        (
            lambda cells, nb: cells["question"].update(source="Is it Because both sums are the same number.?"),
            "both sums",
        ),
        (lambda cells, nb: nb.metadata.update({"return x * x * 1": "a key of the metadata"}), "return x * x * 1"),
    ],
)
def test_a_line_given_away_is_found(course, change, says):
    change_source(course, change)
    with pytest.raises(CourseError, match="gives away a line") as caught:
        release(course, toy.NAME)
    assert says in str(caught.value)
    assert list(course.assignments.iterdir()) == []


def test_a_solution_in_another_file_is_found(course):
    (course.source_path(toy.NAME).parent / "helpers.py").write_text("def square(x):\n    return x * x * 1\n")
    with pytest.raises(CourseError, match=r"helpers\.py gives away a line of square"):
        release(course, toy.NAME)


def test_what_students_see_anyway_is_no_leak(course, tmp_path):
    def change(cells, _):
        cells["double"].source = toy.DOUBLE.replace(
            "twice_as_much = x + x", "assert_close(double(2), 4, 'x')\n    y = 3"
        )
        cells["test-double"].source = toy.TEST_DOUBLE.replace('"double(2)"', "'x'")

    change_source(course, change)
    release(course, toy.NAME)
    assert leaks(course.source(toy.NAME), course.release_path(toy.NAME).parent) == []


def rename(cells, _):
    cells["square"].metadata["nbgrader"]["grade_id"] = "double"


@pytest.mark.parametrize(
    "change, says",
    [
        (rename, "another cell has the same grade_id"),
        (lambda c, _: c["double"].update(source="def double(x): return 2 * x"), "without a region"),
        (lambda c, _: c["double"].update(source=toy.DOUBLE.replace("### END SOLUTION", "")), "END SOLUTION is missing"),
        (
            lambda c, _: c["test-double"].update(source=toy.TEST_DOUBLE.replace("HIDDEN TESTS", "HIDDEN TEST")),
            "no marker",
        ),
        (lambda c, _: c["test-double"].update(source=toy.TEST_DOUBLE.replace("exercise.score()", "")), "must end in"),
        (lambda c, _: c["test-double"].update(source=toy.TEST_DOUBLE.replace("points=4", "points=5")), "says 5 points"),
        (lambda c, _: c["test-square"].metadata["nbgrader"].update(points=0), "has no points"),
        (
            lambda c, _: c["title"].update(source="### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n### BEGIN SOLUTION"),
            "cell 1",
        ),
        (lambda c, _: c["test-square"].metadata["nbgrader"].update(grade_id="test_cube"), "no solution cell before it"),
        (lambda c, _: c["setup"].update(source="import math\n%matplotlib inline"), "holds '%matplotlib inline'"),
        (lambda c, _: c["setup"].update(source="import math\n  x = 3"), "is not Python"),
        (
            lambda c, _: c["test-square"].update(source=f"@in_room\ndef f(): pass\n{toy.TEST_SQUARE}"),
            "the room may not see tests",
        ),
    ],
)
def test_a_faulty_source_is_refused_in_one_line_and_leaves_the_old_release(course, change, says):
    release(course, toy.NAME)
    before = course.release_path(toy.NAME).read_bytes()
    change_source(course, change)
    with pytest.raises(CourseError, match=says) as caught:
        release(course, toy.NAME)
    assert "\n" not in str(caught.value)
    assert course.release_path(toy.NAME).read_bytes() == before
    assert [path.name for path in course.assignments.iterdir()] == [toy.NAME]


def work_in(course, save_only=False):
    notebook = released(course)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = 7
            cell.outputs = [nbformat.v4.new_output("stream", text="ran")]
    if not save_only:
        notebook.cells[1].source = "def double(x):\n    return 'an evening of work'"
    nbformat.write(notebook, course.release_path(toy.NAME))


def test_work_in_a_release_is_never_overwritten(course):
    release(course, toy.NAME)
    work_in(course)
    mine = course.release_path(toy.NAME).read_bytes()
    with pytest.raises(CourseError, match=r"has been worked in.*--force"):
        release(course, toy.NAME)
    assert course.release_path(toy.NAME).read_bytes() == mine
    said = release(course, toy.NAME, force=True)
    kept = [path for path in course.assignments.glob("*.ipynb")]
    assert len(kept) == 1 and kept[0].read_bytes() == mine and kept[0].name in said
    assert check_fresh(course, toy.NAME) == []


def test_running_and_saving_is_not_editing(course):
    release(course, toy.NAME)
    work_in(course, save_only=True)
    release(course, toy.NAME)
    assert check_fresh(course, toy.NAME) == []


def test_other_files_of_a_person_stay_and_files_of_the_old_release_go(course):
    release(course, toy.NAME)
    place = course.release_path(toy.NAME).parent
    (place / "my notes.txt").write_text("mine")
    (course.source_path(toy.NAME).parent / "numbers.txt").rename(course.source_path(toy.NAME).parent / "data.txt")
    release(course, toy.NAME)
    assert {path.name for path in place.iterdir()} == {f"{toy.NAME}.ipynb", "data.txt", "my notes.txt"}


def test_the_student_version_is_what_nbgrader_releases_but_for_hidden_tests(course):
    release(course, toy.NAME)
    ours = {cell.id: cell.source for cell in student_version(toy.source()).cells}
    theirs = {cell.id: cell.source for cell in released(course).cells}
    assert ours.keys() == theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} == {"test-double"}
    assert fingerprint(released(course)) == released(course).metadata["release"]["cells"]


def test_regions():
    assert split_regions("a\n### BEGIN SOLUTION\nb\n### END SOLUTION\nc", "SOLUTION") == (["b"], ["a", "c"])
    for bad in (
        "### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION",
        "### begin solution",
        "### BEGIN SOLUTIONS",
    ):
        with pytest.raises(ValueError, match="###"):
            split_regions(bad, "SOLUTION")


# --- the course's own assignments ------------------------------------------------------------------------------------

OURS = find_course(REPOSITORY / "autograder")


@pytest.mark.parametrize("name", OURS.assignment_names())
def test_a_committed_release_is_fresh_and_gives_nothing_away(name):
    assert check_fresh(OURS, name) == []
    assert leaks(OURS.source(name), OURS.release_path(name).parent) == []


def test_every_committed_release_has_a_source():
    assert OURS.assignment_names()
    assert sorted(p.name for p in OURS.assignments.iterdir() if p.is_dir()) == OURS.assignment_names()


def test_a_leak_in_a_real_release_is_found(tmp_path):
    """Every line of every solution and hidden test that is not public anyway, put into the release by itself."""
    name = OURS.assignment_names()[0]
    source, folder = OURS.source(name), tmp_path / name
    shutil.copytree(OURS.release_path(name).parent, folder)
    for cell in source.cells:
        for kind in ("SOLUTION", "HIDDEN TESTS"):
            if hidden := [line for line in split_regions(cell.source, kind)[0] if len(line.strip()) > 30]:
                (folder / "notes.md").write_text("\n".join(["As I said:", *hidden]))
                assert leaks(source, folder), cell.id


def test_a_marker_in_another_file_is_found(course):
    (course.source_path(toy.NAME).parent / "helpers.py").write_text("### BEGIN SOLUTION\n### END SOLUTION\n")
    with pytest.raises(CourseError, match=r"helpers\.py still holds the marker BEGIN SOLUTION"):
        release(course, toy.NAME)


def test_a_course_keeps_its_secret_to_its_owner(tmp_path):
    course = toy.make_course(tmp_path / "one")
    secret = course.secret()
    assert len(secret) >= 32 and course.secret() == secret
    assert (course.folder / "secret.txt").stat().st_mode & 0o777 == 0o600
    assert toy.make_course(tmp_path / "other").secret() != secret
    (course.folder / "secret.txt").write_text("moved here\n")
    assert course.secret() == "moved here"


def test_a_course_is_found_where_it_is_said_to_be(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    assert find_course(root=tmp_path).folder == tmp_path / "autograder"
    monkeypatch.setenv("AUTOGRADER_COURSE", str(tmp_path / "from the environment"))
    assert find_course(root=tmp_path).folder == tmp_path / "from the environment"
    assert find_course(tmp_path / "said", root=tmp_path).folder == tmp_path / "said"
    with pytest.raises(CourseError, match=r"rename it without \* \["):
        find_course(tmp_path / "a[1*", root=tmp_path)


def test_a_source_is_asked_for_by_its_name(course):
    with pytest.raises(CourseError, match="did you mean a0_toy"):
        course.source("a0_tyo")
    with pytest.raises(CourseError, match="there are: a0_toy"):
        course.source("zzz")
    course.source_path(toy.NAME).write_text("no notebook")
    with pytest.raises(CourseError, match=r"is not a notebook .* restore it from git"):
        course.source(toy.NAME)
