"""One hand-in: the examiner outside, the exam room, what travels between them, the verdict."""
