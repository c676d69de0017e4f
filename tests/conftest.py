"""Every run of the tests keeps to itself: own home, own Jupyter folders, one thread, no window."""

import os
import random
import tempfile

import pytest

HOME = pytest.StashKey[tempfile.TemporaryDirectory]()


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is imported, so that nothing reads or writes the settings of whoever runs the tests."""
    os.environ.setdefault("ATTACKS_SEED", str(random.SystemRandom().randrange(10**6)))  # the same in every worker
    home = config.stash[HOME] = tempfile.TemporaryDirectory(prefix="course-tests-")
    # make's too: the tests run make themselves, and may have been started by it
    for name in [n for n in os.environ if n.startswith(("JUPYTER", "NBGRADER", "AUTOGRADER", "MAKE", "MFLAGS"))]:
        del os.environ[name]
    os.environ |= {
        "HOME": home.name,
        "XDG_CACHE_HOME": f"{home.name}/cache",
        "XDG_CONFIG_HOME": f"{home.name}/config",
        "XDG_DATA_HOME": f"{home.name}/data",
        "IPYTHONDIR": f"{home.name}/ipython",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",  # for the processes that tests start
    }


def pytest_report_header(config: pytest.Config) -> str:
    return f"attacks shared out by ATTACKS_SEED={os.environ['ATTACKS_SEED']}"


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[HOME].cleanup()
