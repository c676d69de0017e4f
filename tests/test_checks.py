"""How a check is written and what it says: every message here is read by a student at midnight."""

import random
import re

import numpy as np
import pytest
import torch

import convnets.checks
from convnets.checks import (
    CheckFailed,
    Exercise,
    assert_calls_do_not_mix,
    assert_close,
    assert_dtype,
    assert_gradient,
    assert_shape,
    copies,
    describe,
    in_room,
    numerical_gradient,
    raises,
    unchanged,
)


def says(message, function, *arguments, **options):
    with pytest.raises(CheckFailed) as caught:
        function(*arguments, **options)
    assert str(caught.value) == message


# --- an exercise -----------------------------------------------------------------------------------------------------


@pytest.fixture
def exercise(request):
    return Exercise(request.node.name, points=10)


def test_every_check_runs_and_points_add_up(exercise, capsys):
    with exercise.check("fine", points=2):
        pass
    with exercise.check("broken", points=3, hint="Look again."):
        assert_close(1.0, 2.0, "x")
    with exercise.check("also fine", points=1):
        pass
    assert exercise.score() == 3
    assert capsys.readouterr().out.splitlines() == [
        "✓ fine  (2/2)",
        "✗ broken  (0/3)",
        "    x is 1, expected 2",
        "✓ also fine  (1/1)",
        f"{exercise.name}: 3 of 6 points; 4 more are checked after you hand in.",
    ]


def test_hints_come_one_by_one_from_the_second_failure_on_and_begin_anew_after_a_success(request, capsys):
    def run(x):
        again = Exercise(request.node.name, points=1)
        with again.check("one", points=1, hint=("First.", "Second.")):
            assert_close(x, 1.0, "x")
        again.score()
        return capsys.readouterr().out.count("hint:")

    assert [run(0.0), run(0.0), run(0.0), run(0.0)] == [0, 1, 2, 2]
    assert [run(1.0), run(0.0), run(0.0)] == [0, 0, 1]


def test_an_error_of_the_code_itself_is_said_once_and_without_hints(request, capsys):
    for _ in range(3):
        exercise = Exercise(request.node.name, points=2)
        for name in ("one", "two"):
            with exercise.check(name, points=1, hint="Not about this."):
                raise NotImplementedError
        exercise.score()
    out = capsys.readouterr().out
    assert (out.count("not written yet"), out.count("the same again"), out.count("hint:")) == (3, 3, 0)


def test_validation_by_nbgrader_asks_for_what_is_visible_only(exercise, monkeypatch):
    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    with exercise.check("fine", points=2):
        pass
    assert exercise.score() == 10
    with exercise.check("not fine", points=2):
        raise AssertionError
    assert exercise.score() == 2


def test_names_differ(exercise):
    with exercise.check("one", points=1):
        pass
    with pytest.raises(ValueError, match=r"two checks of .* are called 'one'"), exercise.check("one", points=1):
        pass


def test_a_check_is_seeded_by_its_name_or_by_number(exercise):
    drawn = []
    for seed in (None, None, 7, 7):
        with Exercise("same", points=1).check("name", points=1, seed=seed) as t:
            drawn.append((t.rng.normal(), np.random.normal(), random.random(), torch.rand(1).item()))
    assert drawn[0] == drawn[1]
    assert drawn[2] == drawn[3]
    assert not set(drawn[0]) & set(drawn[2])


@pytest.mark.parametrize(
    ("value", "none", "full", "earned"),
    [
        (0.95, 0.8, 0.9, 4),
        (0.85, 0.8, 0.9, 2),
        (0.7, 0.8, 0.9, 0),
        (np.nan, 0.8, 0.9, 0),
        (np.inf, 0.8, 0.9, 0),
        (-np.inf, 1.0, 0.5, 0),  # where less is better, this would be best of all
        (0.2, 1.0, 0.5, 4),  # where less is better
        (0.75, 1.0, 0.5, 2),
    ],
)
def test_partial_credit_is_linear_between_none_and_full(exercise, value, none, full, earned):
    with exercise.check("accuracy", points=4) as t:
        t.scale(value, none=none, full=full)
    assert exercise.score() == pytest.approx(earned)
    check = exercise.checks[0]
    assert check.passed == (earned == 4)
    assert check.passed or check.message.startswith("accuracy is ")


# --- what an error says ----------------------------------------------------------------------------------------------


def test_errors_become_sentences():
    def of(code):
        names = {"__name__": "__main__"}
        try:
            exec(compile(code, "cell", "exec"), names)
        except Exception as error:
            return describe(error)

    assert of("conv2d(1)") == "conv2d is not defined: was its cell run, and is the name spelled as asked?"
    divided = "ZeroDivisionError: division by zero (line 2 of f): a size or a sum is 0 here"
    assert of("def f():\n    return 1 / 0\nf()") == divided
    assert of("int('x')").endswith("'x' (line 1 of this cell)")
    assert of("out, cache = None").startswith("nothing was returned: is there a return statement")
    assert of("a, b = 1, 2, 3").startswith("another number of things was returned than is asked for")
    assert of("raise NotImplementedError") == "not written yet"
    assert of("assert 1 == 2") == "the check does not hold"
    assert of("raise KeyError").startswith("KeyError: no message (line 1 of this cell): there is no such key")
    assert of("raise RuntimeError('so')") == "RuntimeError: so (line 1 of this cell)"
    inside = "def f():\n    a, b = 1, 2, 3\nf()"  # not what was returned, but an array's axes in their own code
    assert of(inside).startswith("ValueError: too many values to unpack (expected 2")
    assert "has the array the axes you expect?" in of(inside)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("np.zeros((2, 3))[:, 0:-0].max()", "a slice like [0:-0] holds nothing"),
        ("np.zeros((2, 0)).argmax(axis=1)", "a slice like [0:-0] holds nothing"),
        ("x = np.zeros((1, 1, 3, 3)); x[:] = x[:, :, 0:-0, 0:-0]", "a slice like [0:-0] holds nothing"),
        (
            "x = np.zeros((2, 2, 5, 5)); x[:, :, 0:-0, 0:-0] = np.ones((2, 2, 5, 5))",
            "a slice like [0:-0] holds nothing",
        ),
        ("np.zeros((2, 2, 3, 3)) * np.zeros((2, 2, 3, 2))", "KH for KW, an image taken for square"),
        ("np.zeros((2, 3, 2))[:] = np.zeros((2, 3, 3))", "KH for KW, an image taken for square"),
        ("np.zeros((3, 2))[:] = np.zeros((2, 3, 2))", "different numbers of axes"),
        ("np.zeros((3, 2)) + np.zeros((2, 3))", "one axis has two different lengths"),
        ("np.zeros((3, 2)) @ np.zeros((3, 2))", "in A @ B the columns of A"),
        ("np.dot(np.zeros((3, 2)), np.zeros((3, 2)))", "in a product the columns"),
        ("np.tensordot(np.zeros((3, 2)), np.zeros((3, 2)), 1)", "summed over differ in length"),
        ("np.einsum('ab,bc', np.zeros((3, 2)), np.zeros((3, 2)))", "letter of einsum|print the arrays' shapes"),
        ("np.einsum('abc', np.zeros((3, 2)))", "the letters of einsum"),
        ("np.zeros(3)[0] = [1, 2]", "one place was given several numbers"),
        ("int(np.zeros(2))", "several numbers stand where one is needed"),
        ("if np.zeros(2) > 0: pass", "want one number"),
        ("np.zeros((2, 3))[2, 0]", "an index runs past the end"),
        ("[1][1]", "an index runs past the end"),
        ("np.zeros((2, 3)).sum(axis=2)", "the array has fewer axes than thought"),
        ("np.zeros((2, 3))[0, 0, 0]", "the array has fewer axes than are indexed"),
        ("np.zeros(5).reshape(2, 2)", "did a size not divide evenly"),
        ("np.lib.stride_tricks.sliding_window_view(np.zeros(2), 3)", "the window is larger than the image"),
        ("np.lib.stride_tricks.sliding_window_view(np.zeros(3), 2)[0] = 1", "a view that may only be read"),
        ("{[1]: 2}", "can not be keys"),
        ("(1, 2).shape", "a tuple was used as if it were an array"),
        ("(1, 2)['a']", "a tuple was used as if it were an array"),
        ("[1].shape", "a list was used as if it were an array"),
        ("None.shape", "something is None here"),
        ("4 // None", "something is None here"),
        ("range(6 / 2)", "/ makes one even of 6 / 2"),
        ("np.zeros(3)[1.0]", "/ makes floats even of 6 / 2"),
        ("np.zeros((3, 2.0))", "/ makes one even of 6 / 2"),
        ("[1, 2][: 6 / 2]", "/ makes one even of 6 / 2"),
        ("x = np.zeros(2, int); x += 0.5", "keep the dtype on their left"),
        ("(lambda x: x)(1, 2)", "keep the statement's signature"),
        ("(lambda x: x)(y=1)", "keep the signature"),
        ("def f():\n    if False: x = 1\n    return x\nf()", "in a branch or a loop that did not run"),
        ("np.float64(1)[0]", "was too much summed up"),
        ("len(np.float64(1))", "was too much summed up"),
        ("a, b = 3", "is something missing in a return"),
        ("1 / 0", "a size or a sum is 0 here"),
    ],
)
def test_a_bare_exception_gets_its_likely_cause(code, cause):
    try:
        exec(code, {"np": np})
    except Exception as error:
        kind, text = type(error), str(error).strip()
        said = describe(error)
    assert re.search(cause if "|" in cause else re.escape(cause), said)
    assert said.startswith(f"{kind.__name__}: {text}") or "UnboundLocal" in said
    plain = type(kind.__name__, (Exception,), {})(text)  # as the examiner has it: a name and a text, and no more
    assert describe(plain) == said


def test_text_made_to_break_what_describes_it_does_not():
    for text in ("broadcast (" + "9" * 5000 + ") (1)", "broadcast (" + "," * 90 + ") (,,)", "broadcast () ()"):
        assert describe(ValueError(text)).startswith("ValueError: broadcast")


# --- assertions ------------------------------------------------------------------------------------------------------


def test_assert_close_names_the_worst_value_and_the_likeliest_cause():
    wrong, right = np.array([[1.0, 2.0], [3.0, 9.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    says("dx[1, 1] is 9, expected 4", assert_close, wrong, right, "dx")
    says("dx[1, 1] is 9, expected 4: a slip", assert_close, wrong, right, "dx", likely={"no": right, "a slip": wrong})
    says("dx[0, 0] is 2, expected 1 (4 of 4 values are off)", assert_close, right + 1, right, "dx")
    says("loss is 1, expected 2", assert_close, 1.0, 2.0, "loss")


def test_messages_have_digits_enough_to_see_the_difference():
    for actual, expected in [(1.7670512, 1.7670513), (1.0, 1.0 + 1e-9), (1e-12, 2e-12), (123456789.0, 123456788.0)]:
        with pytest.raises(CheckFailed) as caught:
            assert_close(actual, expected, "loss", rtol=1e-12, atol=0)
        seen, wanted = re.fullmatch(r"loss is (\S+), expected (\S+)", str(caught.value)).groups()
        assert seen != wanted and (float(seen) < float(wanted)) == (actual < expected)
    with pytest.raises(CheckFailed, match=r"is 1\.0000001, finite differences say 1 "):
        assert_gradient(lambda x: x, np.ones(1), np.full(1, 1.0000001), np.ones(1), "dx", tolerance=1e-9)


def test_assert_close_sees_shapes_first_and_infinities():
    says("out has shape (2,), expected (3,)", assert_close, [1, 2], [1, 2, 3], "out")
    likely = {"no stride": np.zeros(2)}
    says("out has shape (2,), expected (3,): no stride", assert_close, [1, 2], [1, 2, 3], "out", likely=likely)
    with pytest.raises(CheckFailed, match="out holds nan: a division by zero"):
        assert_close([np.nan], [1], "out")
    with pytest.raises(CheckFailed, match="out holds inf"):
        assert_close([np.inf], [1], "out")
    with pytest.raises(CheckFailed, match="out holds nan"):
        assert_close([np.nan], [np.nan], "out")


def test_what_is_no_array_is_said():
    says("out is None: is there a return statement?", assert_close, None, 1, "out")
    says("out is a dict: an array is needed", assert_close, {}, 1, "out")
    says("out holds object values: numbers are needed", assert_close, np.array([None]), 1, "out")
    with pytest.raises(CheckFailed, match="an array is needed"):
        assert_close([[1], [2, 3]], 1, "out")
    for kind in (np.ma.MaskedArray, np.matrix):  # in the exam room they are no arrays either
        says(f"out is a {kind.__name__}: an array is needed", assert_close, np.ones((1, 1)).view(kind), 1, "out")

    class EqualsEverything:
        def __eq__(self, other):
            return True

        __array__ = None

    says("out is a EqualsEverything: an array is needed", assert_close, EqualsEverything(), 1, "out")
    assert_close(torch.ones(2, requires_grad=True), [1, 1], "a tensor")


def test_tolerances_mean_what_they_say():
    assert_close(1.0 + 1e-8, 1.0, "x")
    assert_close(1.01, 1.0, "x", rtol=0.1)
    assert_close(1e-3, 0.0, "x", atol=1e-2)
    with pytest.raises(CheckFailed):
        assert_close(1.0 + 1e-5, 1.0, "x")


def test_shape_and_dtype():
    assert_shape(np.zeros((2, 3)), (2, 3), "x")
    says("x has shape (2, 3), expected (3, 2): it is turned", assert_shape, np.zeros((2, 3)), (3, 2), "x",
         likely={"it is turned": (2, 3)})  # fmt: skip
    says("x has shape (3,), expected (1, 3): axes of length 1 were lost: squeeze() takes them all",
         assert_shape, np.zeros(3), (1, 3), "x")  # fmt: skip
    assert_dtype(np.float32(1), "float32", "x")
    with pytest.raises(CheckFailed, match="x has dtype float64, expected float32: the input's dtype is not kept"):
        assert_dtype(1.0, "float32", "x")


def test_gradients_by_finite_differences():
    rng = np.random.default_rng(0)
    x, dout = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    before = x.copy()
    assert np.allclose(numerical_gradient(np.sin, x, dout), np.cos(x) * dout, atol=1e-9)
    assert np.array_equal(x, before)
    assert_gradient(np.sin, x, np.cos(x) * dout, dout, "dx")
    with pytest.raises(
        CheckFailed, match=r"finite differences say .* \(relative error .*, allowed 1e-07\): dout ignored"
    ):
        assert_gradient(np.sin, x, np.cos(x), dout, "dx", likely={"dout ignored": np.cos(x)})
    with pytest.raises(CheckFailed, match="dx has shape"):
        assert_gradient(np.sin, x, np.cos(x)[0], dout, "dx")
    with pytest.raises(CheckFailed, match="dx holds nan or inf"):
        assert_gradient(np.sin, x, x * np.nan, dout, "dx")
    with pytest.raises(CheckFailed, match="dx can not be checked: what forward returns does not change"):
        assert_gradient(lambda x: 0 * x, x, 0 * x, dout, "dx")  # a function of nothing, and its gradient
    with pytest.raises(
        CheckFailed, match=r"dx can not be checked: out has shape \(2,\), not \(2, 3\): look at forward"
    ):
        assert_gradient(lambda x: x.sum(axis=1), x, np.ones_like(x), dout, "dx")
    off = np.cos(x) * dout
    off[0, 0] *= 1 + 1e-5  # one entry off by a little is seen
    with pytest.raises(CheckFailed, match=r"dx\[0, 0\]"):
        assert_gradient(np.sin, x, off, dout, "dx")


def test_unchanged_and_raises():
    x = np.array([1.0, np.nan])
    with unchanged(x=x):
        x + 1
    with pytest.raises(CheckFailed, match="x was changed in place: work on a copy"), unchanged(x=x):
        x += 1
    with raises(ValueError, "it does not fit"):
        raise ValueError
    with (
        pytest.raises(CheckFailed, match="nothing was raised when it does not fit"),
        raises(ValueError, "it does not fit"),
    ):
        pass
    wrong_kind = pytest.raises(CheckFailed, match="KeyError was raised when it does not fit: ValueError is needed")
    with wrong_kind, raises(ValueError, "it does not fit"):
        raise KeyError
    with pytest.raises(NotImplementedError), raises(ValueError, "it does not fit"):
        raise NotImplementedError


# --- what else a check does ------------------------------------------------------------------------------------------


def test_of_two_scales_the_worse_one_counts_and_points_are_round(exercise):
    for name, values in (("worse first", (0.83, 0.9)), ("worse last", (0.9, 0.83))):
        with exercise.check(name, points=1) as t:
            for value in values:
                t.scale(value, none=0.8, full=0.9, what="loss")
    assert exercise.score() == 0.6
    assert [check.message for check in exercise.checks] == ["loss is 0.83; full points need at least 0.9"] * 2
    with exercise.check("less is better", points=1) as t:
        t.scale(0.9, none=1.0, full=0.5, what="loss")
    assert exercise.checks[-1].message == "loss is 0.9; full points need at most 0.5"


def test_a_check_that_could_not_be_prepared_fails_whatever_its_block_does(exercise, monkeypatch):
    def prepare(check):
        raise CheckFailed("no process")

    monkeypatch.setattr(Exercise, "before_check", [prepare])
    with exercise.check("nothing raised", points=1):
        pass
    with exercise.check("something raised", points=1):
        raise ValueError
    assert [(check.earned, check.message) for check in exercise.checks] == [(0, "no process")] * 2


def test_the_cause_of_a_hidden_failure_tells_no_expected_value(exercise):
    with exercise.check("compared", points=1):
        assert_close(1.0, 42.0, "x", likely={"it was not doubled": 1.0})
    with exercise.check("broken", points=1):
        raise KeyError("k")
    compared, broken = exercise.checks
    assert compared.cause == "it was not doubled"
    assert broken.cause == broken.message


def test_functions_for_the_room_run_as_they_are_here_and_elsewhere_when_graded(monkeypatch):
    @in_room
    def doubled(x):
        """Twice x."""
        return 2 * x

    assert doubled(x=3) == 6
    assert doubled.__doc__ == "Twice x."
    monkeypatch.setattr(
        convnets.checks, "run_in_room", lambda function, args, kwargs: (function.__name__, args, kwargs)
    )
    assert doubled(4) == ("doubled", (4,), {})
    assert convnets.checks.IN_ROOM["doubled"](5) == 10


def test_copies_are_out_of_reach_and_keep_their_layout():
    x = np.zeros((3, 2)).T
    y, number = copies(x, 1.0)
    y += 1
    assert not x.any() and number == 1.0 and y.flags.f_contiguous


# --- pairs of a forward and a backward -------------------------------------------------------------------------------


class Square:
    """out = x², its gradient, and what can be wrong with them."""

    def __init__(self, fault=""):
        self.fault, self.last, self.calls = fault, None, 0

    def forward(self, x):
        self.last = x
        return x**2, [x]

    def backward(self, dout, cache):
        self.calls += 1
        x = self.last if self.fault == "global" else cache[0]
        dx = dout * (2 if self.fault != "wrong" else 3) * x
        if self.fault == "overwrites":
            cache[0] = 0 * x
        if self.fault == "writes":
            x *= 2
        return dx * self.calls if self.fault == "piles up" else dx


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("wrong", "a fresh pair is already wrong: dx[1] is 6, expected 4"),
        ("piles up", "right once, not for the same two calls again"),
        ("global", "right for a fresh pair, not after another forward"),
        ("overwrites", "right once, not again with the same cache"),
        ("writes", "right once, not again with the same cache"),
    ],
)
def test_calls_that_mix_are_told_apart_from_plain_mistakes(fault, said):
    def try_it(pair):
        x, other, dout = np.array([0.0, 1.0]), np.array([5.0, 6.0]), np.array([1.0, 2.0])
        assert_calls_do_not_mix(pair.forward, pair.backward, (x,), (other,), dout, ("dx",), {"dx": [0, 4]})
        assert x.tolist() == [0, 1] and dout.tolist() == [1, 2]

    try_it(Square())
    with pytest.raises(CheckFailed) as caught:
        try_it(Square(fault))
    assert said in str(caught.value)
    assert ("cache" in str(caught.value)) == (fault not in ("wrong", "piles up")) or fault == "global"


def test_all_gradients_must_stay_but_only_those_named_must_be_right():
    def forward(x):
        return x, x

    def backward(dout, cache):
        return dout, 7 * dout

    arguments = (np.ones(2),), (np.zeros(2),), np.ones(2), ("dx", "dw")
    assert_calls_do_not_mix(forward, backward, *arguments, {"dx": [1, 1]})
    with pytest.raises(CheckFailed, match=r"a fresh pair is already wrong: the dw\[0\] is 7, expected 1"):
        assert_calls_do_not_mix(forward, backward, *arguments, {"dw": [1, 1]}, "the ")
    with pytest.raises(CheckFailed, match="backward returns 2 things: 3 are needed"):
        assert_calls_do_not_mix(forward, backward, *arguments[:3], ("dx", "dw", "db"), {"dx": [1, 1]})


def test_one_wrong_gradient_among_many_is_seen():
    x = np.linspace(-1, 1, 400).reshape(20, 20)
    off = np.cos(x)
    assert_gradient(np.sin, x, off, np.ones_like(x), "dx")
    off[7, 3] += 4e-6  # the mean error would pass
    with pytest.raises(CheckFailed, match=r"dx\[7, 3\] is"):
        assert_gradient(np.sin, x, off, np.ones_like(x), "dx")
