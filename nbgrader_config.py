"""Stock ``nbgrader`` commands read their settings here; the settings themselves are in autograder/course.py."""

import sys
from pathlib import Path

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:  # the nbgrader command does not look here by itself
    sys.path.insert(0, HERE)

from autograder.course import find_course, nbgrader_settings  # noqa: E402

get_config().merge(nbgrader_settings(find_course()))  # type: ignore[name-defined]  # noqa: F821

# What is yours to set, a policy for late hand-ins say, comes below; `autograder grade` follows it too:
# c = get_config()
# c.LateSubmissionPlugin.penalty_method = "zero"
