"""Sends errors that claim to be of the grader's own classes, or such as stop a process or a loop."""


# points: double=0, rest=0..15
# %% double
def double(x):
    raise ValueError


CLASSES = [
    "KeyboardInterrupt",
    "SystemExit",
    "GeneratorExit",
    "StopIteration",
    "RoomLost",
    "GraderFailed",
    "MemoryError",
]
CLASSES += ["CheckFailed", "BrokenPipeError", "TimeoutError", "CourseError", "BaseException", "Exception", "object"]


def pose(reply):
    if "error" in reply:
        pose.turn += 1
        name = CLASSES[pose.turn % len(CLASSES)]
        reply["error"] = {"mro": [name, "Exception"], "text": "full marks", "where": "", "name": "np", "cause": "x"}


pose.turn = 0
in_replies(pose)
