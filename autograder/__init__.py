"""The grader: an examiner outside, the student's code in a jail, marks in nbgrader's gradebook."""
