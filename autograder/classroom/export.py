"""``nbgrader export`` with nbgrader's own columns, quoted as CSV asks for: a comma in a name moves no column."""

from __future__ import annotations

import csv

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

COLUMNS = """assignment duedate timestamp student_id last_name first_name email raw_score late_submission_penalty score
    max_score"""


class QuotedCsv(ExportPlugin):
    """Every student's score for every assignment; 0 for those who handed nothing in, as nbgrader has it."""

    def export(self, gradebook: Gradebook) -> None:
        with open(self.to or "grades.csv", "w", newline="", encoding="utf-8", errors="replace") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS.split())
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in map(str, self.assignment):
                    continue
                for student in gradebook.students:
                    if not self.student or student.id in map(str, self.student):
                        table.writerow(self._row(gradebook, assignment, student))

    @staticmethod
    def _row(gradebook: Gradebook, assignment: object, student: object) -> list[object]:
        name, who = assignment.name, student.id  # type: ignore[attr-defined]
        person = [who, student.last_name, student.first_name, student.email]  # type: ignore[attr-defined]
        when, raw, penalty = "", 0.0, 0.0
        try:
            submission = gradebook.find_submission(name, who)
            when, raw, penalty = submission.timestamp, submission.score, submission.late_submission_penalty or 0.0
        except MissingEntry:
            pass
        marks = [raw, penalty, max(0.0, raw - penalty), assignment.max_score]  # type: ignore[attr-defined]
        row = [name, assignment.duedate, when, *person, *marks]  # type: ignore[attr-defined]
        return ["" if value is None else value for value in row]
