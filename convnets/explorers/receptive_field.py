"""ReceptiveFieldExplorer: stack layers and see which input pixels one unit looks at, and through how many paths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from traitlets import Dict, List, Unicode, validate

from convnets.arithmetic import Pool, receptive_field
from convnets.explorers.kit import Explorer, whole_number
from convnets.plots import BLUE

LIMITS = {"kernel_size": (1, 11), "stride": (1, 4), "padding": (0, 8), "dilation": (1, 8)}
MOST_LAYERS = 8

#: name -> layers as (kernel_size, stride, padding, dilation, kind); as in the papers of AlexNet and VGG
PRESETS = {
    "three 3x3": [(3, 1, 0, 1, "conv")] * 3,
    "one 7x7": [(7, 1, 0, 1, "conv")],
    "dilated 1, 2, 4": [(3, 1, 0, 1, "conv"), (3, 1, 0, 2, "conv"), (3, 1, 0, 4, "conv")],
    "dilated 2, 2, 2": [(3, 1, 0, 2, "conv")] * 3,
    "VGG: first two blocks": ([(3, 1, 1, 1, "conv")] * 2 + [(2, 2, 0, 1, "pool")]) * 2,
    "AlexNet: first five": [
        (11, 4, 0, 1, "conv"),
        (3, 2, 0, 1, "pool"),
        (5, 1, 2, 1, "conv"),
        (3, 2, 0, 1, "pool"),
        (3, 1, 1, 1, "conv"),
    ],
}


class ReceptiveFieldExplorer(Explorer):
    """A stack of layers along one axis; pointing at a unit lights its receptive field in every layer below.

    At the input the shade, the bars and the small square (two axes) count the *paths* from each pixel to the unit:
    the weight that a pixel has if every filter weight is 1. Layers are changed, added and removed in the table, which
    gives size, jump and start of the field as ``convnets.arithmetic.receptive_field`` does.

    layers: the name of a preset (see ``PRESETS``), or 1 to 8 layers from the input up, each a
        ``convnets.arithmetic.Conv`` or ``Pool``, a tuple (kernel_size, stride, dilation) whose tail may be left out,
        a kernel size, or a dict with the keys kernel_size, stride, padding, dilation, kind ("conv" or "pool").
    task: the line above the picture; one of our own if not given.

    Raises ValueError for an unknown preset, traitlets.TraitError for a layer outside the ranges in ``LIMITS``.
    """

    settings = ("layers", "preset")
    layers = List(Dict()).tag(sync=True)
    preset = Unicode().tag(sync=True)
    presets = Dict().tag(sync=True)

    def __init__(
        self,
        layers: str | Iterable[Any] = "three 3x3",
        *,
        task: str | None = None,
    ):
        if task is None:
            task = "Which pixels of the input can change this unit, and which change it most?"
            if layers == "three 3x3":
                task = "Three 3x3 layers see as far as one 7x7. Do they see all 7 pixels equally well?"
        name = layers if isinstance(layers, str) else ""
        if name and name not in PRESETS:
            raise ValueError(f"there is no preset {layers!r}; give layers, or one of {', '.join(map(repr, PRESETS))}")
        keys = ("kernel_size", "stride", "padding", "dilation", "kind")
        presets = {title: [dict(zip(keys, layer, strict=True)) for layer in stack] for title, stack in PRESETS.items()}
        super().__init__(
            layers=presets[name] if name else [_layer(layer) for layer in layers],
            preset=name,
            presets=presets,
            limits={**{key: list(limit) for key, limit in LIMITS.items()}, "layers": [1, MOST_LAYERS]},
            task=task,
        )

    @validate("layers")
    def _in_range(self, proposal: Any) -> list[dict]:
        layers = proposal["value"]
        whole_number(len(layers), "the number of layers", 1, MOST_LAYERS)
        for number, layer in enumerate(layers, 1):
            for key, limit in LIMITS.items():
                whole_number(layer[key], f"{key} of layer {number}", *limit)
        return layers

    def picture(self) -> Figure:
        """The layers as rows with the field of one unit lit, and the paths below."""
        layers = [Pool(**{key: layer[key] for key in LIMITS}) for layer in self.layers]
        fields = [receptive_field(layers[:depth]) for depth in range(len(layers) + 1)]
        taps = [np.ones(1)]  # paths from each unit below to the top unit, layer by layer downwards
        for layer in reversed(self.layers):
            above, s, d, k = taps[-1], layer["stride"], layer["dilation"], layer["kernel_size"]
            below = np.zeros((len(above) - 1) * s + d * (k - 1) + 1)
            for tap in range(k):
                below[tap * d : tap * d + (len(above) - 1) * s + 1 : s] += above
            taps.append(below)
        paths = taps[::-1]
        figure = Figure(figsize=(8, 1.1 + 0.42 * len(fields)), layout="constrained")
        rows, bars = figure.subplots(2, 1, sharex=True, height_ratios=(len(fields), 1.6))
        top = fields[-1]
        for level, (field, count) in enumerate(zip(fields, paths, strict=True)):
            centre = (field.size - 1) / 2 + field.jump * np.arange(len(count))  # the top unit's field starts at 0
            width = min(0.86 * field.jump, field.jump - 0.14, top.size / 12)
            x = centre - width / 2
            shade = np.where(count > 0, 0.2 + 0.8 * count / count.max(), 0.0).clip(0, 1)
            rows.barh(level, width, 0.6, x, color=[(*to_rgb(BLUE), a) for a in shade], ec="0.7", lw=0.5)
        rows.set_yticks(range(len(fields)), ["input", *(f"layer {i}" for i in range(1, len(fields)))])
        rows.spines[:].set_visible(False)
        rows.tick_params(length=0, labelbottom=False)
        bars.bar(np.arange(top.size), paths[0], width=0.86, color=BLUE)
        bars.set_ylabel("paths")
        bars.set_xlabel("pixel of the field")
        bars.spines[["top", "right"]].set_visible(False)
        rows.set_title(
            f"one unit of layer {len(layers)} sees {top.size} pixels; its neighbour's field lies {top.jump} further on",
            size=10,
        )
        return figure


def _layer(layer: Any) -> dict[str, Any]:
    """One layer, in any of the forms that the constructor takes, as a dict."""
    plain = {"kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1, "kind": "conv"}
    if isinstance(layer, dict):
        unknown = set(layer) - set(plain)
        if unknown:
            raise ValueError(f"a layer has no {sorted(unknown)[0]!r}; it has {', '.join(plain)}")
        return {**plain, **layer}
    if hasattr(layer, "kernel_size"):
        kind = "conv" if hasattr(layer, "out_channels") else "pool"
        return {**plain, **{key: getattr(layer, key) for key in LIMITS}, "kind": kind}
    if isinstance(layer, int):
        layer = (layer,)
    if not 1 <= len(layer) <= 3:
        raise ValueError(f"a layer is {layer!r}; give (kernel_size, stride, dilation), or fewer of them")
    return {**plain, **dict(zip(("kernel_size", "stride", "dilation"), layer, strict=False))}
