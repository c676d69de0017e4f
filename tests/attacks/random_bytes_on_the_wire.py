"""Sends rubbish on every connection there is, in the midst of honest messages."""


# points: double=0, rest=0..15
# %% double
def double(x):
    send_raw(os.urandom(100_000))
    return 2 * x
