"""``python -m autograder``: the command line."""

import sys

from autograder.cli import main

sys.exit(main())
