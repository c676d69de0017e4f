"""Answers `get` with the objects in another order, with pairs of names and objects, and with `np` in place of `double`."""

# points: double=0, rest=0..15
# %% double
import gc

STUDENT = next((o for o in gc.get_objects() if hasattr(type(o), "publish") and hasattr(type(o), "serve")), None)


def double(x):
    return x


def swap(reply):
    swap.turn += 1
    value = reply["value"]
    if isinstance(value, list) and value[0] == "list" and swap.turn % 2:
        value[1].reverse()
    elif isinstance(value, list) and value[0] == "list":
        value[1][:] = [["tuple", ["assert_close", ["mine", *STUDENT.publish(double)]]] for _ in value[1]]


swap.turn = 0
in_replies(swap, to="get")
