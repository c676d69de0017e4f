"""Hands in files beside the notebook that are called like modules, settings and results of the grader."""


# points: 15
def spoil(notebook, folder):
    for name in (
        "numpy.py",
        "sitecustomize.py",
        "nbgrader_config.py",
        "gradebook.db",
        "conftest.py",
        "jupyter_config.py",
    ):
        (folder / name).write_text("raise SystemExit('evil')")
    (folder / "a0_target.json").write_text('{"earned": 99}')
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "deep").mkdir()
    (folder / "deep" / "round").symlink_to(folder)
