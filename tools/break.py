"""Break the code in one place after the other, and see a test turn red each time.

    make break                  every breakage of tools/breakages.toml (slow)
    make break B="digest /tmp"  those in whose name one of these words stands

Nothing is changed here: a copy of the working tree is broken, tested and mended. A breakage is a text that stands in
exactly one place of the code, what is put there instead, and the arguments of pytest that have to fail then. The test
files among them have to pass first: a test that is red anyway shows nothing.
"""

import functools
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_name("breakages.toml")
LIMIT = 900  # seconds for one run of pytest
HANGS = 100  # seconds for one test: one that hangs is red too
RED, GREEN = 1, 0  # as pytest exits


@dataclass(frozen=True)
class Breakage:
    """``old`` stands somewhere in the code and becomes ``new``; ``tests`` are arguments of pytest."""

    name: str
    old: str
    new: str
    tests: tuple[str, ...]

    def place(self, root: Path) -> Path:
        """The file that ``old`` stands in. Raises ValueError if it stands in none, or in several places."""
        found = [(path, path.read_text().count(self.old)) for path in code(root)]
        found = [(path, times) for path, times in found if times]
        if [times for _, times in found] != [1]:
            where = ", ".join(f"{times} times in {path.relative_to(root)}" for path, times in found) or "nowhere"
            raise ValueError(f"{self.name}: its text stands {where}, and has to stand in one place: adapt {LIST.name}")
        return found[0][0]


def code(root: Path) -> list[Path]:
    """What may be broken: the library and the grader."""
    files = [path for top in ("convnets", "autograder") for path in sorted((root / top).rglob("*"))]
    return [path for path in files if path.suffix in (".py", ".html") and "answers" not in path.parts]


def breakages() -> list[Breakage]:
    listed = tomllib.loads(LIST.read_text())["breakage"]
    return [Breakage(one["name"], one["old"], one["new"], tuple(one["tests"])) for one in listed]


def copy(to: Path) -> None:
    """What is or would be committed, and the environment to run it in."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def run(tests: tuple[str, ...], root: Path) -> tuple[int, str]:
    """pytest's exit code, and the name of the first test that failed."""
    quiet = ["-q", "-x", "-p", "no:cacheprovider", "--durations=0", "--durations-min=1000", "--tb=no"]
    quiet += [f"--timeout={HANGS}"]
    command = [sys.executable, "-B", "-m", "pytest", *quiet, *tests]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return RED, f"nothing within {LIMIT} s"
    failed = [line.split(" - ")[0] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return done.returncode, failed[0] if failed else (done.stdout + done.stderr).strip()[-300:]


@functools.cache
def healthy(files: tuple[str, ...], root: Path) -> tuple[int, str]:
    return run(files, root)


def main(words: list[str]) -> int:
    """Print a line for each breakage; 1 if one of them turned nothing red."""
    chosen = [one for one in breakages() if not words or any(word in one.name for word in words)]
    unseen = []
    with tempfile.TemporaryDirectory(prefix="broken-") as folder:
        root = Path(folder).resolve()
        copy(root)
        for one in chosen:
            status, said = healthy(tuple(name for name in one.tests if name.endswith(".py")), root)
            if status != GREEN:
                unseen.append(one.name)
                print(f"?  {one.name}: the tests fail unbroken too: {said}", flush=True)
                continue
            path = one.place(root)
            whole = path.read_text()
            path.write_text(whole.replace(one.old, one.new))
            status, said = run(one.tests, root)
            path.write_text(whole)
            if status != RED:
                unseen.append(one.name)
                said = "no test sees it" if status == GREEN else f"nothing could be tested: {said}"
            print(f"{'✓' if status == RED else '✗'}  {one.name}: {said}", flush=True)
    print(f"{len(chosen) - len(unseen)} of {len(chosen)} breakages turn a test red", *unseen, sep="\n   not: ")
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
