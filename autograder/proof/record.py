"""What was proved, committed beside the answers: ``answers/<assignment>/proof.json``, and the digest it holds for.

No date and no machine stands in it: the same tests and answers give the same record, but for seconds that were
measured, which are rounded up to 1, 2 or 5 of their order.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import re
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autograder import exam
from autograder.course import Course, CourseError
from autograder.exam import notebook
from autograder.proof import mutants, nothing, trivial
from convnets import checks

_PROVING = (mutants, nothing, trivial)  # modules that say what is tried


@dataclass
class Record:
    """proof.json."""

    digest: str
    versions: dict[str, str]
    right: list[str] = field(default_factory=list)
    exercises: dict[str, dict[str, int]] = field(default_factory=dict)  # name -> wrong, mutants, mutants_caught
    survivors: list[list[str]] = field(default_factory=list)  # mutants: exercise, before, after
    trivial: dict[str, float] = field(default_factory=dict)  # kind -> points that it earns
    checks: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    """Exercise -> check -> its limit, and the CPU seconds that each right answer takes."""

    def write(self, path: Path) -> None:
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        innermost = re.compile(r"[{\[][^{}\[\]]*[}\]]")  # each on one line
        text = innermost.sub(lambda found: re.sub(r"\n\s*", " ", found[0]), text)
        path.write_text(text + "\n", encoding="utf-8")


def answers_folder(course: Course, assignment: str) -> Path:
    return course.root / "autograder" / "answers" / assignment


def record_path(course: Course, assignment: str) -> Path:
    return answers_folder(course, assignment) / "proof.json"


def read_record(course: Course, assignment: str) -> Record | None:
    """The record on file, None where there is none. Raises CourseError where it can not be read."""
    path = record_path(course, assignment)
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        cure = f"write it anew with `autograder prove {assignment}`"
        raise CourseError(f"{path} is no record of a proof ({error}): {cure}.") from None


def versions() -> dict[str, str]:
    """Of what marks depend on beside our own code."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python} | {name: version(name) for name in ("numpy", "torch", "ipython")}


def digest(course: Course, assignment: str) -> str:
    """Of all that a proof depends on, versions aside: code cells and settings, answers, the examiner, what is tried."""
    source = course.source(assignment)
    settings = source.metadata.get("convnets", {})
    found = hashlib.sha256()

    def add(name: str, content: bytes) -> None:
        found.update(f"{name}\0{len(content)}\0".encode() + content)

    add("settings", json.dumps(settings, sort_keys=True).encode())
    for cell in source.cells:
        if cell.cell_type == "code":  # prose has no part in a mark
            meta = cell.metadata.get("nbgrader", {})
            add(f"{notebook.role(cell)} {notebook.grade_id(cell)} {meta.get('points')}", cell.source.encode())
    own = record_path(course, assignment)
    released = course.source_path(assignment)
    for folder in (answers_folder(course, assignment), released.parent):
        for path in _files(folder):
            if path not in (own, released):
                add(path.relative_to(course.root).as_posix(), path.read_bytes())
    for path in _code(settings):
        add(path.relative_to(Path(checks.__file__).parents[1]).as_posix(), path.read_bytes())
    return found.hexdigest()


def _code(settings: dict[str, Any]) -> list[Path]:
    """The grader's own files that decide, and the modules of convnets that the assignment's students may import."""
    library = Path(checks.__file__).parent
    paths = {path for path in _files(Path(exam.__file__).parent) if path.suffix == ".py"}
    paths |= {Path(module.__file__) for module in (checks, *_PROVING) if module.__file__}
    for name in settings.get("modules", []):
        module = library.joinpath(*name.split("."))
        paths |= set(_files(module)) if module.is_dir() else {module.with_suffix(".py")}
    return sorted(path for path in paths if path.exists())


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file())
    odd = ("__pycache__", ".ipynb_checkpoints")  # come and go
    return sorted(path for path in found if not set(path.parts) & set(odd))


def rounded(seconds: float) -> float:
    """Up to 1, 2 or 5 of its order, from 0.1 s on: so that measuring anew seldom changes the record."""
    if seconds <= 0:
        return 0.0
    order = 10.0 ** max(math.floor(math.log10(seconds)), -1)
    return next(round(step * order, 1) for step in (1, 2, 5, 10) if seconds <= step * order * (1 + 1e-9))
