"""Sends errors that lack parts or have parts of the wrong kinds."""


# points: double=0, rest=0..15
# %% double
def double(x):
    raise ValueError


SHAPES = [{}, [], 7, None, {"mro": []}, {"mro": [1]}, {"mro": ["ValueError"], "text": 1}, {"mro": "ValueError"}]
SHAPES += [{"mro": ["ValueError"], "text": "\ud800", "where": 9}, {"mro": ["not a name"], "text": ""}]


def pose(reply):
    if "error" in reply:
        pose.turn += 1
        reply["error"] = SHAPES[pose.turn % len(SHAPES)]


pose.turn = 0
in_replies(pose)
