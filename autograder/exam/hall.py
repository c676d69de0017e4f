"""Where hand-ins are examined: one warm hall for a batch, and in it one process of its own for each examination."""

from __future__ import annotations

import os
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.exam.examiner import examine
from autograder.exam.verdict import Verdict


class GraderFailed(RuntimeError):
    """The examination was stopped by something that is not the hand-in's doing: its mark is provisional."""


class Hall:
    """A hall for hand-ins to one source notebook. ``examine`` may be called from several threads at once.

    walls   False lets hand-ins run without a jail
    secret  goes into the seeds of hidden checks: the same secret, the same mark
    """

    def __init__(self, source: NotebookNode, *, walls: bool = True, secret: str = ""):
        self.source, self.walls, self.secret = source, walls, secret
        self._pool = ProcessPoolExecutor(os.cpu_count(), get_context("spawn"))

    def examine(
        self,
        handin: bytes | None,
        *,
        student: str,
        assignment: str,
        only: Collection[str] | None = None,
        stop_at_first_failure: bool = False,
        total_seconds: float | None = None,
    ) -> tuple[Verdict, NotebookNode]:
        """Examine one hand-in; blocks until it is done. What the hand-in is to blame for is in the verdict.

        total_seconds  in place of the assignment's own limit for a whole hand-in
        Raises GraderFailed where the examination was ended from outside: it may be tried again.
        """
        options = {"student": student, "assignment": assignment, "only": only, "walls": self.walls}
        options["stop_at_first_failure"] = stop_at_first_failure
        source = self.source
        if total_seconds is not None:
            source = nbformat.from_dict(source)
            source.metadata["convnets"] = {**source.metadata.get("convnets", {}), "total_seconds": total_seconds}
        return self._pool.submit(_examine, nbformat.writes(source), handin, options).result()

    def close(self) -> None:
        """End everything that runs in the hall. Closing twice does nothing."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Hall:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _examine(source: str, handin: bytes | None, options: dict[str, Any]) -> tuple[Verdict, NotebookNode]:
    return examine(nbformat.reads(source, as_version=4), handin, **options)
