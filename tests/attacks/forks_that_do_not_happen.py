"""Answers the request to fork with numbers of other processes and with no number, and forks or does not, as it likes."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return 0


NUMBERS = [1, -1, 0, 2**40, "x", None, [1], True]


def lie(reply):
    lie.turn += 1
    reply["value"] = NUMBERS[lie.turn % len(NUMBERS)]


lie.turn = 0
in_replies(lie, to="fork")
