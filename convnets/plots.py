"""The course's figures: one style, and the few drawings that every lecture needs.

Call ``use_style()`` once at the top of a notebook, draw with matplotlib, and end a cell with ``show(fig, alt=...)``:
the sentence says what the picture shows to somebody who cannot see it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Okabe & Ito 2008: told apart with every common kind of colour vision.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
)
GREY, INK = "#8A8A8A", "#222222"
CYCLE = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY)
#: negative vermilion, zero white, positive blue
SIGNED = LinearSegmentedColormap.from_list("signed", [RED, "#FFFFFF", BLUE])
#: none white, much blue
AMOUNT = LinearSegmentedColormap.from_list("amount", ["#FFFFFF", BLUE])


def use_style() -> None:
    """Set matplotlib's defaults to the course's style."""
    plt.rcdefaults()
    plt.rcParams.update(
        {
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "figure.figsize": (7.5, 3.2),
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
            "font.size": 10,
            "axes.titlesize": 10.5,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.titlecolor": INK,
            "axes.labelcolor": INK,
            "axes.labelsize": 9.5,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=CYCLE),
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "image.interpolation": "nearest",
            "image.cmap": "gray",
        }
    )


def show(fig: Figure, alt: str) -> None:
    """Put ``fig`` into the cell's output with ``alt`` as its text for readers who cannot see it, and close it."""
    if not alt.strip():
        raise ValueError("A figure needs an alt text: one sentence on what it shows.")
    buffer = io.BytesIO()
    # Drawn here and not by the kernel's display hook: the same picture under every backend, no version in the file.
    fig.savefig(buffer, format="png", bbox_inches="tight", pad_inches=0.08, metadata={"Software": None})
    picture = base64.b64encode(buffer.getvalue()).decode()
    display({"image/png": picture, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)
    plt.close(fig)


def image_grid(
    images: Sequence[Any],
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    cell: float = 1.8,
    **imshow: Any,
) -> tuple[Figure, np.ndarray]:
    """Draw images (H, W) or (H, W, 3) side by side, pixels crisp, no axes. Returns the figure and its axes, flat.

    cell     width of one image in inches
    imshow   handed to ``Axes.imshow`` (``cmap``, ``vmin``, ...)
    """
    columns = columns or min(len(images), 5)
    rows = -(-len(images) // columns)
    height = cell * np.shape(images[0])[0] / np.shape(images[0])[1] + (0.3 if titles is not None else 0)
    fig, axes = plt.subplots(rows, columns, figsize=(cell * columns, height * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for i, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image, **imshow)
        if titles is not None:
            ax.set_title(titles[i], fontsize=9.5)
    return fig, axes.ravel()


def number_grid(
    values: Any,
    ax: Axes | None = None,
    title: str = "",
    cmap: Any = SIGNED,
    limit: float | None = None,
    fmt: str = "g",
    windows: Mapping[tuple[int, int, int, int], str] | None = None,
) -> Axes:
    """Draw a small matrix as coloured cells with the numbers written in.

    values   (H, W), or (W,) for a single row; nan leaves a cell blank
    limit    the value with the full colour (default: 1.6 times the largest magnitude); -limit has the other one
    windows  {(row, column, height, width): colour}: outlines, e.g. of a filter's window
    """
    values = np.atleast_2d(np.asarray(values, dtype=float))
    H, W = values.shape
    if ax is None:
        _, ax = plt.subplots(figsize=(0.42 * W + 0.3, 0.42 * H + 0.5))
    limit = limit or 1.6 * float(np.nanmax(np.abs(values), initial=0)) or 1.0
    cmap = plt.get_cmap(cmap)
    for (i, j), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        face = cmap(0.5 + 0.5 * np.clip(value / limit, -1, 1) if cmap is SIGNED else np.clip(value / limit, 0, 1))
        ax.add_patch(Rectangle((j, i), 1, 1, facecolor=face, edgecolor="#BBBBBB", linewidth=0.8))
        ax.text(j + 0.5, i + 0.5, format(value, fmt), ha="center", va="center", fontsize=9, color=_readable(face))
    for (i, j, height, width), color in (windows or {}).items():
        ax.add_patch(Rectangle((j, i), width, height, fill=False, edgecolor=color, linewidth=2.5, zorder=3))
    ax.set(xlim=(-0.06, W + 0.06), ylim=(H + 0.06, -0.06), aspect="equal")
    ax.axis("off")
    ax.set_title(title, fontsize=9.5)
    return ax


def number_grids(
    grids: Mapping[str, Any],
    windows: Mapping[str, Mapping[tuple[int, int, int, int], str]] | None = None,
    cell: float = 0.36,
    gap: float = 0.35,
    **options: Any,
) -> tuple[Figure, dict[str, Axes]]:
    """Several small matrices side by side, ``{title: values}``, all cells of one size. Returns the figure and its axes.

    windows   {title: outlines as in ``number_grid``}
    cell, gap width of a cell and of the space between two matrices, in inches; a long title widens its place
    options   handed to ``number_grid``
    """
    arrays = {title: np.atleast_2d(np.asarray(values, dtype=float)) for title, values in grids.items()}
    room = [max(cell * values.shape[1], 0.085 * len(title)) + gap for title, values in arrays.items()]
    height = 0.36 + cell * max(values.shape[0] for values in arrays.values())
    fig = plt.figure(figsize=(sum(room), height), layout="none")
    axes, left = {}, gap / 2
    for (title, values), width in zip(arrays.items(), room, strict=True):
        H, W = values.shape
        bottom = 1 - (0.3 + cell * H) / height
        axes[title] = fig.add_axes(
            (left / sum(room), bottom, cell * (W + 0.12) / sum(room), cell * (H + 0.12) / height)
        )
        number_grid(values, axes[title], title, windows=(windows or {}).get(title), **options)
        left += width
    return fig, axes


def value_bars(
    ax: Axes, values: Mapping[str, float], fmt: str = ",.0f", log: bool = False, colors: Sequence[str] = (BLUE,)
) -> Axes:
    """Horizontal bars, first on top, each with its value at the end; no axis is needed then."""
    names, numbers = list(values), list(values.values())
    ax.barh(names, numbers, color=[colors[i % len(colors)] for i in range(len(names))], height=0.62)
    for i, number in enumerate(numbers):
        ax.annotate(format(number, fmt), (number, i), (4, 0), textcoords="offset points", va="center", fontsize=9)
    if log:
        ax.set_xscale("log")
    ax.invert_yaxis()
    ax.margins(x=0.18)
    ax.tick_params(length=0)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
    return ax


def label_lines(ax: Axes, size: float = 9) -> None:
    """Write each labelled line's name at its right end, in its colour, in the place of a legend.

    Call it last: names that would overlap are pushed apart, which depends on the axis limits.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # fixes the layout, so that distances on the page are known
    per_point = figure.dpi / 72
    ends = []
    for line in ax.get_lines():
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        if not str(line.get_label()).startswith("_") and np.isfinite(y).any():
            last = np.flatnonzero(np.isfinite(y))[-1]
            height = ax.transData.transform((x[last], y[last]))[1] / per_point
            ends.append((height, x[last], y[last], line))
    lowest = -np.inf
    for height, x_end, y_end, line in sorted(ends, key=lambda end: end[0]):
        place = max(height, lowest + 1.25 * size)
        lowest = place
        ax.annotate(
            str(line.get_label()),
            (x_end, y_end),
            xytext=(6, place - height),
            textcoords="offset points",
            va="center",
            color=line.get_color(),
            fontsize=size,
            annotation_clip=False,
        )


def _readable(face: Any) -> str:
    """Black or white, whichever stands out on ``face``."""
    red, green, blue = to_rgb(face)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else INK
