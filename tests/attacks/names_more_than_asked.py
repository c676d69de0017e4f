"""Answers `get` with more objects, and with maps of names, than were asked for: `assert_close` among them."""

# points: double=0, rest=0..15
# %% double
import gc

STUDENT = next((o for o in gc.get_objects() if hasattr(type(o), "publish") and hasattr(type(o), "serve")), None)


def double(*args, **kwargs):
    return None


def more(reply):
    more.turn += 1
    mine = ["mine", *STUDENT.publish(double)]
    names = ["dict", [[name, mine] for name in ("assert_close", "np", "double_", "Exercise")]]
    reply["value"] = [
        ["list", [["list", [mine]]] * 40],
        ["list", [["list", [mine, mine, names]]]],
        ["list", [names]],
        names,
        ["list", [["list", [["list", ["assert_close", mine]]]]]],
    ][more.turn % 5]


more.turn = 0
in_replies(more, to="get")
