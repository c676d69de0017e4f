"""What a class did, for its instructor: a table of marks with a reason each, and one page that stands alone.

All text that comes from hand-ins is escaped on the page and stripped of control characters in the terminal.
"""

from __future__ import annotations

import base64
import io
import math
import shutil
import statistics
import textwrap
from collections import Counter
from dataclasses import dataclass

import matplotlib.pyplot as plt
from jinja2 import Environment
from matplotlib.figure import Figure

from autograder.classroom.batch import failed
from autograder.course import plain
from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict
from convnets.plots import BLUE, GREY, INK, RED, use_style

NOT_WRITTEN = "not written yet"  # what convnets.checks says of a stub


def reason(verdict: Verdict) -> str:
    """Why the mark is what it is, in one line: problems with the hand-in first, then what cost the most."""
    parts = [plain(problem, 150) for problem in verdict.problems[:2]]
    if (more := len(verdict.problems) - 2) > 0:
        parts.append(f"and {more} more problem{'s' * (more > 1)}")
    if verdict.problems and verdict.earned == 0 and all(_is_absent(c) for e in verdict.exercises for c in e.checks):
        return "; ".join(parts)
    blank = [e for e in verdict.exercises if e.checks and all(NOT_WRITTEN in c.message for c in e.checks)]
    lost = [e for e in verdict.exercises if e.earned < e.points and e not in blank]
    if blank and len(blank) == len(verdict.exercises):
        parts.append("nothing is written: every exercise is as it was handed out")
    elif blank:
        parts.append(f"not written: {', '.join(_name(e) for e in blank)}")
    lost.sort(key=lambda e: e.earned - e.points)
    shown = 1 if verdict.problems else 2
    parts += [_loss(exercise) for exercise in lost[:shown]]
    if rest := lost[shown:]:
        parts.append(f"−{sum(e.points - e.earned for e in rest):g} in {', '.join(_name(e) for e in rest)}")
    return "; ".join(parts) or "every check passed"


def _is_absent(check: CheckResult) -> bool:
    return NOT_WRITTEN in check.message or "is not defined" in check.message


def _name(exercise: ExerciseResult) -> str:
    return exercise.grade_id.removeprefix("test_")


def _loss(exercise: ExerciseResult) -> str:
    first = next((c for c in exercise.checks if not c.passed), None)  # the later ones often fail because of it
    said = exercise.note or (f"{first.name}: {first.cause or first.message}" if first else "not examined")
    return f"−{exercise.points - exercise.earned:g} in {_name(exercise)} ({plain(said, 90)})"


# --- in the terminal -------------------------------------------------------------------------------------------------


def marks_table(verdicts: list[Verdict]) -> str:
    """The marks of a class with a reason each, as aligned text, and a line that sums up."""
    width = min(shutil.get_terminal_size((120, 24)).columns, 140)
    names = [plain(verdict.student, 24) for verdict in verdicts]
    column = max(len("student"), *map(len, names))
    lines = [f"{'student':<{column}}  {'mark':>10}  reason"]
    for name, verdict in zip(names, verdicts, strict=True):
        mark = f"{verdict.earned:g} / {verdict.points:g}"
        head = f"{name:<{column}}  {mark:>10}{'?' if failed(verdict) else ' '} "
        room = max(width - len(head), 40)
        wrapped = textwrap.wrap(reason(verdict), room, break_on_hyphens=False) or [""]
        lines.append(head + wrapped[0])
        lines += [" " * len(head) + line for line in wrapped[1:]]
    marks = [verdict.earned for verdict in verdicts]
    points = max(verdict.points for verdict in verdicts)
    summary = f"{_count(len(verdicts), 'hand-in')}; half have {statistics.median(marks):g} or more of {points:g}"
    return "\n".join([*lines, "", f"{summary}. Written answers are marked by hand and come on top."])


def exercise_table(verdict: Verdict, hints: int) -> str:
    """One's own verdict, exercise by exercise, with what was seen and the first ``hints`` hints of what failed."""
    lines = [f"! {plain(problem)}" for problem in verdict.problems]
    for exercise in verdict.exercises:
        lines += ["", f"{_name(exercise)}  {exercise.earned:g} of {exercise.points:g} points"]
        lines += [f"  {plain(exercise.note)}"] if exercise.note else []
        for check in exercise.checks:
            lines += _check_lines(check, hints)
    return "\n".join([*lines, "", f"all together: {verdict.earned:g} of {verdict.points:g} points"])


def _check_lines(check: CheckResult, hints: int) -> list[str]:
    mark = "✓" if check.passed else "✗"
    lines = [f"  {mark} {check.name}  ({check.earned:g}/{check.points:g}){'  hidden' if check.hidden else ''}"]
    if not check.passed:
        said = check.cause if check.hidden else check.message
        lines += textwrap.wrap(plain(said), 100, initial_indent=" " * 6, subsequent_indent=" " * 6)
        for hint in check.hints[:hints]:
            lines += textwrap.wrap(f"hint: {hint}", 100, initial_indent=" " * 6, subsequent_indent=" " * 8)
    return lines


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


# --- as a page -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """How one exercise, or one check of it, went: points earned by the class as a share, and who passed."""

    exercise: str
    name: str
    points: float
    share: float
    passed: int
    of: int
    hidden: bool = False
    causes: tuple[str, ...] = ()

    @property
    def failures(self) -> int:
        return self.of - self.passed


def tallies(verdicts: list[Verdict]) -> tuple[list[Tally], list[Tally]]:
    """Exercises in their order, and checks with the most-failed first, among those who wrote the exercise.

    Provisional verdicts do not count.
    """
    exercises: dict[str, list[ExerciseResult]] = {}
    checks: dict[tuple[str, str], list[CheckResult]] = {}
    counted = [verdict for verdict in verdicts if not failed(verdict)]
    for verdict in counted:
        for exercise in verdict.exercises:
            exercises.setdefault(_name(exercise), []).append(exercise)
            tried = not all(_is_absent(check) for check in exercise.checks)
            for check in exercise.checks if tried else []:
                checks.setdefault((_name(exercise), check.name), []).append(check)

    def share(results: list[ExerciseResult] | list[CheckResult]) -> float:
        return sum(r.earned for r in results) / max(sum(r.points for r in results), 1e-9)

    by_exercise = [
        Tally(name, name, found[0].points, share(found), sum(e.earned >= e.points for e in found), len(found))
        for name, found in exercises.items()
    ]
    by_check = []
    for (of, name), tried_by in checks.items():
        said = Counter(plain(c.cause or c.message, 160) for c in tried_by if not c.passed and (c.cause or c.message))
        causes = tuple(f"{text} ({times}×)" if times > 1 else text for text, times in said.most_common(3))
        first, passed = tried_by[0], sum(c.passed for c in tried_by)
        by_check.append(Tally(of, name, first.points, share(tried_by), passed, len(tried_by), first.hidden, causes))
    return by_exercise, sorted(by_check, key=lambda tally: (-tally.failures, tally.of))


def class_page(assignment: str, verdicts: list[Verdict]) -> str:
    """One self-contained HTML page about a class: marks with reasons, distribution, exercises, checks."""
    by_exercise, by_check = tallies(verdicts)
    marks = [verdict.earned for verdict in verdicts if not failed(verdict)]
    points = max((verdict.points for verdict in verdicts), default=0.0)
    figures = []
    if marks and points:
        use_style()
        figures.append(_distribution(marks, points))
        figures.append(_exercises(by_exercise))
    rows = [
        {"student": plain(v.student), "earned": v.earned, "points": v.points, "provisional": failed(v),
         "share": v.earned / v.points if v.points else 0.0, "reason": reason(v)}
        for v in sorted(verdicts, key=lambda v: (-v.earned, v.student))
    ]  # fmt: skip
    environment = verdicts[0].environment if verdicts else {}
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_PAGE)
    return page.render(
        assignment=assignment,
        facts=_facts(marks, points, verdicts),
        figures=figures,
        checks=[tally for tally in by_check if tally.failures],
        top=12,
        rows=rows,
        environment=", ".join(f"{key} {value}" for key, value in environment.items()),
    )


def _facts(marks: list[float], points: float, verdicts: list[Verdict]) -> list[tuple[str, str]]:
    facts = [("hand-ins", str(len(verdicts)))]
    if marks:
        facts += [("median", f"{statistics.median(marks):g} of {points:g}")]
        facts += [("mean", f"{statistics.mean(marks):.1f}")]
        facts += [("full marks", str(sum(mark >= points for mark in marks)))]
        facts += [("zero", str(sum(mark == 0 for mark in marks)))]
    if provisional := len(verdicts) - len(marks):
        facts += [("grader errors", f"{provisional}: look at these first")]
    return facts


def _distribution(marks: list[float], points: float) -> tuple[str, str]:
    """Histogram of the marks in round steps: (image, alt text)."""
    fig, ax = plt.subplots(figsize=(8, 2.9))
    step = next(step for step in (0.5, 1, 2, 5, 10, 20, 50, 100, 1000) if step >= points / 12)
    edges = [i * step for i in range(math.ceil(points / step))]
    counts = [sum(edge <= mark < edge + step for mark in marks) for edge in edges]
    counts[-1] += sum(mark >= edges[-1] + step for mark in marks)  # full marks on the last edge
    widths = [min(step, points - edge) for edge in edges]
    ax.bar(edges, counts, width=[0.94 * width for width in widths], align="edge", color=BLUE)
    for edge, width, count in zip(edges, widths, counts, strict=True):
        if count:
            ax.text(edge + 0.47 * width, count, str(count), ha="center", va="bottom", color=INK, fontsize=9)
    median = statistics.median(marks)
    ax.axvline(median, color=RED, lw=1.6)
    side = "right" if median > points / 2 else "left"
    ax.text(median, max(counts) * 1.22, f" median {median:g} ", color=RED, ha=side, va="center", fontsize=9.5)
    ax.set(xlim=(0, points), ylim=(0, max(counts) * 1.32), xlabel=f"points by tests, of {points:g}", ylabel="hand-ins")
    ax.set_xticks([*edges, points], [*(f"{x:g}" for x in edges), "" if widths[-1] < step / 2 else f"{points:g}"])
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    low = sum(mark < points / 2 for mark in marks)
    title = (
        f"{low} of {len(marks)} have less than half of the points" if low else "Everyone has half of the points or more"
    )
    ax.set_title(title)
    return _inline(fig), f"Histogram of marks: {title}; median {median:g} of {points:g}."


def _exercises(tally: list[Tally]) -> tuple[str, str]:
    """Share of each exercise's points that the class earned, in the assignment's order: (image, alt text)."""
    fig, ax = plt.subplots(figsize=(8, 0.9 + 0.36 * len(tally)))
    worst = min(tally, key=lambda t: t.share)
    places = range(len(tally))
    ax.barh(places, [1.0] * len(tally), color="#EEEEEE", height=0.66)
    ax.barh(places, [t.share for t in tally], color=[RED if t is worst else BLUE for t in tally], height=0.66)
    for place, t in enumerate(tally):
        ax.text(1.015, place, f"{t.share:.0%} · {t.passed} of {t.of} full", va="center", fontsize=9, color=INK)
    ax.set_yticks(places, [f"{t.name}  ({t.points:g})" for t in tally])
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.26), xlabel="share of the points that the class earned")
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", colors=GREY)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    title = f"{worst.name} went worst: the class earned {worst.share:.0%} of its points"
    ax.set_title(title)
    return _inline(fig), f"Bars of points earned per exercise: {title}."


def _inline(fig: Figure) -> str:
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=200)
    plt.close(fig)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{{ assignment }}: the class</title>
<style>
  body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #222; background: #fff; margin: 0 auto;
         max-width: 54rem; padding: 2rem 1.5rem 4rem; }
  h1 { font-size: 1.6rem; margin: 0 0 1rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; }
  dl { display: flex; flex-wrap: wrap; gap: .6rem 2.4rem; margin: 0; } dt { color: #666; font-size: .82rem; }
  dd { margin: 0; font-size: 1.15rem; font-weight: 600; }
  img { width: 100%; height: auto; margin: .2rem 0; }
  table { border-collapse: collapse; width: 100%; font-size: .9rem; }
  th { text-align: left; color: #666; font-weight: 600; border-bottom: 2px solid #ccc; padding: .3rem .6rem .3rem 0; }
  td { vertical-align: top; border-bottom: 1px solid #e5e5e5; padding: .35rem .6rem .35rem 0; overflow-wrap: anywhere; }
  .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } td.who { white-space: nowrap; }
  .bar { display: inline-block; width: 5rem; height: .55rem; background: #eee; margin-left: .5rem; }
  .bar i { display: block; height: 100%; background: #0072B2; }
  .tag { font-size: .75rem; color: #666; border: 1px solid #ccc; border-radius: .6rem; padding: 0 .45rem; }
  td.check { min-width: 15rem; } summary { cursor: pointer; color: #0072B2; margin: .8rem 0; }
  .loud { color: #B04A00; font-weight: 600; } .cause { color: #555; font-size: .85rem; }
  footer { color: #666; font-size: .82rem; margin-top: 2.5rem; }
  @media print { body { padding: 0; max-width: none; font-size: 11px; } tr, img { break-inside: avoid; }
                 * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
</style>
</head>
<body>
<h1>{{ assignment }}: how the class did</h1>
<dl>{% for name, value in facts %}<div><dt>{{ name }}</dt><dd>{{ value }}</dd></div>{% endfor %}</dl>
{% for image, alt in figures %}
{% if loop.first %}<h2>Marks</h2>{% else %}<h2>Exercises</h2>{% endif %}
<img src="{{ image }}" alt="{{ alt }}">
{% endfor %}
<h2>Checks that failed most often, among those who wrote the exercise</h2>
{% macro table(rows) %}
<table>
<tr><th>failed</th><th>check</th><th>what was seen</th></tr>
{% for check in rows %}
<tr><td class="n">{{ check.failures }} of {{ check.of }}</td>
<td class="check"><b>{{ check.exercise }}</b><br>{{ check.name }} ({{ "%g"|format(check.points) }})
{% if check.hidden %}<span class="tag">hidden</span>{% endif %}</td>
<td class="cause">{% for cause in check.causes %}{{ cause }}{% if not loop.last %}<br>{% endif %}{% endfor %}</td></tr>
{% endfor %}
</table>
{% endmacro %}
{% if checks %}
{{ table(checks[:top]) }}
{% if checks|length > top %}
<details><summary>{{ checks|length - top }} more that somebody failed</summary>{{ table(checks[top:]) }}</details>
{% endif %}
{% else %}<p>None: every check passed for everyone who wrote the exercise.</p>{% endif %}
<h2>Everyone, with the reason for the mark</h2>
<table>
<tr><th>student</th><th class="n">mark</th><th></th><th>reason</th></tr>
{% for row in rows %}
<tr><td class="who">{{ row.student }}</td>
<td class="n">{{ "%g"|format(row.earned) }} / {{ "%g"|format(row.points) }}</td>
<td><span class="bar"><i style="width: {{ "%.0f"|format(100 * row.share) }}%"></i></span></td>
<td{% if row.provisional %} class="loud"{% endif %}>{{ row.reason }}</td></tr>
{% endfor %}
</table>
<footer>Marks by tests; written answers are marked by hand in the formgrader and come on top.
{% if environment %}Graded with {{ environment }}.{% endif %} For the instructor:
what hidden checks saw is on this page.
</footer>
</body>
</html>
"""
