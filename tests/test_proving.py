"""The machinery that tests the tests: it must see a wrong answer that is right, and a right one that is wrong."""

from __future__ import annotations

import json
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import fake_examiner
import nbformat
import pytest
import toy_course
from nbformat import NotebookNode

from autograder.course import Course, CourseError
from autograder.exam.hall import GraderFailed
from autograder.exam.verdict import Verdict
from autograder.exam.walls import find_walls
from autograder.proof import proving, record, trials, trivial
from autograder.proof.answers import AnswersError, hand_in, read_answers, solution_cells, without_marks
from autograder.proof.mutants import Mutant, mutants
from autograder.proof.proving import probe, prove

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


def proof_of(course: Course, **options: Any) -> proving.Proof:
    return prove(course, toy_course.NAME, **{"jobs": 2, "walls": WALLS, "progress": False, **options})


class FakeHall:
    """The contract of autograder.exam.hall.Hall, in this process: for answers of our own that come to an end."""

    opened: ClassVar[list[str]] = []  # the secrets
    examined: ClassVar[list[tuple[str, dict[str, Any]]]] = []  # secret, options
    change: ClassVar[Callable[[str, bytes, Verdict], None]] = staticmethod(lambda secret, handin, verdict: None)
    _one_at_a_time: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, source: NotebookNode, *, walls: bool, secret: str, shipped: Path):
        self.source, self.secret = source, secret
        self.opened.append(secret)

    def __enter__(self) -> FakeHall:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def examine(self, handin: bytes, *, only: Any = None, **options: Any) -> tuple[Verdict, NotebookNode]:
        with self._one_at_a_time:
            self.examined.append((self.secret, {"only": only, **options}))
            verdict, clean = fake_examiner.examine(self.source, handin, student="", assignment=options["assignment"])
            if only is not None:
                verdict.exercises = [e for e in verdict.exercises if e.grade_id.removeprefix("test_") in only]
            self.change(self.secret, handin, verdict)
            return verdict, clean


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> type[FakeHall]:
    """Proving with a hall that is not the real one."""
    hall = type("Hall", (FakeHall,), {"opened": [], "examined": []})
    monkeypatch.setattr(trials, "Hall", hall)
    return hall


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
    assert proof.right.keys() == {"the reference", "style"}
    assert {len(verdicts) for verdicts in proof.right.values()} == {trials.SECRETS}
    assert proof.trivial == dict.fromkeys(trivial.KINDS, 0.0)
    assert [tally.wrong_caught for tally in proof.tallies.values()] == [1, 1]
    assert proof.tallies["double"].mutants == proof.tallies["double"].mutants_caught > 0
    assert "a0_toy: proved" in proof.table()


def test_every_kind_of_fault_is_found(course: Course, fast: type, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_an_answer_that_harms_another_exercise_is_found(course: Course, fast: type) -> None:
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


def test_too_few_answers_are_a_fault(course: Course, fast: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "WRONG_ANSWERS", 8)
    monkeypatch.setattr(proving, "RIGHT_ANSWERS", 3)
    monkeypatch.setattr(trials, "reference_mutants", lambda source: [])
    faults = " ".join(proof_of(course).faults)
    assert "square has 1 wrong answers: at least 8" in faults and "there are 1 right answers: at least 3" in faults


def test_a_mutant_that_hangs_is_caught_by_the_clock(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "MUTANT_SECONDS", 3.0)
    monkeypatch.setattr(trials, "SECRETS", 1)
    endless = Mutant("square", "", "", "def square(x):\n    while True:\n        pass")
    monkeypatch.setattr(trials, "reference_mutants", lambda source: [endless])
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


def test_an_assignment_without_answers_is_not_proved(tmp_path: Path, fast: type) -> None:
    proof = proof_of(toy_course.make_course(tmp_path))
    said = " ".join(proof.faults)
    assert "double has 0 wrong answers" in said and "there are 0 right answers" in said
    assert not record.record_path(toy_course.make_course(tmp_path / "two"), toy_course.NAME).exists()


def test_trivial_answers_that_earn_points_are_a_fault(course: Course, fast: type) -> None:
    source = toy_course.source()
    test = next(cell for cell in source.cells if cell.source == toy_course.TEST_DOUBLE)
    test.source = test.source.replace("assert_close(double(2), 4,", "assert_close(0 * double(2), 0,")
    nbformat.write(source, course.source_path(toy_course.NAME))
    proof = proof_of(course)
    assert proof.trivial == {kind: 0.0 if kind == "None" else 1.0 for kind in trivial.KINDS}
    assert (
        "trivial answers (zeros) earn 1 of 10 points, more than 5%: these checks have to ask for right values too: "
        "double: two and two (1)" in proof.faults
    )
    assert not record.record_path(course, toy_course.NAME).exists()  # nothing is recorded that does not hold


def test_marks_must_not_depend_on_the_secret(course: Course, fast: type[FakeHall]) -> None:
    proof = proof_of(course, seed=5)
    assert sorted(fast.opened) == ["5/0", "5/1", "5/2"]
    assert proof.ok and proof.seed == 5 and "seed 5" in proof.table()
    used = Counter(secret for secret, _ in fast.examined)
    assert all(used[secret] > 3 for secret in fast.opened)  # reference, blank, right; and a share of the rest

    def unlucky(secret: str, handin: bytes, verdict: Verdict) -> None:
        if secret == "5/2" and b"x ** 2" in handin:
            verdict.exercises[0].checks[0].message = "an unlucky number"

    fast.change = staticmethod(unlucky)
    faults = proof_of(course, seed=5).faults
    assert faults == ["style, graded 3 times, did not always get the same marks"]


def test_everything_is_tried_once_and_what_is_long_first(course: Course, fast: type[FakeHall]) -> None:
    source = course.source(toy_course.NAME)
    answers = trials.Answers.of(course, toy_course.NAME, source)
    listed = trials.all_trials(source, answers, seed=1, repeat=50)
    kinds = [type(trial.subject).__name__ for trial in listed]
    assert kinds == sorted(kinds, key=["PosixPath", "str", "Trivial", "Answer", "Mutant"].index)
    count = Counter(trial.subject for trial in listed)
    assert count[trials.REFERENCE] == 50 and count[trials.BLANK] == trials.SECRETS
    assert listed == trials.all_trials(source, answers, seed=1, repeat=50)
    assert listed != trials.all_trials(source, answers, seed=2, repeat=50)
    proof_of(course)
    mutants_only = [options for _, options in fast.examined if options["stop_at_first_failure"]]
    assert len(mutants_only) == kinds.count("Mutant")
    assert {options["total_seconds"] for options in mutants_only} == {trials.MUTANT_SECONDS}


def test_an_examination_that_is_ended_from_outside_is_tried_again(course: Course, fast: type[FakeHall]) -> None:
    left = [2]

    def killed(*_: object) -> None:
        if left[0]:
            left[0] -= 1
            raise GraderFailed("killed")

    fast.change = staticmethod(killed)
    assert proof_of(course, jobs=1).ok
    left[0] = 10**6
    with pytest.raises(CourseError, match="an examination was ended"):
        proof_of(course, jobs=1)


# --- time limits -----------------------------------------------------------------------------------------------------


def slow(seconds: float) -> Callable[[str, bytes, Verdict], None]:
    """The right answer's first check takes so long."""

    def change(secret: str, handin: bytes, verdict: Verdict) -> None:
        if b"x ** 2" in handin and len(verdict.exercises) == 2:
            verdict.exercises[0].checks[0].cpu_seconds = seconds

    return change


def test_a_limit_near_to_what_right_answers_take_is_a_fault(course: Course, fast: type[FakeHall]) -> None:
    fast.change = staticmethod(slow(2.0))
    assert proof_of(course).ok  # 10 s
    recorded = json.loads(record.record_path(course, toy_course.NAME).read_text())["checks"]
    assert recorded["double"]["two and two"] == {"limit": 10.0, "style": 2.0, "the reference": 0.0}
    fast.change = staticmethod(slow(2.2))
    said = "the limit of double: two and two is 10 s; style takes 2.2 s of CPU, so it has to be at least 11 s"
    assert proof_of(course).faults == [said]
    fast.change = staticmethod(slow(150))
    assert any(
        "a hand-in may take" in fault and "style takes 150 s of CPU" in fault for fault in proof_of(course).faults
    )


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (', hint="What is 2 + 2?"', ""),
        (", seconds=5", ""),
        (", seconds=LONG", ""),
        (", seconds=4.9", "is 4.9 s; the reference takes 0.0 s of CPU, so it has to be at least 5 s"),
        (", seconds=2 + 3", "can not be read off its cell"),
    ],
)
def test_limits_are_read_off_the_cells(course: Course, fast: type[FakeHall], written: str, fault: str) -> None:
    source = toy_course.source()
    test = next(cell for cell in source.cells if cell.source == toy_course.TEST_DOUBLE)
    test.source = "LONG = 7.5\n" + test.source.replace(', hint="What is 2 + 2?"', written)
    test.source = test.source.replace('"two and two"', "f\"two and {'two'}\"")
    nbformat.write(source, course.source_path(toy_course.NAME))
    faults = proof_of(course).faults
    assert len(faults) == bool(fault) and all(fault in said for said in faults), faults


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [
        (0, 0),
        (0.004, 0.1),
        (0.1, 0.1),
        (0.11, 0.2),
        (0.3, 0.5),
        (0.6, 1),
        (1, 1),
        (2.1, 5),
        (6, 10),
        (28, 50),
        (100, 100),
    ],
)
def test_seconds_are_rounded_up(seconds: float, kept: float) -> None:
    assert record.rounded(seconds) == kept


# --- the record ------------------------------------------------------------------------------------------------------


def probe_of(course: Course, **options: Any) -> proving.Proof:
    return probe(course, toy_course.NAME, **{"seed": 3, "walls": WALLS, "progress": False, **options})


def test_a_record_is_the_same_every_time(course: Course, fast: type[FakeHall]) -> None:
    assert proof_of(course).ok
    path = record.record_path(course, toy_course.NAME)
    first = path.read_bytes()
    assert proof_of(course).seed == int(json.loads(first)["digest"][:8], 16)
    assert path.read_bytes() == first
    found = json.loads(first)
    assert found["right"] == ["style"] and found["versions"].keys() == {"python", "numpy", "torch", "ipython"}
    assert found["exercises"] == {"double": {"wrong": 1, "mutants": 1}, "square": {"wrong": 1, "mutants": 4}}
    assert found["survivors"] == [["square", "return x * x * 1", "return (x * x / 1)"]]
    path.unlink()
    assert proof_of(course, write=False).ok and not path.exists()


def test_a_fresh_record_is_probed_by_a_tenth(course: Course, fast: type[FakeHall]) -> None:
    proof_of(course)
    before = record.record_path(course, toy_course.NAME).read_bytes()
    everything = len(fast.examined)
    fast.examined.clear()
    fast.opened.clear()
    proof = probe_of(course)
    assert proof.ok, proof.table()
    always = 2 + len(trivial.KINDS)
    assert len(fast.examined) == always + 1 < everything and fast.opened == ["3/0"]
    assert proof.trivial.keys() == set(trivial.KINDS)
    assert record.record_path(course, toy_course.NAME).read_bytes() == before
    tried = {tuple(options["only"] or ()) for seed in range(12) for _, options in _examined(course, fast, seed)}
    assert tried == {(), ("double",), ("square",)}


def _examined(course: Course, fast: type[FakeHall], seed: int) -> list[tuple[str, dict[str, Any]]]:
    fast.examined.clear()
    assert probe_of(course, seed=seed).ok
    return list(fast.examined)


def test_a_right_answer_that_is_examined_elsewhere_is_left_out(
    course: Course, fast: type[FakeHall], monkeypatch: pytest.MonkeyPatch
) -> None:
    proof_of(course)
    monkeypatch.setattr(proving, "TENTH", 1.0)
    assert "style" in probe_of(course).right
    assert "style" not in probe_of(course, elsewhere=frozenset(["style"])).right


def _nothing_recorded(course: Course) -> None:
    record.record_path(course, toy_course.NAME).unlink()


def _another_answer(course: Course) -> None:
    write(course, "wrong/more.py", WRONG.replace("abs(x) * two", "0"))


def _another_file_for_students(course: Course) -> None:
    (course.source_path(toy_course.NAME).parent / "numbers.txt").write_text("4")


def _another_check(course: Course) -> None:
    path = course.source_path(toy_course.NAME)
    path.write_text(path.read_text().replace("double(-7), -14", "double(-8), -16"))


def _other_points(course: Course) -> None:
    path = course.source_path(toy_course.NAME)
    path.write_text(path.read_text().replace("points=6", "points=7").replace('"points": 6', '"points": 7'))


def _other_settings(course: Course) -> None:
    source = course.source(toy_course.NAME)
    source.metadata["convnets"] = {"cell_seconds": 31}
    nbformat.write(source, course.source_path(toy_course.NAME))


@pytest.mark.parametrize(
    "change",
    [
        _nothing_recorded,
        _another_answer,
        _another_file_for_students,
        _another_check,
        _other_points,
        _other_settings,
    ],
)
def test_a_stale_record_is_a_fault_and_all_is_proved_anew(
    course: Course, fast: type[FakeHall], change: Callable[[Course], None]
) -> None:
    proof_of(course)
    change(course)
    fast.examined.clear()
    faults = probe_of(course).faults
    assert len(faults) == 1 and "run `make prove` and commit it; the new proof itself is fine" in faults[0], faults
    assert len(fast.examined) > 20
    proof_of(course)
    assert probe_of(course).ok
    write(course, "right/style.py", RIGHT.replace("x ** 2", "x ** 3"))
    stale, *others = probe_of(course).faults
    assert "the new proof has faults" in stale and "right answer style.py loses points in square" in others[0]


def test_the_digest_covers_the_grader_and_the_modules_that_students_may_import(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = course.source(toy_course.NAME)
    covered = {path.name for path in record._code({"modules": ["checks", "convolution"]})}
    assert {"examiner.py", "wire.py", "checks.py", "mutants.py", "nothing.py", "convolution.py"} <= covered
    assert "convolution.py" not in {path.name for path in record._code({})}
    before = record.digest(course, toy_course.NAME)
    source.cells[0].source = "# Toys"  # prose
    source.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(source, course.source_path(toy_course.NAME))
    assert record.digest(course, toy_course.NAME) == before
    source.cells[3].metadata.nbgrader["points"] = 5
    nbformat.write(source, course.source_path(toy_course.NAME))
    other = record.digest(course, toy_course.NAME)
    assert other != before
    before = other
    monkeypatch.setattr(record, "_code", lambda settings: [])
    assert record.digest(course, toy_course.NAME) != before


def test_other_versions_are_a_remark(course: Course, fast: type[FakeHall], monkeypatch: pytest.MonkeyPatch) -> None:
    proof_of(course)
    monkeypatch.setattr(proving, "versions", lambda: {"python": "4.0"})
    fast.examined.clear()
    proof = probe_of(course)
    assert proof.ok and len(fast.examined) < 20
    assert len(proof.remarks) == 1 and proof.remarks[0].endswith("tried now with python 4.0")
    assert "! proved with python 3" in proof.table()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("exercises", {}, "proof.json has other numbers of wrong answers and mutants"),
        ("right", ["style", "more"], "proof.json has other right answers"),
        ("trivial", {"zeros": 0}, "proof.json has other kinds of trivial answers"),
        ("checks", {}, "proof.json has other checks, or limits of theirs,"),
        ("survivors", [], "recorded as caught, but it is not: square: return x * x * 1"),
        ("survivors", [["double", "return twice_as_much", "pass"]], "proof.json has other mutants that survive"),
        ("survivors", "all", "recorded as not caught, but it is: double"),
    ],
)
def test_a_wrong_record_turns_red(
    course: Course, fast: type, monkeypatch: pytest.MonkeyPatch, key: str, value: Any, words: str
) -> None:
    proof_of(course)
    monkeypatch.setattr(proving, "TENTH", 1.0)
    path = record.record_path(course, toy_course.NAME)
    if value == "all":
        value = [list(mutant.key) for mutant in trials.reference_mutants(course.source(toy_course.NAME))]
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    faults = probe_of(course).faults
    assert any(words in fault for fault in faults), faults


def test_a_damaged_record_is_a_sentence(course: Course) -> None:
    record.record_path(course, toy_course.NAME).write_text('{"digest": ')
    with pytest.raises(CourseError, match=r"is no record of a proof .* `autograder prove a0_toy`"):
        record.read_record(course, toy_course.NAME)
