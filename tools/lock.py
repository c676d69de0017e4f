"""Write requirements.lock: what pyproject.toml needs, extras too, at the versions installed in .venv.

    make lock                    install what pyproject.toml asks for, then lock it
    python tools/lock.py         lock what is installed
    python tools/lock.py --check exit 1 and say what differs if the lock is not what this would write

Versions are taken from .venv and not from an index, so that the lock names what the tests ran with.
"""

import platform
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
OLDEST = "3.11.2"  # the Python of Debian 12, where the lock has to install too
HEADER = """\
# Every package of the course at the version that it is tested with, on Python {python} under {system}.
# Written by `make lock` from pyproject.toml; not edited by hand. What only another system needs
# (appnope on macOS, the CUDA libraries that some builds of torch bring) pip chooses there.
"""


def installed() -> dict[str, str]:
    """Name -> version of everything that pyproject.toml and its extras need, directly or not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in project["dependencies"]]
    wanted += [Requirement(text) for extra in project["optional-dependencies"].values() for text in extra]
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()  # (package, one of its extras, or "" for the package itself)
    while wanted:
        need = wanted.pop()
        name = canonicalize_name(need.name)
        try:
            package = distribution(name)
        except PackageNotFoundError:
            sys.exit(f"{name} is not installed: run `make lock`, which installs what pyproject.toml asks for.")
        python = package.metadata["Requires-Python"] or ""
        if not SpecifierSet(python).contains(OLDEST):
            sys.exit(
                f"{name} {package.version} needs Python {python}, and the lock is for {OLDEST} too: "
                f"install an older one (.venv/bin/python -m pip install '{name}<{package.version}'), then lock."
            )
        # A local label such as +cpu names one build: the version alone lets pip take the build that fits.
        found[name] = package.version.partition("+")[0]
        for extra in {"", *need.extras} - {e for n, e in seen if n == name}:
            seen.add((name, extra))
            below = [Requirement(text) for text in package.requires or []]
            wanted += [r for r in below if r.marker is None or r.marker.evaluate({"extra": extra})]
    return found


def main() -> None:
    header = HEADER.format(python=platform.python_version(), system=platform.system())
    lines = [f"{name}=={version}" for name, version in sorted(installed().items())]
    if "--check" not in sys.argv:
        LOCK.write_text(header + "\n".join(lines) + "\n")
        print(f"{LOCK.name}: {len(lines)} packages")
    elif different := set(lines) ^ {line for line in LOCK.read_text().splitlines() if not line.startswith("#")}:
        sys.exit(
            f"requirements.lock is not what pyproject.toml needs: {', '.join(sorted(different))}; run `make lock`."
        )


if __name__ == "__main__":
    main()
