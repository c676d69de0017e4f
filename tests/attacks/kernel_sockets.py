"""Opens sockets of families that no network namespace closes: vsock, netlink, crypto, packets, Bluetooth, XDP."""

# points: double=0..4, rest=15
# %% double
for name, family, kinds in (
    ("vsock", 40, (1, 2)),
    ("netlink", 16, (2, 3)),
    ("alg", 38, (5,)),
    ("packet", 17, (2, 3)),
    ("bluetooth", 31, (1, 3, 5)),
    ("xdp", 44, (3,)),
    ("key", 15, (3,)),
    ("tipc", 30, (1, 4)),
    ("can", 29, (3,)),
    ("rds", 21, (5,)),
    ("qipcrtr", 42, (2,)),
    ("smc", 43, (1,)),
):
    for kind in kinds:
        for protocol in (0, 1, 2, 12, 15):
            try:
                socket.socket(family, kind, protocol).close()
                loot(f"a socket of the family {name}")
            except OSError:
                pass


def double(x):
    return 2 * x
