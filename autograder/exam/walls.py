"""The jail around the exam building: the command that bubblewrap is started with, and whether it can be built here.

Inside there are Python and its packages (less those the assignment hides), the modules of convnets that the assignment
names, the files that its release ships, and the files of the student process. No network, no repository, no hand-in,
nothing to write to but a small /tmp.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from autograder.exam.inside.forkserver import SHIPPED, TMP_BYTES

GRADER = Path(__file__).resolve().parent.parent
INSIDE = ("__init__.py", "exam/__init__.py", "exam/inside")  # all of the grader that exists in the room
_NOBODY = "65534"


@dataclass(frozen=True)
class Settings:
    """What an assignment asks of its room; read from the ``convnets`` entry of the source notebook's metadata.

    hidden_packages  that students must do without
    modules          of convnets, as far as this assignment's students may import them
    files            that may be handed in beside the notebook: name -> MiB at most
    cell_seconds     of computing, for one cell; total_seconds of the clock, for a whole hand-in
    memory_gb        for all processes of a hand-in together, beyond what they begin with
    """

    hidden_packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("checks",)
    files: tuple[tuple[str, float], ...] = ()
    cell_seconds: float = 30.0
    total_seconds: float = 300.0
    memory_gb: float = 4.0
    processes: int = 64

    @classmethod
    def of(cls, metadata: dict[str, Any]) -> Settings:
        known = dict(metadata.get("convnets", {}))
        if unknown := set(known) - set(cls.__dataclass_fields__):
            raise ValueError(f"unknown room settings in the notebook's metadata: {', '.join(sorted(unknown))}")
        for name in ("hidden_packages", "modules"):
            if name in known:
                known[name] = tuple(known[name])
        if "files" in known:
            known["files"] = tuple(sorted((name, float(size)) for name, size in dict(known["files"]).items()))
        return cls(**known)


def environment(home: str) -> dict[str, str]:
    """All of it: nothing of the grader's own environment is inherited but how BLAS is to be driven on this machine."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")}
    blas = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    fixed = {"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}
    folders = {"IPYTHONDIR": f"{home}/.ipython", "MPLCONFIGDIR": f"{home}/.matplotlib"}
    return blas | threads | fixed | folders


def furniture(settings: Settings) -> dict[Path, str]:
    """Files of this project that exist in the room -> where."""
    convnets = GRADER.parent / "convnets"
    files = {GRADER / name: f"autograder/{name}" for name in INSIDE}
    files[convnets / "__init__.py"] = "convnets/__init__.py"
    for module in settings.modules:
        path = convnets / module
        path = path if path.is_dir() else path.with_suffix(".py")
        if not path.exists():
            raise ValueError(f"convnets has no module {module!r}: correct `modules` in the source notebook's metadata")
        files[path] = f"convnets/{path.name}"
    return files


def furnish(folder: Path, settings: Settings) -> None:
    """Copy the furniture into a folder: for a room without walls."""
    for path, inside in furniture(settings).items():
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / inside)


def jail(settings: Settings, shipped: Path | None = None) -> list[str]:
    """The command that puts what follows it into a jail of its own, as process 1 there.

    A jail that root starts would still be root to the kernel's limits (no bound on processes). So root goes through an
    outer bubblewrap that shows the folders at a place everyone may read, and drops to an ordinary user there.
    """
    python = [Path(p) for p in dict.fromkeys([sys.base_prefix, sys.prefix]) if not Path(p).is_relative_to("/usr")]
    mounts = {path: str(path) for path in [Path("/usr"), *python]}
    mounts |= {path: f"/room/{inside}" for path, inside in furniture(settings).items()}
    mounts |= {path: str(path) for path in [Path("/etc/ld.so.cache"), Path("/etc/localtime")] if path.exists()}
    if shipped is not None and shipped.is_dir():
        mounts |= {path: str(SHIPPED / path.name) for path in shipped.iterdir() if path.suffix != ".ipynb"}
    command: list[str] = []
    if os.geteuid() == 0:
        shown = {path: f"/mnt/{i}" for i, path in enumerate(mounts)}
        command += ["bwrap", "--die-with-parent", "--dev-bind", "/", "/", "--tmpfs", "/mnt"]
        for path, place in shown.items():
            command += ["--ro-bind", str(path), place]
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "setpriv"]
        command += [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--inh-caps=-all"]
        binds = [(shown[path], place) for path, place in mounts.items()]
    else:
        binds = [(str(path), place) for path, place in mounts.items()]
    command += ["bwrap", "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-net"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--as-pid-1", "--new-session", "--cap-drop", "ALL"]
    command += ["--size", str(TMP_BYTES), "--tmpfs", "/tmp"]  # first: the course itself may lie below /tmp
    for source, place in binds:
        command += ["--ro-bind", source, place]
    for name in ("bin", "lib", "lib64", "sbin"):
        if Path("/", name).is_symlink():
            command += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
        elif Path("/", name).is_dir():
            command += ["--ro-bind", f"/{name}", f"/{name}"]
    for package in settings.hidden_packages:
        for place in _package_folders(package):
            command += ["--size", "4096", "--tmpfs", place, "--remount-ro", place]
    # /proc stays as it is for process 1, which is ours, to make rooms with; each room has its own, read-only
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*command, "--uid", "1000", "--gid", "1000", "--hostname", "room", "--chdir", "/tmp"]


@cache
def _package_folders(package: str) -> list[str]:
    """Where a package lies; its files are covered by an empty folder in the room."""
    return [str(Path(entry, package)) for entry in sys.path if entry and Path(entry, package).is_dir()]


@cache
def find_walls() -> str | None:
    """None if a jail with a room in it can be built here, else a sentence that says why not and what to do."""
    if sys.platform != "linux":
        return f"no walls on {sys.platform}: bubblewrap needs Linux (grade in a Linux machine or container)"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed: `apt install bubblewrap` (or your system's package of that name)"
    trial = "import sys; sys.path.insert(0, '/room'); from autograder.exam.inside.forkserver import _separate; "
    trial += "_separate()"
    tried = subprocess.run(
        [*jail(Settings()), sys.executable, "-I", "-c", trial],
        cwd="/",
        env=environment("/tmp"),
        capture_output=True,
        text=True,
    )
    if tried.returncode == 0:
        return None
    said = (tried.stderr.strip().splitlines() or ["it gave no reason"])[-1]
    return f"bubblewrap is installed but can not build a jail here ({said}): allow unprivileged user namespaces"
