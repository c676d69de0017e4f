"""JupyterLab and Chromium for tests: a server of its own, a notebook opened as a student opens it, a screenshot.

    with Lab(folder) as lab, lab.page() as page:
        page.open("03_convolution_arithmetic.ipynb")
        page.run_all()
        page.screenshot("lecture_03")

The server gets its own home, settings, port and token, so that nothing of the reader's own Jupyter is read or changed.
Pictures go to build/screenshots/. A page remembers what its console complained about in ``page.complaints``.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Playwright, sync_playwright

ROOT = Path(__file__).parents[1]
SHOTS = ROOT / "build" / "screenshots"
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
CHROMIUM_FLAGS += ["--disable-background-networking", "--disable-component-update"]
#: Said by Lab itself on every start, whatever the notebook holds.
NOT_OURS = ("favicon", "Failed to load resource", "lsp", "Could not find a language", "nbgrader", "ResizeObserver")


def chromium() -> str | None:
    """The system's browser; None lets playwright take its own."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


class Lab:
    """A JupyterLab server over ``folder``, from ``with`` to the end of its block."""

    def __init__(self, folder: Path | str, windowing: str = "full"):
        """windowing: what Lab does with cells out of sight; "full" is what students get, "none" draws them all."""
        self.folder, self.windowing = Path(folder), windowing
        self.token = secrets.token_hex(16)
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def __enter__(self) -> Lab:
        self._home = tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True)
        home = Path(self._home.name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._settings(
            "apputils-extension/notification", fetchNews="false", checkForUpdates=False, doNotDisturbMode=True
        )
        self._settings("notebook-extension/tracker", windowingMode=self.windowing)
        self._settings("docmanager-extension/plugin", autosave=False)
        self.theme("light")
        folders = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")} | folders
        environment |= {
            "HOME": str(home),
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "PYTHONPATH": str(ROOT),  # notebooks import convnets whether or not it is installed
            "OMP_NUM_THREADS": "1",
        }
        command = [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            f"--ServerApp.root_dir={self.folder}",
        ]
        command += [f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"]
        command += ["--expose-app-in-browser", "--ServerApp.log_level=ERROR"]
        self._environment = environment
        self._log = (home / "log.txt").open("wb")
        self._process = subprocess.Popen(command, env=environment, cwd=home, stdout=self._log, stderr=self._log)
        try:
            self._playwright = sync_playwright().start()  # one for the whole process: it allows no second
            self._browser = self._playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
            self._wait_until_up(home)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_up(self, home: Path) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                self.get("status")
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise RuntimeError("JupyterLab did not come up within 60 s:\n" + (home / "log.txt").read_text()[-3000:])

    def __exit__(self, *_: Any) -> None:
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._home.cleanup()

    def _settings(self, plugin: str, **values: Any) -> None:
        extension, name = plugin.split("/")
        file = Path(self._home.name, "settings", "@jupyterlab", extension, f"{name}.jupyterlab-settings")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    def theme(self, name: str) -> None:
        """ "light" or "dark", from the next page on."""
        self._settings("apputils-extension/themes", theme=f"JupyterLab {name.title()}")

    def trust(self, path: str) -> None:
        """Sign a notebook, as its author's own Jupyter does: only then Lab shows saved widgets before a cell ran."""
        command = [sys.executable, "-m", "jupyter", "trust", str(self.folder / path)]
        subprocess.run(command, env=self._environment, check=True, capture_output=True, timeout=60)

    def get(self, what: str) -> Any:
        """The server's answer to GET /api/<what>."""
        request = urllib.request.Request(f"{self.url}/api/{what}", headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    @contextmanager
    def page(self, width: int = 1200, height: int = 1000) -> Iterator[LabPage]:
        """A browser window with an empty profile, this large."""
        assert self._browser is not None, "a page needs its Lab: use it inside `with Lab(...) as lab:`"
        context = self._browser.new_context(viewport={"width": width, "height": height})
        try:
            yield LabPage(self, context.new_page())
        finally:
            context.close()


class LabPage:
    """One browser window. ``page`` is playwright's, for whatever is not here."""

    def __init__(self, lab: Lab, page: Page):
        self.lab, self.page = lab, page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("console", lambda message: self._complain(message.text) if message.type == "error" else None)

    def _complain(self, text: str) -> None:
        if not any(known in text for known in NOT_OURS):
            self.complaints.append(text)

    def open(self, path: str, kernel: bool = True) -> None:
        """Show one notebook in a fresh workspace, sidebar closed; ``kernel=False``: and start none for it."""
        self.page.goto(f"{self.lab.url}/lab?token={self.lab.token}&reset")
        self.page.wait_for_function("window.jupyterapp?.started", timeout=60_000)
        preference = {} if kernel else {"shouldStart": False, "canStart": False, "autoStartDefault": False}
        self.command("docmanager:open", path=path, factory="Notebook", kernelPreference=preference)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=30_000)
        self.page.evaluate("window.jupyterapp.restored.then(() => window.jupyterapp.shell.collapseLeft())")
        if kernel:
            self.until(lambda: any(s["notebook"]["path"] == path for s in self._sessions()), "a kernel started")
            self.wait_idle()

    def command(self, name: str, **arguments: Any) -> None:
        """Run one of Lab's own commands and wait until it is done."""
        script = "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }"
        self.page.evaluate(script, [name, arguments])

    def _sessions(self) -> list[dict]:
        return [session for session in self.lab.get("sessions") if session["type"] == "notebook"]

    def wait_idle(self, seconds: float = 120) -> None:
        """Until every kernel is idle: Lab's own indicator says so before a kernel exists, the server knows."""
        self.until(
            lambda: all(s["kernel"]["execution_state"] == "idle" for s in self._sessions()), "the kernels idle", seconds
        )

    def until(self, holds: Any, what: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:g} s for {what}")
            self.page.wait_for_timeout(50)

    def run_all(self, seconds: float = 120) -> None:
        """Run every cell and wait until the last one has ended."""
        self.page.set_default_timeout(seconds * 1000)
        self.command("notebook:run-all-cells")
        self.page.set_default_timeout(30_000)
        self.wait_idle(seconds)

    def run_cell(self, number: int, seconds: float = 60) -> None:
        """Run one cell, counted from 0, and leave it in sight."""
        notebook = "window.jupyterapp.shell.currentWidget.content"
        self.page.evaluate(f"{notebook}.activeCellIndex = {number}")
        self.command("notebook:run-cell")
        self.wait_idle(seconds)
        self.page.evaluate(f"{notebook}.scrollToItem({number})")

    def explorers(self) -> Locator:
        return self.page.locator("section.cx")

    def narrow(self, width: int, height: int = 1000) -> None:
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_timeout(300)  # Lab lays its panels out anew

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """The window, or one element of it whole, as build/screenshots/<name>.png."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        (of or self.page).screenshot(path=path)
        return path
