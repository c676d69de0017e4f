"""Whatever a hand-in lost on its way, its answers are found, graded, and a person is told to look."""

import base64
import json
import random

import nbformat
import pytest
import toy_course as toy

from autograder.exam import notebook, placing
from autograder.exam.examiner import examine
from autograder.exam.notebook import MISSING, grade_id, has_work, read, role
from autograder.proof.answers import hand_in
from autograder.release import student_version

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
WHY = "Both are four: two and two is two times two."
OWN = "def helper(x):\n    return x"


@pytest.fixture(scope="module")
def source():
    return toy.source()


def cells_of(source, blank=False):
    """A right hand-in's cells, or the released ones: setup 1, double 2, test 3, square 4, test 5, question 6, why 7."""
    cells = json.loads(nbformat.writes(student_version(source)) if blank else hand_in(source))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells]


def pack(cells):
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def bare(cell, **more):
    """A cell as another editor saves it: text and kind alone."""
    return {"cell_type": cell["cell_type"], "source": cell["source"], "metadata": {}} | more


def own(text, kind="code", **more):
    return {"cell_type": kind, "source": text, "metadata": {}, **more}


def order(paper):
    return [grade_id(cell) or cell.source.splitlines()[0][:20] for cell in paper.notebook.cells]


def text(paper, name):
    return next(cell.source for cell in paper.notebook.cells if grade_id(cell) == name)


IN_ORDER = ["# Toy", "setup", "double", "test_double", "square", "test_square", "Why is double(2) equ", "why"]


def marks(source, cells):
    verdict, clean = examine(source, pack(cells), student="s", assignment=toy.NAME)
    nbformat.validate(clean)
    return [exercise.earned for exercise in verdict.exercises], verdict


def test_what_is_as_handed_out_needs_no_look(source):
    for blank in (True, False):
        paper = read(source, pack(cells_of(source, blank)))
        assert paper.problems == [] and paper.look == [] and order(paper) == IN_ORDER


def test_a_notebook_without_any_metadata_is_graded_and_said(source):
    earned, verdict = marks(source, [bare(cell) for cell in cells_of(source)])
    assert earned == [4, 6]
    assert verdict.look[0].startswith("5 of 6 cells came without nbgrader's marks and were recognised by what they")
    assert verdict.look[0].endswith("among them the answers double, square")
    assert any("hand in the notebook that you were given" in problem for problem in verdict.problems)


def test_only_the_answers_in_a_new_notebook(source):
    """No check, no given cell, no mark: helpers between, names in another order."""
    cells = [own("import math"), own(toy.SQUARE), own(OWN), own(f"{OWN}\n\ndef double(x):\n    return helper(x) * 2")]
    earned, verdict = marks(source, cells)
    assert earned == [6, 4]  # in the student's order
    assert "the cell test_double was missing: it was put back" in verdict.problems


@pytest.mark.parametrize("kept", [("double",), ("setup", "square"), ("test_double", "why")])
def test_some_cells_lost_their_metadata(source, kept):
    cells = [c if c["metadata"].get("nbgrader", {}).get("grade_id") in kept else bare(c) for c in cells_of(source)]
    cells[7]["source"] = WHY
    paper = read(source, pack(cells))
    assert order(paper) == IN_ORDER and text(paper, "why") == WHY and len(paper.look) in (1, 2)
    assert len([role(cell) for cell in paper.notebook.cells if role(cell) == "test"]) == 2


def test_ids_of_cells_tell_them_too(source):
    """As Colab keeps them, in the metadata: an answer far from its question, and one that defines something else."""
    cells = [bare(cell, metadata={"id": cell["id"]}) for cell in cells_of(source)]
    cells[7]["source"], cells[2]["source"] = WHY, "def duoble(x):\n    return 2 * x"
    paper = read(source, pack([cells[7], *cells[:7]]))
    assert text(paper, "why") == WHY and text(paper, "double").startswith("def duoble")


def test_edited_checks_are_recognised_and_replaced(source):
    cells = [bare(cell) for cell in cells_of(source)]
    cells[5]["source"] = cells[5]["source"].replace("9", "99") + "\nprint('hi')"
    paper = read(source, pack(cells))
    assert order(paper) == IN_ORDER and text(paper, "test_square") == toy.TEST_SQUARE


def test_missing_checks_come_behind_the_students_own_code(source):
    cells = cells_of(source)
    tests = {3, 5}
    cells = [cell for i, cell in enumerate(cells) if i not in tests]
    cells.insert(3, own("def double(x):\n    return better(x)", id="later"))
    cells.insert(4, own("def better(x):\n    return 2 * x"))
    cells.insert(5, own("## Exercise 2", "markdown"))
    paper = read(source, pack(cells))
    assert order(paper)[2:8] == [
        "double",
        "def double(x):",
        "def better(x):",
        "test_double",
        "## Exercise 2",
        "square",
    ]
    assert marks(source, cells)[0] == [4, 6]


def test_missing_given_cells_come_before_what_needs_them(source):
    cells = cells_of(source)
    paper = read(source, pack([own("x = assert_close"), *cells[2:]]))
    assert order(paper)[:3] == ["setup", "x = assert_close", "double"]


@pytest.mark.parametrize("copy", [lambda cell: dict(cell), bare], ids=["with its marks", "without"])
def test_a_check_copied_above_the_answer_does_not_lose_it(source, copy):
    cells = cells_of(source)
    earned, verdict = marks(source, [cells[1], copy(cells[3]), copy(cells[5]), *cells[2:]])
    assert earned == [4, 6] and len(verdict.exercises) == 2
    assert any("test_double is there twice" in problem for problem in verdict.problems)


def test_checks_moved_above_their_answers_run_after_them(source):
    cells = cells_of(source)
    paper = read(source, pack([cells[5], cells[3], cells[4], cells[2], own(OWN), cells[1]]))
    assert order(paper) == ["square", "test_square", "why", "double", "def helper(x):", "test_double", "setup"]


def test_of_two_answers_the_first_one_counts_unless_it_is_the_stub(source):
    cells, stubs = cells_of(source), cells_of(source, blank=True)
    other = dict(cells[2], source="def double(x):\n    return 0")
    paper = read(source, pack([*cells[:3], other, *cells[3:]]))
    assert text(paper, "double") == cells[2]["source"]
    assert "the cell double is there twice: the first one counts as the answer" in paper.problems
    assert paper.look[0].startswith("the cell double is there twice: the first one counts as the answer; the other")
    assert marks(source, [*cells[:3], other, *cells[3:]])[0] == [4, 6]  # the other one does not overwrite it
    paper = read(source, pack([*cells[:2], stubs[2], *cells[2:]]))
    assert text(paper, "double") == cells[2]["source"]
    assert "the first one is as it was handed out, no. 2 counts" in paper.problems[0]
    same = read(source, pack([*cells, cells[2]]))
    assert len(same.problems) == 1 and same.look == []


def test_a_copied_cell_that_holds_a_helper_is_run(source):
    cells = cells_of(source)
    helper = dict(cells[2], source="def helper(x):\n    return 2 * x")
    cells[2]["source"] = "def double(x):\n    return helper(x)"
    assert marks(source, [*cells[:3], helper, *cells[3:]])[0] == [4, 6]


def test_an_answer_beside_its_untouched_stub_is_taken(source):
    cells, stubs = cells_of(source), cells_of(source, blank=True)
    earned, verdict = marks(source, [*cells[:2], bare(cells[2]), stubs[2], *cells[3:]])
    assert earned == [4, 6]
    assert "the cell double is as it was handed out; another cell defines double and was taken" in verdict.look[0]
    below = read(source, pack([*cells[:2], *stubs[2:4], bare(cells[2]), *cells[4:]]))
    assert order(below)[2:4] == ["double", "test_double"]


RETYPED = {
    "its cell is missing": lambda cells: [*cells[:7], own(WHY, "markdown")],
    "its cell is still the stub": lambda cells: [*cells[:7], own(WHY, "markdown"), cells[7]],
    "below the stub": lambda cells: [*cells, own(WHY, "markdown")],
    "as comments in a code cell": lambda cells: [*cells[:7], own(f"# {WHY}"), cells[7]],
    "as prose in a code cell": lambda cells: [*cells, own(WHY.replace(":", ""))],
    "no mark anywhere": lambda cells: [*map(bare, cells[:7]), own(WHY, "markdown")],
    "without the question": lambda cells: [*cells[:6], own(WHY, "markdown")],
}


@pytest.mark.parametrize("spoil", RETYPED.values(), ids=RETYPED)
def test_a_written_answer_retyped_in_a_cell_of_its_own_is_placed(source, spoil):
    cells = cells_of(source)
    cells[7] = cells_of(source, blank=True)[7]
    paper = read(source, pack(spoil(cells)))
    assert text(paper, "why").lstrip("# ").startswith("Both are four")
    assert sum(WHY[:13] in cell.source for cell in paper.notebook.cells) == 1
    assert any("written answer why stood in a cell of its own" in said for said in paper.look)


def test_what_is_no_written_answer_is_not_taken_for_one(source):
    cells = cells_of(source, blank=True)
    own_cells = [own("x = 3"), own("for i in range(3):"), own("print(double(2))"), own(cells[0]["source"], "markdown")]
    paper = read(source, pack([own("My notes", "markdown"), *cells[:7], *own_cells]))
    assert text(paper, "why") == MISSING
    assert paper.look == ["the written answer why is missing: see whether it stands somewhere else"]
    assert read(source, pack([own(WHY, "markdown"), *cells])).look == []


def test_has_work(source):
    blank = cells_of(source, blank=True)
    assert not has_work(source, pack(blank)) and not has_work(source, b"{") and not has_work(source, None)
    assert not has_work(source, pack([])) and not has_work(source, pack(list(map(bare, blank))))
    assert has_work(source, pack(cells_of(source)))
    assert has_work(source, pack([*blank[:7], own(WHY, "markdown")]))
    assert has_work(source, pack([own("def square(x): return x * x")]))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings(source, encoding):
    cells = cells_of(source)
    cells[7]["source"] = "Weil ½ + ½ = 1 ist"
    data = pack(cells).decode()
    data = json.dumps(json.loads(data), ensure_ascii=False).encode(encoding)
    assert notebook.unreadable(data) == "" and text(read(source, data), "why") == "Weil ½ + ½ = 1 ist"


def test_what_can_not_be_read_needs_a_look_and_an_empty_folder_does_not(source):
    assert read(source, b"{half").look == ["the file is not a notebook: it is not JSON (line 1)"]
    assert read(source, pack([])).look == ["the notebook has no cells"]
    assert "a number in it is too long" in read(source, b'{"a": ' + b"1" * 5000 + b"}").problems[0]
    assert read(source, None).look == []


def test_pictures_are_kept_and_nothing_else(source):
    cells = cells_of(source)
    attached = {
        "a.png": {"image/png": PNG},
        "b.svg": {"image/svg+xml": base64.b64encode(b"<svg onload='alert(1)'></svg>").decode()},
        "c.png": {"image/png": "not base64!"},
        "d.png": {"image/png": "A" * (notebook.MAX_PICTURE * 2)},
        "e.html": {"text/html": "PGI+"},
        "f.jpg": ["image/jpeg"],
        "g\ud800.gif": {"image/gif": [PNG]},
    }
    cells[7]["attachments"] = attached
    cells.append(
        own("![](attachment:a.png)", "markdown", attachments={"a.png": {"image/svg+xml": "", "image/png": PNG}})
    )
    cells.append(own("x = 1", attachments={"a.png": {"image/png": PNG}}))
    paper = read(source, pack(cells))
    why, last = [cell for cell in paper.notebook.cells if cell.get("attachments")]
    assert dict(why.attachments) == {"a.png": {"image/png": PNG}} == dict(last.attachments)
    assert "6 attached files left out" in paper.problems[0] and paper.problems[0] in paper.look
    nbformat.validate(paper.notebook)
    nbformat.writes(paper.notebook).encode()
    many = [own("x", "markdown", attachments={f"{i}.png": {"image/png": PNG}}) for i in range(60)]
    kept = [cell for cell in read(source, pack([*cells_of(source), *many])).notebook.cells if cell.get("attachments")]
    assert len(kept) == notebook.MAX_PICTURES


def test_no_notebook_whatever_breaks_the_reading(source):
    """Cells shuffled, cut, copied, their marks swapped, odd values in every field: a paper always, every check once."""
    random.seed(5)
    odd = [None, 7, [], {}, "x", ["def double(x):", 3], "\ud800", {"nbgrader": 3}, {"nbgrader": {"grade_id": ["why"]}}]
    for _ in range(150):
        cells = [*cells_of(source), *cells_of(source, blank=True)]
        random.shuffle(cells)
        cells = cells[: random.randrange(len(cells))]
        for cell in random.sample(cells, len(cells) // 2):
            cell[random.choice(["metadata", "source", "id", "cell_type", "attachments"])] = random.choice(odd)
        paper = read(source, pack([*cells, *random.sample(odd, 2)]))
        names = [grade_id(cell) for cell in paper.notebook.cells if role(cell)]
        assert sorted(names) == sorted(notebook.known_cells(source))
        for name in ("double", "square"):
            assert names.index(name) < names.index(f"test_{name}") or text(paper, name) == MISSING
        nbformat.validate(paper.notebook)


def test_released_is_what_nbgrader_releases(source):
    for cell, out in zip(source.cells, student_version(source).cells, strict=True):
        if role(cell) in ("solution", "written"):
            assert placing.released(cell) == out.source
    assert "### " not in placing.released(source.cells[3]) and "-14" not in placing.released(source.cells[3])
