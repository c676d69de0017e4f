"""The doctor must see a wall that is missing, and must not say "safe" without one."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograder import doctor
from autograder.exam import walls

ROOT = Path(__file__).resolve().parent.parent


def test_walls_stand_here():
    findings = list(doctor._walls())
    assert [str(finding) for finding in findings if not finding.good] == []
    assert len(findings) == 10


def test_a_room_without_walls_is_seen_through():
    missing = [finding.what for finding in doctor._trial(walls=False) if not finding.good]
    for wall in ("no network", "no solutions", "nothing in the room can be changed", "the number of processes"):
        assert any(what.startswith(wall) for what in missing), wall


def test_without_bubblewrap_it_is_not_safe(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    walls.find_walls.cache_clear()
    try:
        assert doctor.doctor(tmp_path) == 1
    finally:
        walls.find_walls.cache_clear()
    said = capsys.readouterr().out
    assert "✗ bubblewrap is not installed" in said
    assert "must not be graded here" in said


def test_a_folder_that_cannot_be_written():
    finding = doctor._writable(Path("/proc/course"))
    assert not finding.good
    assert "--course" in finding.cure


@pytest.mark.parametrize("line", ["numpy==1.0", "no-such-package==1.0"])
def test_packages_that_differ_from_the_lock_are_named(tmp_path, monkeypatch, line):
    (tmp_path / "requirements.lock").write_text(f"# head\n{line}\n")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    finding = doctor._packages()
    assert not finding.good
    assert line.partition("==")[0] in finding.what


def test_it_runs_where_no_package_is_installed():
    """Isolated from site-packages, as a bare Python has it."""
    bare = [sys.executable, "-S", "-m", "autograder.doctor"]
    run = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert "✗ the exam room cannot be tried" in run.stdout
    assert "Traceback" not in run.stderr
