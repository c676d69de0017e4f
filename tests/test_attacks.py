"""Every attack of tests/attacks/ fails: no point beyond what honest code deserves, nothing seen, nobody else touched.

They hand in together with three honest students; one class is graded for each kind of user that a grader may be run
by, and every test below reads what was found. Each attack goes to one of the classes, ATTACKS=all sends it to each.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import attacked_class
import psutil
import pytest
from attack_target import NAME, POINTS, make_course
from attacked_class import CANARY, HONEST, Attack, attacks, deserved

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
ATTACKS = {attack.name: attack for attack in attacks()}
USERS = ("root", "an ordinary user") if os.geteuid() == 0 else ("an ordinary user",)
CONTROLS = {name for name in ATTACKS if name.startswith("control_")}
ORDINARY = 54_321  # a user that exists nowhere and owns nothing
LOOT = "LO" + "OT: "  # what an attack says when it got something
LONGEST, LARGEST = 20_000, 4_000_000  # characters: of a line of what a verdict says, and of a verdict
SECONDS = 1_500  # for a whole class: a bound on hanging, no measure


@dataclass
class Found:
    """What the grading of a class left: found.json of attacked_class.py, and everything that came out as text."""

    said: dict[str, Any]
    terminal: str
    folder: Path
    returncode: int

    def verdict(self, attack: str) -> dict[str, Any]:
        assert attack in self.said["attacks"], f"the batch did not end well:\n{self.terminal[-3000:]}"
        return self.said["attacks"][attack]


def command(user: str, *needed: Path) -> list[str]:
    """What to put in front of a command, so that it runs as this user, who reads Python and writes ``needed``.

    Root drops to an ordinary user. Where Python or the course lies below a folder that is closed to others (root's
    home, say), that user is shown an empty one with only what is needed in it: a mount of its own, nothing is copied.
    """
    if user != "an ordinary user" or os.geteuid() != 0:
        return []
    jail = ["bwrap", "--die-with-parent", "--dev-bind", "/", "/"]
    made: set[Path] = set()
    readable = [Path(sys.base_prefix), Path(sys.prefix), Path(sys.prefix).resolve(), ROOT]
    for path in dict.fromkeys([*readable, *needed]):
        closed = next((p for p in reversed(path.parents) if not p.stat().st_mode & 0o001), None)
        if closed is None:
            continue
        if closed not in made:
            jail += ["--tmpfs", str(closed)]
        between = [p for p in reversed(path.parents) if p.is_relative_to(closed) and p not in made]
        made |= {closed, *between}
        for folder in between:
            jail += ["--perms", "0755", "--dir", str(folder)] if folder != closed else []
        jail += ["--bind" if path in needed else "--ro-bind", str(path), str(path)]
    jail += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "setpriv"]
    return [*jail, f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "--inh-caps=-all"]


def place() -> Path:
    """A new folder that every user may write to, and in it a ``tmp`` of the same kind."""
    folder = Path(tempfile.mkdtemp(prefix="attacked-"))
    (folder / "tmp").mkdir()
    for path in (folder, folder / "tmp"):
        path.chmod(0o777)
    return folder


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of a grader that keeps to this folder, whoever runs it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "IPYTHON", "JUPYTER"))}
    return kept | {"PYTHONPATH": str(ROOT), "HOME": str(folder), "TMPDIR": str(folder / "tmp")}


def shares() -> dict[str, list[str]]:
    """Which attacks hand in to a grader run by whom: each to one of them, drawn anew each time; ATTACKS=all: to each.

    Attacks that belong together are called alike, up to "_too", and stay together. ATTACKS_SEED (conftest.py) draws.
    """
    if os.environ.get("ATTACKS") == "all":
        return {user: list(ATTACKS) for user in USERS}
    draw = random.Random(os.environ["ATTACKS_SEED"])
    drawn = {pair: draw.choice(USERS) for pair in sorted({name.removesuffix("_too") for name in ATTACKS})}
    mine = {user: [name for name in ATTACKS if drawn[name.removesuffix("_too")] == user] for user in USERS}
    return {user: sorted({*names, *CONTROLS}) for user, names in mine.items()}


SHARES = shares()


@pytest.fixture(scope="session", params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def found(user: str) -> Iterator[Found]:
    folder = place()
    graded = [str(TESTS / "attacked_class.py"), str(folder / "class"), *SHARES[user]]
    run = [*command(user, folder), sys.executable, *graded]
    try:
        ended = subprocess.run(run, env=surroundings(folder), capture_output=True, timeout=SECONDS, cwd=folder)
        terminal = (ended.stdout + ended.stderr).decode("utf-8", "surrogateescape")
        written = folder / "class" / "found.json"
        said = json.loads(written.read_text()) if written.exists() else {"attacks": {}}
        yield Found(said, terminal, folder / "class", ended.returncode)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- one attack ------------------------------------------------------------------------------------------------------


def sentences(verdict: dict[str, Any]) -> str:
    """All that a verdict says in words."""
    parts = [*verdict["problems"], *verdict["look"]]
    for exercise in verdict["exercises"]:
        parts += [exercise["note"], *(text for c in exercise["checks"] for text in (c["message"], c["cause"]))]
    return "\n".join(parts)


def strings(value: Any) -> Iterator[str]:
    """Every text in a verdict, keys too, as it is: JSON would hide an escape behind an escape of its own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, content in value.items():
            yield from (*strings(key), *strings(content))
    elif isinstance(value, list):
        for content in value:
            yield from strings(content)


def everything(found: Found, attack: Attack) -> str:
    """All that came out of the grader about one hand-in: verdict, files, pages."""
    parts = [*strings(found.verdict(attack.name)), found.said["pages"].get(attack.name, "")]
    for wing in ("autograded", "results", "feedback"):
        for path in (found.folder / "course" / wing).rglob("*"):
            if path.is_file() and attack.student in (*path.parts, path.stem):
                parts.append(path.read_bytes().decode("utf-8", "surrogateescape"))
    return "\n".join(parts)


def earned(exercise: dict[str, Any]) -> float:
    return sum(check["earned"] for check in exercise["checks"])


@pytest.mark.parametrize(
    ("user", "name"), [(user, name) for user, names in SHARES.items() for name in names], indirect=["user"]
)
def test_attack(user: str, found: Found, name: str) -> None:
    attack, verdict = ATTACKS[name], found.verdict(name)
    marks = {e["grade_id"].removeprefix("test_"): earned(e) for e in verdict["exercises"]}
    assert list(marks) == list(POINTS), "every exercise has a result, and there is none besides"
    said = sentences(verdict)
    for exercise, mark in marks.items():
        least, most = deserved(attack, exercise)
        assert least - 1e-6 <= mark <= most + 1e-6, f"{exercise}: {mark:g}, deserved {least:g}..{most:g}\n{said}"
    if "" in attack.points:
        least, most = attack.points[""]
        assert least - 1e-6 <= sum(marks.values()) <= most + 1e-6, f"{marks}, deserved {least:g}..{most:g}\n{said}"
    for text in attack.says:
        assert text in said
    assert max(map(len, said.split("\n"))) < LONGEST and sum(map(len, strings(verdict))) < LARGEST
    came_out = everything(found, attack)
    for text in attack.never if LOOT in "".join(attack.says) else [*attack.never, LOOT]:
        assert text not in came_out, f"{text!r} came out\n{said}"
        assert text == LOOT or text not in found.terminal, f"{text!r} is in the terminal, which all attacks share"
    if attack.pages:
        page = found.said["pages"][attack.name]
        assert "Because" in page or "double" in page, "there is a page"
        for text in attack.pages:
            assert text not in page, page[page.index(text) - 300 : page.index(text) + 300]
    assert not attack.look or verdict["look"], "a person should be asked to look at it"
    assert verdict["seconds"] <= attack.within
    assert not any("grader error" in problem for problem in verdict["problems"]), said


# --- the class as a whole --------------------------------------------------------------------------------------------


def test_the_batch_ends(user: str, found: Found) -> None:
    assert found.returncode == 0, found.terminal[-3000:]
    assert set(found.said["attacks"]) == {*SHARES[user], *HONEST}


@pytest.mark.parametrize("student", HONEST)
def test_honest_students_in_the_midst_of_attackers_get_full_marks(found: Found, student: str) -> None:
    verdict = found.verdict(student)
    assert [earned(exercise) for exercise in verdict["exercises"]] == list(POINTS.values()), sentences(verdict)
    assert verdict["problems"] == []
    assert verdict["look"] == []


def test_no_process_is_left(found: Found) -> None:
    assert found.said["left"] == []


def test_the_graders_memory_stays_under_a_gigabyte(found: Found) -> None:
    """The grader's own peak, and that of every process under it, the rooms' included."""
    assert [peak >> 20 for peak in found.said["peaks"] if peak > 2**30] == []


def test_the_export_has_every_student_once(user: str, found: Found) -> None:
    names = [name for name, _ in found.said["export"]]
    assert len(names) == len(set(names)) == len(SHARES[user]) + len(HONEST)
    verdicts = found.said["attacks"].values()
    assert dict(found.said["export"]) == {
        verdict["student"]: pytest.approx(sum(map(earned, verdict["exercises"]))) for verdict in verdicts
    }


def test_nothing_is_written_but_results(found: Found) -> None:
    wings = ("autograded", "results", "feedback", "gradebook.db", "secret.txt")
    odd = [path for path in found.said["files"] if not path.startswith(tuple(f"course/{wing}" for wing in wings))]
    assert odd == []


def test_nothing_of_the_graders_and_no_escape_comes_out(found: Found) -> None:
    texts = [found.terminal, found.said["report"], *strings(found.said["attacks"])]
    for text in texts:
        assert CANARY not in text
        assert not re.search(r"\x1b\[31m|\x1b\]|\x9b|\x07", text)
        text.encode("utf-8")  # no lone surrogate


def test_the_class_page_runs_nothing_and_asks_nobody(found: Found) -> None:
    page = found.said["report"]
    assert "<script>alert" not in page and "spy.example" not in page and "onerror=alert" not in page


# --- the attacks themselves ------------------------------------------------------------------------------------------


def test_there_are_enough_attacks_and_each_is_its_own() -> None:
    assert len(ATTACKS) >= 80
    assert len({attack.about for attack in ATTACKS.values()}) == len(ATTACKS)
    assert len({attack.student for attack in ATTACKS.values()}) == len(ATTACKS)


def test_the_loot_that_nothing_may_say_can_be_said(found: Found) -> None:
    """What came out of the control that says it, so that its absence elsewhere means something."""
    assert LOOT in everything(found, ATTACKS["control_loot_is_seen"])


def test_a_reader_of_headers_knows_its_keys(tmp_path: Path) -> None:
    header = '# points: double=0..1, rest=15\n# says: a b\n# never: "\\x1b"\n# look: yes\n'
    (tmp_path / "a.py").write_text(f'"""What."""\n{header}# %% double\nx\n# %% after stats\ny\n')
    attack = attacked_class.read_attack(tmp_path / "a.py")
    assert attack.points == {"double": (0, 1), "rest": (15, 15)}
    assert attack.says == ["a b"] and attack.never == ["\x1b"] and attack.look
    assert attack.cells == [("double", "x"), ("after stats", "y")]
    assert deserved(attack, "double") == (0, 1) and deserved(attack, "stats") == (3, 3)
    for wrong in ("# pionts: 3", "# points: 3\n# %% dubbel"):
        (tmp_path / "a.py").write_text(f'"""What."""\n{wrong}\n# %% double\nx\n')
        with pytest.raises(AssertionError):
            attacked_class.read_attack(tmp_path / "a.py")


# --- a grader that is killed -----------------------------------------------------------------------------------------

GRADER = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
process = subprocess.Popen([sys.executable, "-c", {grade!r}], start_new_session=True)
print(os.getpid(), process.pid, flush=True)
sys.stdin.read()
"""
GRADE = """
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
import attack_target as target, attacked_class
course = target.make_course(Path({folder!r}))
for name in ("children_that_stay", "computes_in_children", "after_the_end", "sleeps_for_ever"):
    attacked_class.hand_in(course, attacked_class.read_attack(Path({tests!r}, "attacks", name + ".py")))
attacked_class.grade(course)
"""


@pytest.mark.parametrize("moment", [1.0, 3.0, 6.0])
def test_no_room_outlives_a_killed_grader(user: str, moment: float) -> None:
    """SIGKILL of the process that grades, while rooms compute, fork and ignore signals: then all is quiet soon."""
    folder = place()
    grade = GRADE.format(tests=str(TESTS), folder=str(folder / "class"))
    warden = subprocess.Popen(
        [*command(user, folder), sys.executable, "-c", GRADER.format(grade=grade)],
        env=surroundings(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
    )
    assert warden.stdin and warden.stdout
    try:
        here, grader = (psutil.Process(int(number)) for number in warden.stdout.readline().split())
        deadline = time.monotonic() + 60
        while not _running(grader):
            assert time.monotonic() < deadline and grader.is_running(), "no room was ever opened"
            time.sleep(0.05)
        time.sleep(moment)
        assert grader.is_running() and grader.status() != psutil.STATUS_ZOMBIE, "it ended before it could be killed"
        assert _running(grader), "there was nothing to end"
        os.kill(grader.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while (left := _running(here)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [" ".join(process.cmdline())[:200] for process in left] == []
    finally:
        for process in _running(psutil.Process(warden.pid)):
            process.kill()
        warden.stdin.close()
        warden.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _running(process: psutil.Process) -> list[psutil.Process]:
    """Every process under this one that still does something; what has ended and waits to be noticed does not."""
    found = []
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def test_the_target_is_a_course(tmp_path: Path) -> None:
    assert make_course(tmp_path).assignment_names() == [NAME]
