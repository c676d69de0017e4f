"""Many hand-ins: read, graded side by side, marks into the gradebook, pages about the class."""
