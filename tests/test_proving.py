"""The machinery that tests the tests: it must see a wrong answer that is right, and a right one that is wrong."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import nbformat
import pytest
import toy_course

from autograder.course import Course, CourseError, find_course
from autograder.exam.walls import find_walls
from autograder.proof import proving
from autograder.proof.answers import AnswersError, hand_in, read_answers, solution_cells, without_marks
from autograder.proof.mutants import Mutant, mutants
from autograder.proof.proving import prove

WALLS = find_walls() is None

RIGHT = '''
"""Right."""
# %% double
def double(x):
    return x * 2

# %% square | by itself
def square(x):
    return x ** 2
'''

WRONG = '''
"""Wrong."""
two = 2

# %% double | only without a sign
# caught by: negative numbers
def double(x):
    return abs(x) * two

# %% square | doubles
# caught by: three
def square(x):
    return x * two
'''

EQUIVALENT = """
[[mutant]]
exercise = "square"
before = "return x * x * 1"
after = "return (x * x / 1)"
reason = "one divides as it multiplies, and 9.0 equals 9"
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The toy course with answers that prove it."""
    monkeypatch.setattr(proving, "WRONG_ANSWERS", 1)
    monkeypatch.setattr(proving, "RIGHT_ANSWERS", 1)
    monkeypatch.setattr(proving, "CAUGHT", 0.8)  # of five
    course = toy_course.make_course(tmp_path)
    write(course, "right/style.py", RIGHT)
    write(course, "wrong/all.py", WRONG)
    write(course, "wrong/equivalent_mutants.toml", EQUIVALENT)
    return course


def write(course: Course, name: str, text: str) -> Path:
    kind, _, file = name.partition("/")
    path = course.root / "autograder" / "answers" / toy_course.NAME / kind / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return path


def proof_of(course: Course) -> proving.Proof:
    return prove(course, toy_course.NAME, jobs=2, repeat=2, walls=WALLS, progress=False)


# --- the file format -------------------------------------------------------------------------------------------------


def test_cells_are_read_with_their_notes_and_the_code_they_share(course: Course) -> None:
    path = write(course, "wrong/all.py", WRONG.replace("three\n", "three; four\n# also: double, triple\n"))
    double, square = read_answers(path)
    assert (double.exercise, double.title, double.where) == ("double", "only without a sign", "all.py:4")
    assert double.code == "two = 2\n\n\ndef double(x):\n    return abs(x) * two"
    assert (double.caught_by, double.also) == (("negative numbers",), ())
    assert (square.caught_by, square.also) == (("three", "four"), ("double", "triple"))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\n# %% double\nx = 2", 1, "no docstring"),
        ('"""Empty."""\nx = 1', 1, "no cell"),
        ('"""Bad."""\n# %% double: a colon\nx = 1', 2, "it must read '# %% <exercise> | <title>'"),
        ('"""Bad."""\n# %%\nx = 1', 2, "it must read"),
        ('"""Bad."""\n# %% double\n\n# %% square\nx = 1', 2, "the cell is empty"),
        ('"""Bad."""\n# %% double\n# caught by:\nx = 1', 3, "names nothing"),
        ('"""Bad."""\n# %% double | a\nx = 1\n# %% double | a\nx = 2', 4, "titles must differ"),
        ('"""Bad."""\n# %% double\nx = 1\nx = = 2', 4, "not Python"),
    ],
)
def test_a_faulty_file_is_named_with_its_line(course: Course, text: str, line: int, words: str) -> None:
    path = write(course, "wrong/bad.py", text)
    with pytest.raises(AnswersError) as caught:
        read_answers(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnswersError, match="can not be read"):
        read_answers(tmp_path / "none.py")


def test_an_unknown_exercise_is_named_with_those_there_are(course: Course) -> None:
    path = write(course, "wrong/all.py", WRONG.replace("%% square", "%% cube"))
    with pytest.raises(AnswersError, match=r"all.py:9: no exercise 'cube'; there are double, square"):
        hand_in(toy_course.source(), read_answers(path))


def test_a_hand_in_holds_the_answers_and_no_hidden_test(course: Course) -> None:
    source = toy_course.source()
    answers = read_answers(write(course, "wrong/all.py", WRONG))
    mixed = nbformat.reads(hand_in(source, answers[:1]).decode(), as_version=4)
    assert {name: cell.source for name, cell in solution_cells(mixed).items()} == {
        "double": answers[0].code,
        "square": without_marks(toy_course.SQUARE),
    }
    blank = hand_in(source, blank=True).decode()
    assert "NotImplementedError" in blank and "twice_as_much" not in blank
    assert "HIDDEN" not in blank + nbformat.writes(mixed) and "SOLUTION" not in nbformat.writes(mixed)
    assert source == toy_course.source()
    bare = nbformat.reads(hand_in(source, bare=True).decode(), as_version=4)
    assert [cell.id for cell in bare.cells] == ["setup", "double", "test-double", "square", "test-square", "why"]


# --- mutants ---------------------------------------------------------------------------------------------------------


def test_mutants_change_one_thing_and_leave_text_alone() -> None:
    code = 'def f(x, axis=0):\n    """Sum -1."""\n    if x.ndim < 1:\n        raise ValueError(f"{x.ndim + 1} axes")\n'
    code += "    é = 'é'; y = x[1:] + x.sum(axis)  # kept\n    y[0] = 5.0\n    return y\n"
    made = mutants("f", code)
    assert made == mutants("f", code)
    assert len({mutant.code for mutant in made}) == len(made)
    after = [mutant.after for mutant in made]
    assert "if (x.ndim <= 1):" in after
    assert "def f(x, axis=1):" in after
    assert "pass" in after
    assert "é = 'é'; y = x[:] + x.sum(axis) # kept" in after
    assert "é = 'é'; y = x[1:] + x.mean(axis) # kept" in after
    for mutant in made:
        compile(mutant.code, "f", "exec")
        assert '"""Sum -1."""' in mutant.code and "'é'" in mutant.code
        assert ('raise ValueError(f"{x.ndim + 1} axes")' in mutant.code) or mutant.after == "pass"


# --- proving ---------------------------------------------------------------------------------------------------------


def test_good_tests_are_proved(course: Course) -> None:
    proof = proof_of(course)
    assert proof.ok, proof.table()
    assert proof.right == 1
    assert [tally.wrong_caught for tally in proof.tallies.values()] == [1, 1]
    assert proof.tallies["double"].mutants == proof.tallies["double"].mutants_caught > 0
    assert "a0_toy: proved" in proof.table()


def test_every_kind_of_fault_is_found(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "CAUGHT", 0.95)
    write(course, "right/style.py", RIGHT.replace("x ** 2", "x ** 3"))
    wrong = WRONG.replace("abs(x) * two", "x + x").replace("caught by: three", "caught by: four\n# also: double")
    write(course, "wrong/all.py", wrong)
    stale = EQUIVALENT.replace("/ 1", "/ 3")
    write(course, "wrong/equivalent_mutants.toml", stale)
    faults = proof_of(course).faults
    expected = [
        "right answer style.py loses points in square (three: square(3) is 27, expected 9)",
        "'only without a sign' gets full marks in double: no check sees what is wrong",
        "'doubles' names the check 'four', which does not exist",
        "'doubles' is not caught by four, but by: three",
        "'doubles' names double in 'also', which loses nothing",
        "mutant not caught, and not argued equivalent: square: return x * x * 1  ->  return (x * x / 1)",
        "stale in equivalent_mutants.toml",
        "4 of 5 mutants caught: at least 95% are needed",
    ]
    for words in expected:
        assert any(words in fault for fault in faults), (words, faults)
    assert len(faults) == len(expected), faults


def test_an_answer_that_harms_another_exercise_is_found(course: Course) -> None:
    source = toy_course.source()
    double = next(cell for cell in source.cells if cell.source == toy_course.DOUBLE)
    double.source = double.source.replace("x + x", "helper(x)")
    double.source += "\n\n\ndef helper(x):\n    ### BEGIN SOLUTION\n    return x + x\n    ### END SOLUTION"
    square = next(cell for cell in source.cells if cell.source == toy_course.SQUARE)
    square.source = square.source.replace("x * x * 1", "helper(x) * x // 2")
    nbformat.write(source, course.source_path(toy_course.NAME))
    harmful = WRONG.replace("    return abs(x) * two", "    return abs(x) * two\n\n\ndef helper(x):\n    return 5")
    write(course, "wrong/all.py", harmful)
    faults = proof_of(course).faults
    assert any("'only without a sign' loses points in square too, which 'also' does not name" in f for f in faults), (
        faults
    )


def test_too_few_answers_are_a_fault(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "WRONG_ANSWERS", 8)
    monkeypatch.setattr(proving, "RIGHT_ANSWERS", 3)
    monkeypatch.setattr(proving, "reference_mutants", lambda source: [])
    faults = " ".join(proof_of(course).faults)
    assert "square has 1 wrong answers: at least 8" in faults and "there are 1 right answers: at least 3" in faults


def test_a_mutant_that_hangs_is_caught_by_the_clock(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "MUTANT_SECONDS", 5.0)
    endless = Mutant("square", "", "", "def square(x):\n    while True:\n        pass")
    monkeypatch.setattr(proving, "reference_mutants", lambda source: [endless])
    started = time.monotonic()
    proof = proof_of(course)
    assert proof.tallies["square"].mutants_caught == 1
    assert time.monotonic() - started < 120  # the examiner's own limits would take longer


def test_a_broken_list_of_equivalents_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "equivalent_mutants.toml"
    path.write_text("[[mutant]]\nexercise = 'double'\n")
    with pytest.raises(CourseError, match="a mutant lacks 'before'"):
        proving.read_equivalents(path)
    path.write_text("[[mutant]")
    with pytest.raises(CourseError, match="is not TOML"):
        proving.read_equivalents(path)


def test_the_tests_of_a2_are_proved() -> None:
    proof = prove(find_course(), "a2_layers", walls=WALLS, progress=False)
    assert proof.ok, proof.table()
