"""The library that the course's notebooks import: data, shape arithmetic, plots, explorers and checks."""

__version__ = "0.1.0"
