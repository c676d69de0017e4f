"""Uses the shell's magics: other programs, other files, resets, the debugger, waiting for somebody to type."""

# points: double=0..4, rest=15
# %% double
shell = get_ipython()
for line in ("sx id", "cd /", "pdb on", "xmode Verbose", "load_ext autoreload", "autoreload 2", "logstart /tmp/x"):
    name, _, rest = line.partition(" ")
    try:
        shell.run_line_magic(name, rest)
    except BaseException:
        pass
for text in ("", "1", "q"):
    try:
        input("your mark, please: ")
    except BaseException:
        pass


def double(x):
    return 2 * x
