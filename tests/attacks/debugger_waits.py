"""Opens the debugger in a function, which waits for somebody to type."""


# points: double=0, rest=15
# %% double
def double(x):
    import pdb

    pdb.Pdb(stdin=open("/dev/zero")).set_trace()
    return 0
