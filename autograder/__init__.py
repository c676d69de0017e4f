"""The grader: an examiner outside, the student's code in a jail, marks in nbgrader's gradebook."""

import os
import sys

# One thread on both sides, so that the same hand-in gets the same mark: before NumPy or torch is imported.
for _name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

# jsonschema, which nbformat imports, makes a grammar of URIs out of this package for 0.7 s; no notebook's schema asks.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
