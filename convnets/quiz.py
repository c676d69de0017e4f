"""Quick questions inside a lecture: they answer at once, say why a wrong choice is tempting, and are never graded.

A question is plain HTML in the cell's output. ``choose`` needs no script at all: each option unfolds. ``number`` adds a
few lines of script to a text field. So both work offline and without a running kernel, and what is stored in the
notebook is the same on every run. Where HTML is not shown (a terminal, a PDF) the text form stands in.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

_STYLE = """<style>
.quiz {border-left: 4px solid #0072B2; padding: .5em .9em; margin: .4em 0; max-width: 46em; line-height: 1.45;
  background: var(--jp-layout-color2, #f3f6f9); color: var(--jp-content-font-color1, #222)}
.quiz p {margin: .1em 0 .5em}
.quiz details {margin: .25em 0}
.quiz summary {cursor: pointer; padding: .12em .3em; border-radius: 4px}
.quiz summary:hover {background: var(--jp-layout-color3, #e2e8ee)}
.quiz summary:focus-visible, .quiz input:focus-visible {outline: 2px solid #0072B2}
.quiz .why {margin: .1em 0 .4em 1.5em}
.quiz .right, .quiz .wrong {font-weight: 600; border-bottom: 2px solid #009E73}
.quiz .wrong {border-color: #D55E00}
.quiz input {font: inherit; width: 9em; padding: .15em .4em}
</style>"""


@dataclass(frozen=True)
class Question:
    """What Jupyter shows: ``html`` where it can, else ``text``."""

    html: str
    text: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def choose(question: str, options: Mapping[str, str], answer: str) -> Question:
    """A question with options to click on.

    options  {option: why}: for the right one why it is right, for a wrong one why it is tempting and what it misses
    answer   the right option, spelled as in ``options``
    Text between backticks is set as code. Raises ValueError if ``answer`` is no option.
    """
    if answer not in options:
        raise ValueError(f"The answer {answer!r} is not among the options {list(options)}; spell it the same way.")
    folds = "".join(
        f"<details><summary>{_rich(option)}</summary>{_reply(option == answer, why)}</details>"
        for option, why in options.items()
    )
    asked, answered = [f"Question: {question}"], ["Answer:"]
    for letter, (option, why) in zip("abcdefghij", options.items(), strict=False):
        asked.append(f"  {letter}) {option}")
        answered.append(f"  {letter}) {_mark(option == answer)} {why}")
    return Question(_box(question, folds), "\n".join(asked + answered))


def number(question: str, answer: float, wrong: Mapping[float, str], why: str = "") -> Question:
    """A question with a number to type; commas, blanks and underscores between digits do not matter.

    wrong  {value: why it is tempting}: the reply to that value
    why    one sentence for the right answer
    Raises ValueError if the answer is also listed as wrong.
    """
    if answer in wrong:
        raise ValueError(f"{answer} is the answer and also listed as wrong; take it out of one of them.")
    right = why or f"{answer:,} it is."
    replies = {repr(float(answer)): _reply(True, right)}
    replies |= {repr(float(value)): _reply(False, reason) for value, reason in wrong.items()}
    other = _reply(False, "Not yet. Write the formula down, put the numbers in, and try again.")
    name = f"quiz{zlib.crc32(question.encode()):08x}"
    # What goes into the script is escaped HTML by now: no text in it can end the script element.
    script = _SCRIPT % (json.dumps(name), json.dumps(replies), json.dumps(other))
    field = (
        f'<div id="{name}"><label>Your answer: <input inputmode="decimal" autocomplete="off"></label> '
        f'press Enter <em>(run this cell first)</em><div role="status"></div></div>'
        f"<details><summary>Show the answer</summary>{_reply(True, f'{answer:,}. {why}'.strip())}</details>"
        f"<script>{script}</script>"
    )
    text = [f"Question: {question}", f"Answer: {answer:,}. {why}".rstrip()]
    text += [f"  not {value:,}: {reason}" for value, reason in wrong.items()]
    return Question(_box(question, field), "\n".join(text))


_SCRIPT = """(() => {
  const box = document.getElementById(%s), replies = %s, other = %s;
  const field = box.querySelector("input");
  box.querySelector("em").remove();  // this script runs, so the field is alive
  field.addEventListener("change", () => {
    const typed = Number(field.value.replace(/[\\s,_]/g, ""));
    const same = Object.keys(replies).find(v => field.value.trim() && Math.abs(v - typed) <= 1e-9 * Math.abs(v));
    box.querySelector("[role=status]").innerHTML = same ? replies[same] : other;
  });
  field.addEventListener("keydown", event => { event.stopPropagation(); if (event.key === "Enter") field.blur(); });
})();"""


def _box(question: str, body: str) -> str:
    return f'{_STYLE}<div class="quiz"><p><b>Quick question.</b> {_rich(question)}</p>{body}</div>'


def _reply(right: bool, why: str) -> str:
    return f'<div class="why"><span class="{"right" if right else "wrong"}">{_mark(right)}</span> {_rich(why)}</div>'


def _mark(right: bool) -> str:
    return "✓ Yes." if right else "✗ No."


def _rich(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))
