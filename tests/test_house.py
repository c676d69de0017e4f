"""What holds the repository together: versions, links, notebooks, licences, and nothing in it about one machine."""

import ast
import functools
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import convnets.checks
from autograder import cli

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@functools.cache
def files(pattern: str = "*") -> list[Path]:
    """Every file that is or would be committed and whose path matches."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, f"the tests need a git clone: {listed.stderr}"
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.match(pattern) and path.is_file()]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


NOTEBOOKS = pytest.mark.parametrize("notebook", files("*.ipynb"), ids=shown)


# --- one version of everything ---------------------------------------------------------------------------------------


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def requirements() -> list[Requirement]:
    extras = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
    return [Requirement(text) for text in PROJECT["dependencies"] + extras]


def test_lock_names_every_package_that_pyproject_needs_directly_or_not():
    check = subprocess.run([sys.executable, ROOT / "tools/lock.py", "--check"], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize("need", requirements(), ids=str)
def test_lock_satisfies_pyproject(need):
    assert need.specifier.contains(locked()[canonicalize_name(need.name)])


def test_torch_is_pinned_where_the_course_was_calibrated():
    assert locked()["torch"] == "2.13.0"


def test_every_dependency_says_why():
    lines = re.findall(r'^    "([\w-]+)[^"]*",(.*)$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    names = {canonicalize_name(need.name) for need in requirements()}
    assert {name for name, why in lines if len(why.partition("#")[2].strip()) > 10} >= names


def test_conda_and_pip_users_get_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, through_pip = environment["dependencies"]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))
    assert python.removeprefix("python=") in (ROOT / "requirements.lock").read_text().splitlines()[0]
    assert pip == "pip"
    assert through_pip == {"pip": ["-r requirements.lock", "-e ."]}


def test_every_place_asks_for_the_same_python():
    assert PROJECT["requires-python"] == ">=3.11"
    assert "version_info < (3, 11)" in (ROOT / "tools/setup.sh").read_text()
    assert 'python_version = "3.11"' in (ROOT / "pyproject.toml").read_text()


def test_every_package_that_is_imported_is_declared():
    """In what a user runs; what only tests and tools import may stand in an extra."""
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    extras = {canonicalize_name(need.name) for need in requirements()}
    owners = packages_distributions()
    for path in files("*.py"):
        top = path.relative_to(ROOT).parts[0]
        if top in ("convnets", "autograder", "bench"):
            allowed = declared
        elif top in ("tests", "tools"):
            allowed = extras | {"pyyaml"}
        else:
            continue
        for name in imported(path) - sys.stdlib_module_names - {"convnets", "autograder"}:
            if name in owners:
                assert allowed & set(map(canonicalize_name, owners[name])), f"{shown(path)} imports {name}"


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_the_library_does_not_know_the_grader():
    assert [shown(path) for path in files("convnets/**/*.py") if "autograder" in imported(path)] == []


# --- prose -----------------------------------------------------------------------------------------------------------


def prose(path: Path) -> str:
    """The Markdown of a file or a notebook, without code in it."""
    text = path.read_text()
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"```.*?```|~~~.*?~~~|`[^`\n]*`", lambda m: m[0] if "\n" not in m[0] else "", text, flags=re.DOTALL)


def links(text: str) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", text)
    found = re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", text) + re.findall(r"(?:href|src)=\"([^\"]+)\"", text)
    return [link for link in found if not re.match(r"[a-z]+:|//", link)]


def anchors(path: Path) -> set[str]:
    """A heading's anchor as GitHub (lower case, without punctuation) and as JupyterLab (words joined) write it."""
    text = prose(path)
    found = set(re.findall(r"(?:id|name)=\"([^\"]+)\"", text))
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", text, re.MULTILINE):
        plain = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading)
        found |= {re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"), plain.replace(" ", "-")}
    return found


@pytest.mark.parametrize("path", [*files("*.md"), *files("*.ipynb")], ids=shown)
def test_links_inside_the_repository_lead_somewhere(path):
    known = set(files())
    folders = {parent for file in known for parent in file.parents}
    for link in links(prose(path)):
        if link.startswith("attachment:"):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = (path.parent / place).resolve() if place else path
        assert target in known or target in folders, f"{link} is not a file of the repository"
        if anchor and target.suffix in (".md", ".ipynb"):
            assert anchor in anchors(target), f"{link}: {shown(target)} has no such heading"


def test_the_tests_above_see_a_bad_link(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b`, c\n[x](gone.md) ![y](a%20b.png 'no') `[z](code.md)` [w](https://a.b) <img src=\"p.png\">\n"
    )
    assert links(prose(page)) == ["gone.md", "p.png"]
    assert {"a-b-c", "A-b,-c"} <= anchors(page)
    assert ELSEWHERE.search("see /" + "work/main/x")
    assert not ELSEWHERE.search("artwork/main and ./" + "work/x")


@pytest.mark.parametrize("path", files("*.md"), ids=shown)
def test_commands_in_prose_exist(path):
    text = path.read_text()
    for target in re.findall(r"(?:^|`|&& )make ([a-z]+)", text, re.MULTILINE):
        assert target in targets(), f"make {target}"
    verbs = re.findall(r"(?:^|`|bin/)autograder (?:--course \S+ )?([a-z][a-z-]+)", text, re.MULTILINE)
    known = cli._parser().format_help()
    for verb in verbs:
        assert re.search(rf"\b{verb}\b", known), f"autograder {verb}"


def test_the_exercise_that_contributing_shows_works(capsys):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    solution, checks, *_, wrong = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {"np": np, "accuracy_of": lambda scale: 0.9, **vars(convnets.checks)}
    exec(solution + checks, names)
    assert "scale: 6 of 6 points." in capsys.readouterr().out
    with np.errstate(invalid="ignore"):  # it divides 0 by 0
        exec(wrong + checks, names)
    said = capsys.readouterr().out
    assert "✗ any shape" in said
    assert "divided by N - 1" in said


# --- notebooks and other files ---------------------------------------------------------------------------------------


@NOTEBOOKS
def test_notebook_names_the_kernel_that_everybody_has(notebook):
    assert json.loads(notebook.read_text())["metadata"]["kernelspec"]["name"] == "python3"


@NOTEBOOKS
def test_notebook_holds_no_error(notebook):
    for cell in json.loads(notebook.read_text())["cells"]:
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error", "".join(cell["source"])


#: Folders of one machine, and the hosts of package registries: a clone elsewhere has neither.
ELSEWHERE = re.compile(
    r"(?<![\w.])/(?:home|Users)/(?!student|you\b)\w+/|(?<![\w.])/(?:root|work)/\w|/ipykernel_\d+/"
    r"|\b(?:pypi|pythonhosted|npmjs|conda\.anaconda|(?:deb|security)\.debian)\.(?:org|com)\b"
)


@pytest.mark.parametrize("path", files(), ids=shown)
def test_file_names_no_machine_and_no_registry(path):
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return  # a picture or an archive
    assert not (found := ELSEWHERE.search(text)), found
    for folder in {str(ROOT), str(Path(sys.prefix).parent)} - {"/", "/usr"}:
        assert f"{folder}/" not in text


def test_licences_are_there():
    for name in PROJECT["license-files"]:
        assert (ROOT / name).stat().st_size > 500
        assert name in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", files("tests/*.py"), ids=shown)
def test_no_test_is_left_out(path):
    text = path.read_text()
    for way in ("skip", "skipif", "xfail", "importorskip"):
        assert f"pytest.{way}" not in text
        assert f"mark.{way}" not in text


# --- make ------------------------------------------------------------------------------------------------------------


def targets() -> list[str]:
    return re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def make(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **environment}
    return subprocess.run(["/usr/bin/make", *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def test_make_alone_lists_every_target():
    listed = make()
    assert listed.returncode == 0
    assert re.findall(r"^  ?make ([a-z]+)  +\S", listed.stdout, re.MULTILINE) == targets()


@pytest.mark.parametrize("target", targets())
def test_make_says_what_it_would_do(target):
    assert make("-n", target).returncode == 0


@pytest.fixture
def clone(tmp_path):
    """A clone that has nothing installed yet, in a folder with a space in its name."""
    folder = tmp_path / "my clone"
    for name in ("Makefile", "tools/setup.sh", "pyproject.toml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text((ROOT / name).read_text())
    (folder / "requirements.lock").write_text("six==1.17.0\n")
    return folder


@pytest.fixture
def program(tmp_path):
    """Write a shell script that stands for another program, and return its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return write


def sentence(run: subprocess.CompletedProcess[str]) -> str:
    """The one line that a failed make says, but for make's own."""
    assert run.returncode != 0
    said = [line for line in run.stderr.splitlines() if line and not line.startswith("make: ***")]
    assert len(said) == 1, run.stderr
    return said[0]


def test_no_python(clone):
    assert "install Python 3.11" in sentence(make("demo", "PYTHON=no-such-python", cwd=clone))
    assert "install Python 3.11" in sentence(make("demo", "PYTHON=/usr/bin/false", cwd=clone))
    assert not (clone / ".venv").exists()


def test_python_too_old(clone, program):
    old = program("old python", 'case "$2" in *version_info\\[*) echo 3.9;; *) exit 1;; esac')
    said = sentence(make("test", f"PYTHON={old}", cwd=clone))
    assert "is Python 3.9, and the course needs 3.11 or newer" in said
    assert "PYTHON=python3.12" in said


def without_apt(program, tmp_path, *names: str) -> str:
    """A PATH with a few plain tools and no package manager."""
    for name in ("sh", "dirname", "cat", "cmp", "head", "id", "uname", *names):
        program(name, f'exec /usr/bin/{name} "$@"')
    return str(tmp_path / "bin")


def test_python_without_venv(clone, program, tmp_path):
    python = program("bare", f'case "$2" in *ensurepip*) exit 1;; *) exec "{sys.executable}" "$@";; esac')
    said = sentence(make("lab", f"PYTHON={python}", cwd=clone, PATH=without_apt(program, tmp_path)))
    assert "has no venv module" in said
    assert "apt-get install python3." in said


def test_no_bubblewrap_and_no_right_to_install_it(clone, program, tmp_path):
    path = without_apt(program, tmp_path)
    run = subprocess.run(
        ["/bin/sh", "tools/setup.sh", "bubblewrap"], cwd=clone, env={"PATH": path}, capture_output=True, text=True
    )
    assert "sudo apt-get install bubblewrap" in sentence(run)


def test_no_network(clone):
    run = make(
        *("lab", f"PYTHON={sys.executable}"),
        cwd=clone,
        **{"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_CACHE_DIR": "1"},
    )
    assert run.returncode != 0
    said = [line for line in run.stderr.splitlines() if not line.startswith("make: ***")][-1]
    assert "there is no network" in said
    assert not (clone / ".venv/.made-from").exists()


def test_no_permission_to_write(clone):
    ordinary = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory() as everybody_may_read:  # which pytest's own folders forbid
        Path(everybody_may_read).chmod(0o755)
        folder = shutil.copytree(clone, Path(everybody_may_read, "clone"))
        folder.chmod(0o555)
        run = subprocess.run(["/usr/bin/make", "lab"], cwd=folder, capture_output=True, text=True, **ordinary)
        folder.chmod(0o755)
    assert "clone the course into a folder of your own" in sentence(run)


def test_setting_up_is_done_once(clone, program, tmp_path):
    log = tmp_path / "log"
    fake = f"""
        echo "$*" >>'{log}'
        case "$*" in
            "-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
            "-V") echo Python 3.11.2 ;;
            *version_info\\[*) echo 3.11 ;;
        esac"""
    python = program("python", fake)

    def installs() -> list[str]:
        log.write_text("")
        run = subprocess.run(
            ["/bin/sh", "tools/setup.sh", "venv"],
            cwd=clone,
            env={"PATH": "/usr/bin:/bin", "PYTHON": python},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        return [line for line in log.read_text().splitlines() if line.startswith(("-m pip", "-m venv"))]

    first = installs()
    assert [line.split()[1] for line in first] == ["venv", "pip", "pip"]
    assert installs() == []
    (clone / "requirements.lock").write_text("six==1.16.0\n")
    assert len(installs()) == 3
    moved = clone.rename(tmp_path / "elsewhere")
    clone.symlink_to(moved)  # a copied clone: its .venv was made for another folder
    assert "-m venv --clear .venv" in installs()


def test_ci_script_is_sound():
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script]).returncode == 0
    assert subprocess.run(["sh", "-n", ROOT / "tools/setup.sh"]).returncode == 0


@pytest.mark.parametrize("given", ["", "/opt/some/python3.14"], ids=["no Python given", "a Python given"])
def test_ci_script_uses_the_python_that_it_is_given(program, tmp_path, given):
    for name in ("apt-get", "sudo"):
        program(name, f'echo "{name} $*" >>"{tmp_path}/installed"')
    program("make", 'echo "make $* with $PYTHON"')
    env = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"} | ({"PYTHON": given} if given else {})
    done = subprocess.run([ROOT / ".ci/run"], env=env, capture_output=True, text=True)
    found = [shutil.which(name, path=env["PATH"]) for name in ("python3.11", "python3")]
    assert done.stdout == f"make test with {given or next(filter(None, found))}\n", done.stderr
    installed = (tmp_path / "installed").read_text()
    assert "bubblewrap" in installed
    assert ("python3-venv" in installed) == (not given)


def test_hosted_ci_runs_the_same_script_on_every_python():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    versions = job["strategy"]["matrix"]["python"]
    minors = [int(version.removeprefix("3.")) for version in versions]
    assert versions[0] == PROJECT["requires-python"].removeprefix(">=")
    assert minors == list(range(minors[0], minors[0] + len(minors)))
    assert minors[-1] >= 14
    python, name_spaces, script = job["steps"][-3:]
    assert python["with"]["python-version"] == "${{ matrix.python }}"
    assert name_spaces["run"] == "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    assert script["run"] == ".ci/run"
    assert script["env"] == {"PYTHON": f"${{{{ steps.{python['id']}.outputs.python-path }}}}"}
    assert job["runs-on"].startswith("ubuntu-")


# --- the tests' own tests --------------------------------------------------------------------------------------------


def test_every_breakage_of_the_list_has_its_place_in_the_code(monkeypatch):
    """`make break` breaks the code to see a test turn red. That takes long; whether its list is in order does not."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    breaking = importlib.import_module("break")
    listed = breaking.breakages()
    assert len({one.name for one in listed}) == len(listed) > 100
    for one in listed:
        one.place(ROOT)
        assert one.new != one.old
        assert all((ROOT / name).is_file() for name in one.tests if name.startswith("tests/"))


# --- the grader's wings ----------------------------------------------------------------------------------------------

#: Which part of the grader may import which: arrows run downwards only. What is not named here may be used by all.
WINGS = {
    "cli": ["classroom", "proof", "exam", "release", "doctor", "course"],
    "proof": ["classroom", "exam", "release", "course"],
    "classroom": ["exam", "release", "course"],
    "doctor": ["exam", "course"],
    "release": ["course"],
    "exam": ["exam.inside", "course"],
    "exam.inside": [],
    "course": [],
}


def wing(module: str) -> str:
    """``autograder.exam.inside.wire`` -> ``exam.inside``: the part that a module belongs to."""
    parts = module.removeprefix("autograder.").split(".")
    return "exam.inside" if parts[:2] == ["exam", "inside"] else parts[0]


def imports_of_the_grader(path: Path) -> set[str]:
    """Modules of the grader that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "autograder":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name for name in names if (ROOT / f"{name.replace('.', '/')}.py").exists()} or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "autograder"}
    return found


@pytest.mark.parametrize("path", [p for p in files("autograder/**/*.py") if "answers" not in p.parts], ids=shown)
def test_imports_run_downwards_only(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    own = wing(module)
    if own.startswith("__"):
        return
    allowed = {own, *WINGS[own], "autograder"}
    wrong = {name for name in imports_of_the_grader(path) if wing(name) not in allowed}
    assert not wrong, f"{own} may import {', '.join(WINGS[own]) or 'nothing else of the grader'}, not {wrong}"


def test_the_course_itself_never_imports_the_grader():
    for path in files("convnets/**/*.py"):
        assert not imports_of_the_grader(path), path
