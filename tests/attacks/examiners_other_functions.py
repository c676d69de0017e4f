"""Asks the examiner for what its own end might offer: getattr, setattr, run, get, repr, eval, types."""


# points: slope=0, rest=0..15
# %% slope
def slope(f, x):
    mine = ["yours", f._ref]
    tries = [("getattr", mine, "__globals__"), ("repr", mine), ("get", ["list", ["np"]]), ("run", "1", "x")]
    tries += [("setattr", mine, "__code__", 1), ("call", "eval", "1"), ("call", ["type", "dict"], ["list", []])]
    tries += [("call", mine, 1.0), ("put", "x", b"x"), ("fork",), (["type", "list"], ["range", [0, 9, 1]])]
    function, *args = tries[os.getpid() % len(tries)]
    reply = ask(function, *args)
    if "error" not in reply and function != "call":
        loot(reply)
