"""All of the grader that exists in the exam room. It imports nothing else of the grader."""
