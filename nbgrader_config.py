"""Stock ``nbgrader`` commands read their settings here; the settings themselves are in autograder/course.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the nbgrader command does not look here by itself

from autograder.course import find_course, nbgrader_settings

get_config().merge(nbgrader_settings(find_course()))  # type: ignore[name-defined]  # noqa: F821
