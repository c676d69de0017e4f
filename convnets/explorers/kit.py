"""What every explorer shares: where its page code lies, how it starts over, and its picture for pages without widgets.

An explorer is one class in ``name.py`` and one ES module in ``name.js``; ``kit.js`` is put in front of the latter and
``kit.css`` styles it. All of it travels inside the widget's state, which nbclient (so also ``jupyter nbconvert
--execute``) stores in the notebook's metadata. What a reader then sees before running a cell, in JupyterLab 4.6:

    notebook trusted (``jupyter trust``), kernel started   the explorer, working
    notebook not trusted, with or without a kernel         the ``image/png`` beside the widget: the start state
    a page without widgets (GitHub, PDF)                   the same picture
"""

from __future__ import annotations

import base64
import inspect
import io
import json
import re
from pathlib import Path
from typing import Any

import anywidget
import nbformat
import traitlets
from matplotlib.figure import Figure
from nbformat import NotebookNode
from PIL import Image

HERE = Path(__file__).parent


class Explorer(anywidget.AnyWidget):
    """Base of all explorers. A subclass names in ``settings`` the traits that "Reset" puts back."""

    settings: tuple[str, ...] = ()
    task = traitlets.Unicode(help="the one thing to discover, shown above the picture").tag(sync=True)
    start = traitlets.Dict(help="the settings at the start, for Reset").tag(sync=True)
    limits = traitlets.Dict(help="setting -> [least, most]").tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "_esm" not in cls.__dict__:  # anywidget derives a class per widget, with _esm as a trait: leave that alone
            own = Path(inspect.getfile(cls)).with_suffix(".js")
            cls._esm = (HERE / "kit.js").read_text() + own.read_text()
            cls._css = (HERE / "kit.css").read_text()
        super().__init_subclass__(**kwargs)

    def __init__(self, **values: Any) -> None:
        unknown = set(values) - set(self.trait_names())
        if unknown:
            raise TypeError(f"{type(self).__name__} has no setting {sorted(unknown)[0]!r}; it has {self.settings}")
        super().__init__(**values)
        self.start = {name: getattr(self, name) for name in self.settings}

    def picture(self) -> Figure:
        """The start state as a figure, for pages that can not run the explorer."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        drawn, small = io.BytesIO(), io.BytesIO()
        self.picture().savefig(drawn, format="png", dpi=100, bbox_inches="tight")
        Image.open(drawn).convert("RGB").quantize(64).save(small, "png", optimize=True)  # a fifth of the bytes
        data["image/png"] = base64.b64encode(small.getvalue()).decode()
        return data, {**metadata, "image/png": {"alt": f"{type(self).__name__}, as it starts. {self.task}"}}


def whole_number(value: Any, name: str, least: int, most: int) -> int:
    """``value`` if it is a whole number in range; else a TraitError that says what is needed."""
    if isinstance(value, bool) or value != int(value) or not least <= value <= most:
        raise traitlets.TraitError(f"{name} is {value}; it must be a whole number from {least} to {most}")
    return int(value)


def stable_ids(notebook: NotebookNode) -> NotebookNode:
    """An executed notebook with its widgets' random ids replaced by widget-1, widget-2, ... as they appear.

    Two executions then differ only where their results do. Returns a new notebook.
    """
    states = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    order: list[str] = []

    def visit(part: Any) -> None:
        for name in re.findall("[0-9a-f]{32}", json.dumps(part, sort_keys=True)):
            if name in states and name not in order:
                order.append(name)
                visit(states[name])

    visit(notebook.cells)
    visit(sorted(states, key=lambda name: json.dumps(states[name], sort_keys=True)))  # those that are never shown
    text = nbformat.writes(notebook)
    for number, name in enumerate(order, 1):
        text = text.replace(name, f"widget-{number}")
    return nbformat.reads(text, as_version=notebook.nbformat)
