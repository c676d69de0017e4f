"""Returns arrays that hide their values: masked, structured, of objects, memory maps, views without end."""


# points: double=0, rest=15
# %% double
def double(x):
    double.turn += 1
    x = np.asarray(x)
    kinds = [
        np.ma.masked_all(x.shape),
        np.zeros(x.shape, [("a", float)]),
        np.full(x.shape, None),
        np.lib.stride_tricks.as_strided(np.zeros(1), (10**6, 10**6), (0, 0)),
        np.zeros(x.shape).view(np.recarray),
        np.array(["4.0"] * max(x.size, 1)).reshape(x.shape),
    ]
    return kinds[double.turn % len(kinds)]


double.turn = 0
