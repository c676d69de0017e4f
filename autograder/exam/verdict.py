"""What an examination found: marks with reasons, as plain data that is written next to the gradebook."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass
class CheckResult:
    """One named check. ``message`` says what was seen; ``cause`` is the part of it that may be shown when hidden."""

    name: str
    points: float
    earned: float
    passed: bool
    hidden: bool
    message: str = ""
    cause: str = ""
    hints: list[str] = field(default_factory=list)
    cpu_seconds: float = field(default=0.0, compare=False)  # that the room computed for it


@dataclass
class ExerciseResult:
    """One test cell (its nbgrader ``grade_id``); ``note`` says why it could not be run, if so."""

    grade_id: str
    points: float
    checks: list[CheckResult] = field(default_factory=list)
    note: str = ""

    @property
    def earned(self) -> float:
        return round(sum(check.earned for check in self.checks), 6)


@dataclass
class Verdict:
    """One hand-in.

    problems  sentences about the hand-in as a whole, for the student too: unreadable, copied cells, time-outs
    look      sentences for the instructor: why a person should look at this hand-in before its mark goes out
    """

    assignment: str
    student: str
    exercises: list[ExerciseResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)  # cell id -> what the student's cell printed (plain text)
    environment: dict[str, str] = field(default_factory=dict)  # versions, walls, seeds: what the mark depends on
    digest: str = ""  # of the hand-in, the source and the grader: the same digest, the same mark
    seconds: float = 0.0
    killed: bool = False  # whether a process of the room was ended by SIGKILL: its own doing, or not

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def earned(self) -> float:
        return round(sum(exercise.earned for exercise in self.exercises), 6)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        data = json.loads(text)
        data["exercises"] = [
            ExerciseResult(**{**e, "checks": [CheckResult(**c) for c in e["checks"]]}) for e in data["exercises"]
        ]
        return cls(**data)
