"""Raises, returns and prints terminal escapes: colours, titles, clipboard, cursor moves, backspaces, right-to-left."""

# points: double=0, rest=15
# never: "\x1b[31m"
# never: "\x1b]0;"
# never: "\x9b31m"
# %% double
EVIL = "\x1b[31mred\x1b]0;title\x07\x1b]52;c;cm0=\x07\x9b31m\b\b\b\r\u202egnp.exe"
print(EVIL)


def double(x):
    raise type("E" + EVIL, (Exception,), {})(EVIL)
