"""Named checks with points and hints: how every test cell of the course is written.

One exercise, one test cell::

    exercise = Exercise("conv2d_forward", points=14)

    with exercise.check("a stride of 2", points=2, hint="Which rows does the second window start at?") as t:
        x = t.rng.normal(size=(2, 3, 7, 5))
        out, cache = conv2d_forward(x, w, b, stride=2)
        assert_close(out, expected, "out", likely={"stride seems ignored": stride_1})

    exercise.score()

A check passes when its block runs to the end; whatever is raised inside becomes a sentence, and the next check
runs all the same. ``score()`` is the cell's last line: it prints one line per check and returns the sum of the points,
which is what nbgrader calls partial credit. The same cell runs in the student's Lab and in the examiner.
"""

from __future__ import annotations

import builtins
import functools
import os
import random
import re
import sys
import textwrap
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

__all__ = [
    "CheckFailed",
    "Exercise",
    "assert_calls_do_not_mix",
    "assert_close",
    "assert_dtype",
    "assert_gradient",
    "assert_shape",
    "copies",
    "in_room",
    "numerical_gradient",
    "raises",
    "unchanged",
]


IN_ROOM: dict[str, Callable[..., Any]] = {}  # functions marked @in_room, by name


def run_in_room(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function marked @in_room. The examiner puts its own way in this one's place."""
    return function(*args, **kwargs)


def in_room(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function of a locked cell that has to work on the student's real objects: autograd, optimisers, training.

    In the notebook it is called as it is. When graded, it is run where the student's objects are and what it returns
    comes back: return numbers, arrays, tensors and dictionaries of them. That is the student's word: compare it with
    what the check works out itself.
    """
    IN_ROOM[function.__name__] = function

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return run_in_room(function, args, kwargs)

    return run


class CheckFailed(AssertionError):
    """What a check saw, what it expected and, where it can tell, the likeliest cause.

    ``cause`` says nothing about expected values, so it may be shown for a hidden check too.
    """

    def __init__(self, message: str, cause: str = ""):
        super().__init__(f"{message}: {cause}" if cause else message)
        self.message = message
        self.cause = cause


@dataclass
class Check:
    """One named check of an exercise, and inside its ``with`` block the test's own tools (``rng``, ``scale``)."""

    name: str
    points: float
    hints: tuple[str, ...]
    seed: int
    seconds: float
    line: int
    rng: np.random.Generator = field(repr=False)
    earned: float = 0.0
    passed: bool = False
    message: str = ""
    cause: str = ""

    _fraction: float = 1.0

    def reseed(self, seed: int) -> None:
        """Seed ``rng`` and every global generator of this process."""
        self.seed, self.rng = seed, np.random.default_rng(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        if (torch := sys.modules.get("torch")) is not None:
            torch.manual_seed(seed)

    def scale(self, value: float, none: float, full: float, what: str = "accuracy") -> None:
        """Partial credit: no points at ``none`` or worse, all at ``full`` or better, linear in between.

        ``none > full`` is meant for quantities where less is better, such as a loss.
        """
        value = float(value)
        fraction = min(max((value - none) / (full - none), 0.0), 1.0) if np.isfinite(value) else 0.0
        if fraction < self._fraction:  # of several the worst one counts, and is said
            self._fraction = fraction
            better = "at least" if full > none else "at most"
            self.message = f"{what} is {value:.4g}; full points need {better} {full:g}"

    def _finish(self, error: BaseException | None) -> None:
        if error is None:
            self.passed = self._fraction == 1.0
            self.earned = self.points * self._fraction
        else:
            self.message = describe(error)
            if not isinstance(error, AssertionError):
                self.hints = ()  # the code did not get as far as what the hints are about
            self.cause = getattr(error, "cause", "") if isinstance(error, CheckFailed) else self.message


class Exercise:
    """The checks of one exercise, in order. ``points`` is what they add up to, hidden checks included."""

    #: Called with each check before its block runs. The examiner adds its own; here the local generators are seeded.
    before_check: list[Callable[[Check], None]] = []
    #: Called with the exercise when its score is asked for.
    on_score: list[Callable[[Exercise], None]] = []
    _failures: dict[tuple[str, str], int] = {}  # how often a check failed in this session: one more hint each time

    def __init__(self, name: str, points: float):
        self.name = name
        self.points = points
        self.checks: list[Check] = []
        self._notebook = sys._getframe(1).f_globals
        self._before = dict(self._notebook)

    @contextmanager
    def check(
        self,
        name: str,
        points: float,
        hint: str | tuple[str, ...] = (),
        seed: int | None = None,
        seconds: float = 10.0,
    ) -> Iterator[Check]:
        """Run the block as one check worth ``points``.

        hint     one sentence, or several, each telling a little more; shown from the second failure on
        seed     of ``t.rng`` and of every global generator on both sides; taken from the names if not given
        seconds  of computing that the student's code may use in the block when it is graded (be generous)
        """
        if any(c.name == name for c in self.checks):
            raise ValueError(f"two checks of {self.name} are called {name!r}: names must differ")
        if seed is None:
            seed = zlib.crc32(f"{self.name}/{name}".encode())
        hints = (hint,) if isinstance(hint, str) else tuple(hint)
        line = sys._getframe(2).f_lineno  # two up: past contextlib's __enter__, to the cell itself
        check = Check(name, points, hints, seed, seconds, line, np.random.default_rng(seed))
        self.checks.append(check)
        check.reseed(seed)
        errors: list[Exception] = []  # the student's mistake or ours: the check fails, the next one runs
        for prepare in self.before_check:
            try:
                prepare(check)
            except Exception as error:
                errors.append(error)
        try:
            yield check
        except Exception as error:
            errors.append(error)
        check._finish(errors[0] if errors else None)

    def score(self) -> float:
        """Print one line per check and return the points earned (the cell's last expression).

        A check that fails says what was seen; when it fails again it gives a hint, then the next one.
        """
        for notify in self.on_score:
            notify(self)
        self._notebook.clear()  # what the checks called x or n must not hide a function of the student's of that name
        self._notebook.update(self._before)
        seen: set[str] = set()
        for check in self.checks:
            key = (self.name, check.name)
            failures = self._failures[key] = 0 if check.passed else self._failures.get(key, 0) + 1
            if check.message in seen:
                check = replace(check, message="the same again")
            elif not check.hints:  # an error of the code itself, which will stop other checks too
                seen.add(check.message)
            print(report_line(check, hints=failures - 1))
        total = sum(check.earned for check in self.checks)
        shown = sum(check.points for check in self.checks)
        print(f"{self.name}: {total:g} of {shown:g} points", end="")
        rest = self.points - shown
        print(f"; {rest:g} more are checked after you hand in." if rest > 1e-9 else ".")
        if total == shown and "NBGRADER_VALIDATING" in os.environ:
            total = self.points  # `nbgrader validate` and Lab's button ask whether everything that is visible passes
        return round(total, 6)


def report_line(check: Check, hints: int = 1) -> str:
    """One check as text: mark, name, points, what was seen, and the first ``hints`` hints if it failed."""
    mark = "✓" if check.passed else "✗"
    lines = [f"{mark} {check.name}  ({check.earned:g}/{check.points:g})"]
    if not check.passed:
        lines += textwrap.wrap(check.message, 100, initial_indent="    ", subsequent_indent="    ")
        for hint in check.hints[:hints]:
            lines += textwrap.wrap(f"hint: {hint}", 100, initial_indent="    ", subsequent_indent="      ")
    return "\n".join(lines)


def describe(error: BaseException) -> str:
    """A sentence for whatever a check's block raised."""
    text = str(error).strip()
    if isinstance(error, NotImplementedError):
        return text or "not written yet"
    if isinstance(error, CheckFailed):
        return text
    if isinstance(error, AssertionError):
        return text or "the check does not hold"
    if isinstance(error, NameError) and error.name and not hasattr(builtins, error.name):
        return f"{error.name} is not defined: was its cell run, and is the name spelled as asked?"
    if isinstance(error, TypeError) and "unpack" in text and "NoneType" in text:
        return "nothing was returned: is there a return statement, with everything that is asked for?"
    if isinstance(error, TypeError) and text.startswith("catching classes that do not inherit"):
        return "a kind of error that the hand-in defines can not stand after except in a check: use raises(...) for it"
    where = _where(error)
    of_the_check = not where or where.endswith("of this cell)")  # and not of a function that it calls
    if isinstance(error, ValueError) and "values to unpack" in text and of_the_check:
        return f"another number of things was returned than is asked for ({text})"
    said, cause = f"{type(error).__name__}: {text or 'no message'}{where}", _cause(type(error).__name__, text)
    return f"{said}: {cause}" if cause else said


#: Parts of what Python and NumPy say -> what is behind it, as a rule. The first that is found counts.
_CAUSES = {
    "unhashable": "lists and arrays can not be keys: use a tuple of whole numbers",
    "'NoneType'": "something is None here: a return that is missing, or an argument that may be left out",
    "'tuple'": "a tuple was used as if it were an array: a forward returns two things, out and its cache",
    "tuple indices must be integers": "a tuple was used as if it were an array: a forward returns two things",
    "'list'": "a list was used as if it were an array: make it one with np.array",
    "cannot be interpreted as an integer": "a size or an index is a float: / makes one even of 6 / 2, // does not",
    "slice indices must be integers": "a place in an array is a float: / makes one even of 6 / 2, // does not",
    "only integers, slices": "an index is no whole number: / makes floats even of 6 / 2, // does not",
    "expected a sequence of integers": "a size is no whole number: / makes floats even of 6 / 2, // does not",
    "zero-size array": "an array is empty here: a slice like [0:-0] holds nothing, nor does one past the edge",
    "empty sequence": "an array is empty here: a slice like [0:-0] holds nothing, nor does one past the edge",
    "setting an array element with a sequence": "one place was given several numbers: a sum or an index is missing",
    "can be converted to": "several numbers stand where one is needed: is an index or a sum missing, or a tie there?",
    "truth value of an array": "if, and, or, max() and min() want one number: np.where and np.maximum take arrays",
    "mismatch in its core dimension": "in A @ B the columns of A must be as many as the rows of B: print both shapes",
    "not aligned": "in a product the columns of the first must be as many as the rows of the second: print both shapes",
    "shape-mismatch for sum": "the axes that are summed over differ in length: print both shapes",
    "einstein sum": "the letters of einsum do not fit the arrays: print their shapes",
    "remapped shapes": "one letter of einsum stands for two different lengths: print the arrays' shapes",
    "is not compatible with the": "one letter of einsum stands for two different lengths: print the arrays' shapes",
    "does not match dimension": "an axis has another length than the index wants: print both shapes",
    "does not match the broadcast": "the result has another shape than the place it goes to: print both shapes",
    "shape mismatch": "arrays or indices of different shapes meet: print the shapes",
    "cannot reshape array": "there are more or fewer numbers than this shape holds: did a size not divide evenly?",
    "cannot be larger than input array": "the window is larger than the image that arrived here: print its shape",
    "too many indices": "the array has fewer axes than are indexed: print its shape",
    "out of bounds for array of dimension": "the array has fewer axes than thought: print its shape",
    "axes don't match array": "the array has another number of axes than thought: print its shape",
    "out of bounds": "an index runs past the end: height for width, N for C, or a window over the edge?",
    "index out of range": "an index runs past the end: is there an axis or an entry less than thought?",
    "not enough values to unpack": "there are fewer things than names for them: has the array the axes you expect?",
    "too many values to unpack": "there are more things than names for them: has the array the axes you expect?",
    "read-only": "this array is a view that may only be read: write into a new one",
    "Cannot cast ufunc": "+= and *= keep the dtype on their left: begin with an array of the input's dtype",
    "unexpected keyword argument": "the arguments' names are those of the statement: keep the signature",
    "positional argument": "a function got more or fewer arguments than it has: keep the statement's signature",
    "referenced before assignment": "it gets its value in a branch or a loop that did not run",
    "not associated with a value": "it gets its value in a branch or a loop that did not run",
    "invalid index to scalar": "a single number was used as if it were an array: was too much summed up?",
    "is not subscriptable": "a single thing was used as if it were an array: was too much summed up?",
    "has no len()": "a single number was used as if it were an array: was too much summed up?",
    "non-iterable": "a single thing was used as if it were several: is something missing in a return?",
    "not iterable": "a single thing was used as if it were several: is something missing in a return?",
    "division by zero": "a size or a sum is 0 here",
    "recursion depth": "a function calls itself without end",
}


def _cause(kind: str, text: str) -> str:
    """What is likely behind an exception, judged by its class and its text alone; empty if nothing can be told."""
    if kind == "KeyError":
        return "there is no such key: is it spelled as in the statement?"
    if (
        "broadcast" in text
        and "remapped" not in text
        and len(shapes := re.findall(r"\(([\d,]{0,80})\)", text)[:2]) == 2
    ):
        return _why_shapes_differ(*([int(n) for n in shape.split(",") if n] for shape in shapes))
    return next((cause for part, cause in _CAUSES.items() if part in text), "")


def _why_shapes_differ(first: list[int], second: list[int]) -> str:
    if 0 in first + second:
        return "one of them is empty: a slice like [0:-0] holds nothing, nor does one that begins past the edge"
    if len(first) != len(second):
        return "they have different numbers of axes: is an index, a sum or a None in an index missing?"
    if len(first) > 2 and first[:-2] == second[:-2]:
        return "heights or widths differ: KH for KW, an image taken for square, or a window over the edge?"
    return "one axis has two different lengths: N, C, F or M taken for another, or KH for KW?"


def _where(error: BaseException) -> str:
    """The innermost line of the notebook's own code, if there is one."""
    if notes := getattr(error, "__notes__", None):  # the examiner knows it from the room
        return f" ({notes[-1]})"
    where, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "__main__":
            where = f" (line {trace.tb_lineno} of {trace.tb_frame.f_code.co_name})"
        trace = trace.tb_next
    return where.replace(" of <module>", " of this cell")


# --- assertions: each says what was seen, what was expected and the likeliest cause --------------------------------


def _as_array(value: Any, what: str) -> np.ndarray:
    if value is None:
        raise CheckFailed(f"{what} is None", "is there a return statement?")
    value = _without_torch(value)
    known = isinstance(value, np.ndarray | np.generic | int | float | complex | list | tuple)
    if not known or (isinstance(value, np.ndarray) and type(value) is not np.ndarray):  # no masked array, no matrix
        kind = getattr(value, "_type_name", type(value).__name__)  # a stand-in names what it stands for
        raise CheckFailed(f"{what} is a {kind}", "an array is needed")
    try:
        array = np.asarray(value)
    except ValueError:
        raise CheckFailed(f"{what} is a {type(value).__name__} that makes no array", "an array is needed") from None
    if array.dtype.kind not in "biufc":
        raise CheckFailed(f"{what} holds {array.dtype} values", "numbers are needed")
    return array


def _without_torch(value: Any) -> Any:
    """A tensor (a Parameter too, with or without a graph) as an array; anything else as it is."""
    torch = sys.modules.get("torch")
    return value.detach().cpu().numpy() if torch is not None and isinstance(value, torch.Tensor) else value


def _likely(actual: np.ndarray, likely: Mapping[str, Any], rtol: float, atol: float) -> str:
    """The first cause whose wrong value is what we see."""
    wrongs = {cause: np.asarray(_without_torch(wrong)) for cause, wrong in likely.items()}
    for cause, wrong in wrongs.items():
        if wrong.shape == actual.shape and np.allclose(actual, wrong, rtol, atol):
            return cause
    return ""


def assert_shape(actual: Any, shape: tuple[int, ...], what: str, likely: Mapping[str, tuple[int, ...]] = {}) -> None:
    """Fail unless ``actual`` is an array of this shape. ``likely``: cause -> the shape that it leads to."""
    seen = _as_array(actual, what).shape
    if seen != tuple(shape):
        cause = next((cause for cause, wrong in likely.items() if tuple(wrong) == seen), "")
        if not cause and seen == tuple(n for n in shape if n != 1):
            cause = "axes of length 1 were lost: squeeze() takes them all"
        raise CheckFailed(f"{what} has shape {seen}, expected {tuple(shape)}", cause)


def assert_dtype(actual: Any, dtype: Any, what: str) -> None:
    """Fail unless ``actual`` is an array with this dtype."""
    seen = _as_array(actual, what).dtype
    if seen != np.dtype(dtype):
        raise CheckFailed(
            f"{what} has dtype {seen}, expected {np.dtype(dtype)}", "the input's dtype is not kept all the way through"
        )


def assert_close(
    actual: Any,
    expected: Any,
    what: str,
    rtol: float = 1e-7,
    atol: float = 1e-10,
    likely: Mapping[str, Any] = {},
) -> None:
    """Fail unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere, shapes included.

    likely  cause -> the wrong value that it leads to; if that is what we see, the message names the cause
    """
    actual, expected = _as_array(actual, what), np.asarray(_without_torch(expected))
    if actual.shape != expected.shape:
        shapes = {cause: np.shape(wrong) for cause, wrong in likely.items() if np.shape(wrong) != expected.shape}
        assert_shape(actual, expected.shape, what, likely=shapes)
    if np.allclose(actual, expected, rtol, atol, equal_nan=False):
        return
    cause = _likely(actual, likely, rtol, atol)
    if not np.isfinite(actual).all():
        bad = "nan" if np.isnan(actual).any() else "inf"
        raise CheckFailed(f"{what} holds {bad}", cause or "a division by zero, or an exp of a large number?")
    error = np.abs(actual - expected)
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(error - rtol * np.abs(expected)), error.shape))
    at = f"{what}[{', '.join(map(str, worst))}]" if worst else what
    message = "{} is {}, expected {}".format(at, *_apart(actual[worst], expected[worst]))
    if (wrong := int((error > atol + rtol * np.abs(expected)).sum())) > 1:
        message += f" ({wrong} of {error.size} values are off)"
    raise CheckFailed(message, cause)


def _apart(first: Any, second: Any) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to see that they differ, six at least."""
    a, b = (np.asarray(number).item() for number in (first, second))
    digits = next((d for d in range(6, 17) if f"{a:.{d}g}" != f"{b:.{d}g}"), 17)
    return f"{a:.{digits}g}", f"{b:.{digits}g}"


def copies(*arrays: np.ndarray) -> list[np.ndarray]:
    """Copies to hand over, so that what a check goes on to use stays out of reach: ``f(*copies(x, w))``."""
    return [array.copy(order="K") if isinstance(array, np.ndarray) else array for array in arrays]


def numerical_gradient(f: Callable[[np.ndarray], Any], x: np.ndarray, dout: Any = 1.0, h: float = 1e-5) -> np.ndarray:
    """Gradient of ``sum(f(x) * dout)`` by central differences (error O(h²)); x float64, any shape, left as it was."""
    x = x.copy()
    grad = np.zeros_like(x, dtype=np.float64)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + h
        above = np.sum(f(x.copy()) * dout)
        x[index] = kept - h
        below = np.sum(f(x.copy()) * dout)
        x[index] = kept
        grad[index] = (above - below) / (2 * h)
    return grad


def assert_gradient(
    f: Callable[[np.ndarray], Any],
    x: np.ndarray,
    dx: Any,
    dout: Any,
    what: str,
    tolerance: float = 1e-7,
    likely: Mapping[str, Any] = {},
) -> None:
    """Gradient check: fail unless ``dx`` agrees with finite differences of ``f`` at ``x`` (float64).

    The error is ``max|dx - numeric| / max(|dx| + |numeric|)`` over the whole array; correct code reaches 1e-9.
    Where nothing that ``f`` returns depends on ``x`` there is nothing to compare, and the check fails.
    """
    if np.ndim(dout) and (out := _as_array(f(x.copy()), "what forward returns")).shape != np.shape(dout):
        raise CheckFailed(
            f"{what} can not be checked: out has shape {out.shape}, not {np.shape(dout)}", "look at forward"
        )
    numeric = numerical_gradient(f, x, dout)
    dx = _as_array(dx, what)
    shapes = {cause: np.shape(wrong) for cause, wrong in likely.items() if np.shape(wrong) != x.shape}
    assert_shape(dx, x.shape, what, likely=shapes)
    if not np.isfinite(dx).all():
        raise CheckFailed(f"{what} holds nan or inf", "a division by zero, or an exp of a large number?")
    if not numeric.any():
        raise CheckFailed(f"{what} can not be checked", "what forward returns does not change with what it is given")
    error = np.abs(dx - numeric).max() / max((np.abs(dx) + np.abs(numeric)).max(), 1e-12)
    if error > tolerance:
        worst = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(dx - numeric)), x.shape))
        at = f"{what}[{', '.join(map(str, worst))}]"
        raise CheckFailed(
            "{} is {}, finite differences say {} ".format(at, *_apart(dx[worst], numeric[worst]))
            + f"(relative error {error:.1e}, allowed {tolerance:.0e})",
            _likely(dx, likely, 1e-6, 1e-9),
        )


def assert_calls_do_not_mix(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    inputs: tuple[Any, ...],
    others: tuple[Any, ...],
    dout: Any,
    names: tuple[str, ...],
    expected: Mapping[str, Any],
    what: str = "",
    rtol: float = 1e-7,
    atol: float = 1e-10,
) -> None:
    """Fail unless what backward returns comes from its dout and its own cache alone.

    inputs, others  arguments of two forwards; the gradients of the first are looked at
    names           of what backward returns, in order
    expected        name -> the gradient; those named here must be right for a fresh pair; all must stay what they were
    what            whose gradients they are, for messages: "elu's "
    A fresh pair is tried first: where that is wrong already, the message says so and blames no cache.
    """

    def gradients(cache: Any) -> dict[str, np.ndarray]:
        found = backward(*copies(dout), cache)
        found = found if len(names) > 1 else (found,)
        if len(found) != len(names):
            raise CheckFailed(f"{what}backward returns {len(found)} things", f"{len(names)} are needed")
        return {name: _as_array(value, what + name).copy() for name, value in zip(names, found, strict=True)}

    def compare(seen: dict[str, np.ndarray], cause: str) -> None:
        for name in names:
            try:
                assert_close(seen[name], fresh[name], what + name, rtol, atol)
            except CheckFailed as failed:
                raise CheckFailed(failed.message, cause) from None

    fresh = gradients(forward(*copies(*inputs))[1])
    for name, gradient in expected.items():
        try:
            assert_close(fresh[name], gradient, what + name, rtol, atol)
        except CheckFailed as failed:
            raise CheckFailed(f"a fresh pair is already wrong: {failed.message}", failed.cause) from None
    compare(gradients(forward(*copies(*inputs))[1]), "right once, not for the same two calls again: something stays")
    cache = forward(*copies(*inputs))[1]
    forward(*copies(*others))
    compare(gradients(cache), "right for a fresh pair, not after another forward: backward knows more than its cache")
    compare(gradients(cache), "right once, not again with the same cache: backward writes into it")


@contextmanager
def unchanged(**arrays: np.ndarray) -> Iterator[None]:
    """Fail if the block changes one of these arrays: ``with unchanged(x=x, w=w): out, cache = f(x, w)``."""
    before = {name: array.copy() for name, array in arrays.items()}
    yield
    for name, array in arrays.items():
        if not np.array_equal(before[name], array, equal_nan=True):
            raise CheckFailed(f"{name} was changed in place", "work on a copy: the caller still needs its array")


def _class_names(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


@contextmanager
def raises(kind: type[Exception], when: str) -> Iterator[None]:
    """Fail unless the block raises ``kind``: ``with raises(ValueError, "the filter is larger than the image"):``.

    kind may be a class that the student wrote: it goes by its name, since the examiner has no such class.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, kind) if isinstance(kind, type) else kind.__name__ in _class_names(error):
            return
        if isinstance(error, NotImplementedError | NameError | CheckFailed):
            raise
        raise CheckFailed(f"{type(error).__name__} was raised when {when}", f"{kind.__name__} is needed") from None
    raise CheckFailed(f"nothing was raised when {when}", f"raise {kind.__name__} with a sentence that says why")
