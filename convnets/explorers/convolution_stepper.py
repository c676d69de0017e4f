"""ConvolutionStepper: walk over the output of a convolution and see each pixel's sum of products."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from traitlets import Dict, Int, List, validate

from convnets.explorers.kit import Explorer, whole_number
from convnets.plots import RED, number_grid

LARGEST = 12  # pixels: a wider picture leaves no room for its numbers
CHANNELS = (1, 4)
LIMITS = {
    "size": (1, LARGEST),
    "kernel_size": (1, 5),
    "stride": (1, 4),
    "padding": (0, 3),
    "dilation": (1, 3),
    "groups": (1, 4),
}


class ConvolutionStepper(Explorer):
    """Input, filter and output of a 2-d convolution (cross-correlation, no bias), drawn with their numbers.

    Hovering an output pixel, or moving to it with the arrow keys, shows its window and writes out its sum; input pixels
    that no window ever looks at are hatched. A click on an input or filter cell adds one (with Shift: takes one away).

    size, kernel_size, stride, padding, dilation, groups: whole numbers, named as in torch; both squares.
        A setting that fits no convolution (filter larger than the padded input, channels that the groups do not divide)
        is allowed: the page says what is wrong with it.
    in_channels, out_channels: 1 to 4.
    x: (in_channels, n, n) or (n, n), whole numbers, n at most 12; a picture of our own if not given. ``size`` then
        starts at n; the slider cuts the picture to its upper left corner.
    w: (out_channels, in_channels // groups, k, k) or (k, k), whole numbers; edge filters and others if not given.
    task: the line above the picture.

    The attributes ``x`` and ``w`` hold what the page now shows, float32, ready for ``torch.nn.functional.conv2d``.
    Raises traitlets.TraitError for a setting outside its range, ValueError for an array of the wrong shape.
    """

    settings = ("size", "kernel_size", "stride", "padding", "dilation", "groups", "values", "kernels")
    size = Int(8).tag(sync=True)
    kernel_size = Int(3).tag(sync=True)
    stride = Int(2).tag(sync=True)
    padding = Int(0).tag(sync=True)
    dilation = Int(1).tag(sync=True)
    groups = Int(1).tag(sync=True)
    values: List = List(help="the input, (C, n, n), n being the largest size").tag(sync=True)
    kernels = Dict(help="kernel size (as str) -> the filters as if without groups, (F, C, k, k)").tag(sync=True)

    def __init__(
        self,
        *,
        size: int | None = None,
        kernel_size: int | None = None,
        stride: int = 2,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        in_channels: int = 2,
        out_channels: int = 2,
        x: Any = None,
        w: Any = None,
        task: str = "Find a stride that never looks at the last column. Then find a padding that brings it back.",
    ):
        whole_number(groups, "groups", *LIMITS["groups"])
        picture, filters = _square(x, 3, "x"), _square(w, 4, "w")
        if picture is not None:
            in_channels, size = len(picture), size or picture.shape[-1]
        if filters is not None:
            out_channels, kernel_size = len(filters), kernel_size or filters.shape[-1]
            in_channels = filters.shape[1] * groups if picture is None else in_channels
        whole_number(in_channels, "in_channels", *CHANNELS)
        whole_number(out_channels, "out_channels", *CHANNELS)
        kernels = {k: _filters(out_channels, in_channels, k) for k in range(1, LIMITS["kernel_size"][1] + 1)}
        if filters is not None:
            kernels[filters.shape[-1]] = _spread(filters, in_channels, groups)
        if picture is None:
            picture = _picture(in_channels)
        self._most = picture.shape[-1]
        super().__init__(
            size=min(8, self._most) if size is None else size,
            kernel_size=3 if kernel_size is None else kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            values=picture.tolist(),
            kernels={str(k): kernel.tolist() for k, kernel in kernels.items()},
            limits={name: list(limit) for name, limit in {**LIMITS, "size": (1, self._most)}.items()},
            task=task,
        )

    @validate(*LIMITS)
    def _in_range(self, proposal: Any) -> int:
        name = proposal["trait"].name
        least, most = LIMITS[name]
        return whole_number(proposal["value"], name, least, self._most if name == "size" else most)

    @property
    def x(self) -> np.ndarray:
        """The input that the page shows: (in_channels, size, size), float32."""
        return np.array(self.values, np.float32)[:, : self.size, : self.size]

    @property
    def w(self) -> np.ndarray:
        """The filters that the page shows: (out_channels, in_channels // groups, kernel_size, kernel_size), float32."""
        kernels = np.array(self.kernels[str(self.kernel_size)], np.float32)
        F, C = kernels.shape[:2]
        if C % self.groups or F % self.groups:
            raise ValueError(f"{self.groups} groups can not share out {C} input channels and {F} filters evenly")
        inputs, outputs = C // self.groups, F // self.groups
        return np.stack([kernels[f, f // outputs * inputs :][:inputs] for f in range(F)])

    def picture(self) -> Figure:
        """Filter 0: the input channels that it sees with its first window, its weights, its output."""
        n, k, s, p, d = self.size, self.kernel_size, self.stride, self.padding, self.dilation
        wide, reach = n + 2 * p, d * (k - 1) + 1
        x, kernels = np.pad(self.x, ((0, 0), (p, p), (p, p))), self.kernels[str(k)]
        if reach > wide or len(x) % self.groups or len(kernels) % self.groups:
            figure = Figure(figsize=(8, 1))
            figure.text(0.5, 0.5, "These settings give no output: run the cell to see why.", ha="center", size=12)
            return figure
        x, w = x[: len(x) // self.groups], self.w[0]
        taps = np.arange(0, wide - reach + 1, s)[:, None] + d * np.arange(k)  # (outputs, k): input row of each tap
        out = np.einsum("ciajb,cab->ij", x[:, taps[:, :, None, None], taps], w)
        window = {(int(i), int(j), 1, 1): RED for i in taps[0] for j in taps[0]} if d > 1 else {(0, 0, k, k): RED}
        lost = sorted(set(range(n)) - set((taps - p).ravel().tolist()))
        unseen = [(i, j) for i in range(n) for j in range(n) if i in lost or j in lost]
        figure = Figure(
            figsize=(0.34 * (wide + k + len(taps)) + 1.8, 0.4 + len(x) * (0.34 * wide + 0.4)), layout="constrained"
        )
        rows = figure.subplots(len(x), 3, width_ratios=(wide, k, len(taps)), squeeze=False)
        for channel, (left, middle, right) in enumerate(rows):
            for axes, values, title, marks in (
                (left, x[channel], f"input {channel}", window),
                (middle, w[channel], f"filter 0, {channel}", {(0, 0, k, k): RED}),
                (right, out, "output 0", {(0, 0, 1, 1): RED}),
            ):
                number_grid(values, axes, title, limit=2.5 * max(1, np.abs(values).max()), windows=marks)
            for i, j in unseen:
                left.add_patch(Rectangle((j + p, i + p), 1, 1, fill=False, hatch="////", ec="0.5", lw=0))
            right.set_visible(channel == 0)
        figure.suptitle(f"stride {s}: {len(unseen)} of {n * n} pixels are never looked at (hatched)", size=11)
        return figure


def _square(array: Any, ndim: int, name: str) -> np.ndarray | None:
    """``array`` with leading axes of 1 added up to ndim, as whole numbers; None stays None."""
    if array is None:
        return None
    array = np.asarray(array)
    array = array.reshape((1,) * (ndim - array.ndim) + array.shape)
    most = LARGEST if name == "x" else LIMITS["kernel_size"][1]
    if array.ndim != ndim or array.shape[-1] != array.shape[-2] or not 1 <= array.shape[-1] <= most:
        raise ValueError(f"{name} has shape {array.shape}; its last two axes must be equal and at most {most}")
    if (array != np.round(array)).any():
        raise ValueError(f"{name} holds fractions; the sums are written out, so give whole numbers")
    return array.astype(int)


def _spread(filters: np.ndarray, in_channels: int, groups: int) -> np.ndarray:
    """(F, C // groups, k, k) filters at the places that they have in (F, C, k, k), zeros elsewhere."""
    F, inputs, k, _ = filters.shape
    if inputs * groups != in_channels or F % groups:
        raise ValueError(
            f"w has shape {filters.shape}: with {in_channels} input channels and {groups} groups it must be "
            f"(F, {in_channels / groups:g}, k, k), F a multiple of {groups}"
        )
    full = np.zeros((F, in_channels, k, k), int)
    for f in range(F):
        first = f // (F // groups) * inputs
        full[f, first : first + inputs] = filters[f]
    return full


def _picture(channels: int) -> np.ndarray:
    """(channels, 12, 12) of 0..4: a disc, a diagonal, a ramp, a chequerboard."""
    i, j = np.mgrid[:LARGEST, :LARGEST]
    distance = np.hypot(i - 3.5, j - 3.5)
    disc = np.clip(np.round(5.5 - 1.1 * distance), 0, 4)
    diagonal = np.clip(4 - 2 * abs(i - j), 0, 4)
    return np.stack([disc, diagonal, (i + 2 * j) // 3 % 5, 3 * ((i // 2 + j // 2) % 2)])[:channels].astype(int)


def _filters(out_channels: int, in_channels: int, k: int) -> np.ndarray:
    """(out_channels, in_channels, k, k): vertical edges, horizontal edges, then small numbers by chance."""
    w = np.random.default_rng(k).integers(-1, 3, (CHANNELS[1], CHANNELS[1], k, k))
    if k > 1:
        slope = np.sign(np.arange(k) - (k - 1) / 2).astype(int)
        w[0, 0], w[1, 0] = slope, slope[:, None]
    else:
        w[w == 0] = 1
    return w[:out_channels, :in_channels]
