"""Average pooling prints its progress, without end."""
# %% avg_pool2d | a print that was never taken out
def avg_pool2d_forward(x, kernel_size, stride=None):
    while True:
        print("pooling ..." * 1000)


def avg_pool2d_backward(dout, cache):
    return dout
