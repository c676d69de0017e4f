"""Turns every warning into an error, and every error of NumPy's, in its process."""

# points: double=0..4, rest=0..15
# %% double
import warnings

warnings.simplefilter("error")
np.seterr(all="raise")
warnings.warn = lambda *a, **k: os._exit(4)


def double(x):
    return 2 * x
