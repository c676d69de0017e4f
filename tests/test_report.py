"""The report tells a class apart, gives a reason for each mark, and lets no hand-in write on the page or the screen."""

import html
import re

import pytest
from traitlets import import_item

from autograder.classroom.report import class_page, exercise_table, marks_table, plain, reason, tallies
from autograder.course import find_course, nbgrader_settings
from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict

EVIL = "<script>alert(1)</script>\x1b[2J\r\nmark: 100"
HINTS = ["look again", "at the shape"]


def check(name, passed, message="", cause="", hidden=False, points=2.0):
    return CheckResult(name, points, points if passed else 0.0, passed, hidden, message, cause, HINTS)


def verdict(student, *passed, problems=(), messages=("is wrong", "is wrong", "is wrong")):
    """Two exercises: relu (4 points, two checks) and conv (2 points, one hidden check)."""
    checks = [
        check(name, ok, "" if ok else message, hidden=hidden)
        for name, ok, message, hidden in zip(
            ["toy values", "a stride", "ties"], passed, messages, [False, False, True], strict=True
        )
    ]
    exercises = [ExerciseResult("test_relu", 4, checks[:2]), ExerciseResult("test_conv", 2, checks[2:])]
    return Verdict("a0", student, exercises, list(problems), environment={"numpy": "2"})


CLASS = [
    verdict("ada", True, True, True),
    verdict("bo", False, False, False, messages=["not written yet"] * 3),
    verdict("cy", True, False, False, messages=["", EVIL, "is 2, expected 3"]),
    verdict("di", True, True, False),
    verdict("eve", False, False, False, problems=["grader error: out of memory"], messages=["x"] * 3),
]


def test_reasons():
    assert reason(CLASS[0]) == "every check passed"
    assert reason(CLASS[1]) == "nothing is written: every exercise is as it was handed out"
    assert reason(CLASS[3]) == "−2 in conv (ties: is wrong)"
    half = verdict("x", True, True, False, messages=["", "", "not written yet"])
    assert reason(half) == "not written: conv"
    absent = ["relu is not defined: was its cell run?"] * 3
    unread = verdict("x", False, False, False, problems=["the file is not JSON"], messages=absent)
    assert reason(unread) == "the file is not JSON"
    many = verdict("x", True, True, True, problems=["one", "two", "three"])
    assert reason(many) == "one; two; and 1 more problem"


def test_no_hand_in_writes_to_the_terminal():
    assert plain(EVIL) == "<script>alert(1)</script> [2J mark: 100"
    assert plain("x" * 500, 10) == "xxxxxxxxx…"
    shown = marks_table(CLASS) + exercise_table(CLASS[2], hints=1)
    assert "\x1b" not in shown and "\r" not in shown


def test_marks_are_aligned_and_provisional_ones_marked(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = marks_table(CLASS).splitlines()
    assert lines[0].startswith("student") and len(max(lines[:-1], key=len)) <= 80
    column = lines[0].index("mark") + len("mark")
    assert lines[1][:column].endswith("6 / 6") and lines[2][:column].endswith("0 / 6")
    assert next(line for line in lines if line.startswith("eve"))[column] == "?"
    assert "half have 2 or more of 6" in lines[-1]


def test_ones_own_table_shows_hints_and_keeps_what_hidden_checks_expected():
    table = exercise_table(CLASS[2], hints=1)
    assert "✓ toy values  (2/2)" in table and "✗ ties  (0/2)  hidden" in table
    assert "hint: look again" in table and "at the shape" not in table
    assert "expected 3" not in table
    assert "at the shape" in exercise_table(CLASS[2], hints=2)
    assert table.endswith("all together: 2 of 6 points")


def test_tallies_leave_out_who_did_not_try_and_the_graders_own_errors():
    exercises, checks = tallies(CLASS)
    assert [(t.name, t.of, t.passed) for t in exercises] == [("relu", 4, 2), ("conv", 4, 1)]
    assert exercises[1].share == 0.25
    assert [(t.name, t.failures, t.of) for t in checks] == [("ties", 2, 3), ("a stride", 1, 3), ("toy values", 0, 3)]


def test_the_page_stands_alone_and_escapes_everything():
    page = class_page("a0", CLASS)
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page
    assert page.count("data:image/png;base64,") == 2 and not re.search(r"(src|href)=\"(?!data:)", page)
    assert "\x1b" not in page
    for verdict in CLASS:
        assert f">{verdict.student}<" in page
    assert "1: look at these first" in page and "conv went worst: the class earned 25%" in page


def test_the_page_forbids_what_it_does_not_need():
    """Should a way around the escaping be found: nothing runs, and nothing is fetched or sent."""
    head = class_page("a0", CLASS).partition("<title>")[0]
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', head)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {"default-src": "'none'", "img-src": "data:", "style-src": "'unsafe-inline'"}


KEPT = [
    '<img src="data:image/png;base64,iVBORw0KGgo=">',
    '<img src="figure.png">',
    '<a href="https://example.org/a?b=c">',
    '<a href="mailto:a@example.org">',
    '<a href="#section">',
]
CLEANED = [
    '<img src="data:text/html;base64,PHNjcmlwdD4=">',
    '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
    '<img src="//example.org/pixel.png">',
    '<img src="file:///etc/passwd">',
    '<img src="../../other/figure.png">',
    '<img src="/etc/figure.png">',
    '<a href="javascript:alert(1)">',
    '<a href="data:text/html,<p>">',
    '<a href="file:///etc/passwd">',
    '<a href="vbscript:x">',
]


@pytest.mark.parametrize("tag", KEPT + CLEANED)
def test_addresses_in_what_a_student_wrote(tag):
    """The filter that all pages of nbgrader's use."""
    clean = import_item(nbgrader_settings(find_course()).HTMLExporter.filters["markdown2html"])
    page = clean({"cell": {}, "resources": {}}, f"<p>Before</p>\n\n{tag}text")
    address = re.search('"(.*)"', tag)[1]
    assert "Before" in page and "text" in page
    assert (html.escape(address) in page or address in page) == (tag in KEPT), page
    assert ("src=" in page or "href=" in page) == (tag in KEPT), page


def test_a_page_about_nobody_or_one():
    assert "hand-ins" in class_page("a0", [CLASS[4]])
    assert "None: every check passed" in class_page("a0", [CLASS[0]])
