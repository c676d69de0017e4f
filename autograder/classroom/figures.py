"""The figures of the page about a class, as images that stand in it, with the text for who cannot see them."""

from __future__ import annotations

import base64
import io
import math
import statistics
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from convnets.plots import BLUE, GREY, INK, RED, use_style

if TYPE_CHECKING:
    from autograder.classroom.report import Tally

use_style()


def distribution(marks: list[float], points: float) -> tuple[str, str]:
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


def exercises(tally: list[Tally]) -> tuple[str, str]:
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
