"""Looks what it may do: capabilities, user 0, new privileges by setuid programs, a filter of system calls."""

# points: double=0..4, rest=15
# %% double
status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
if int(status["CapEff"], 16) or int(status["CapPrm"], 16) or int(status["CapBnd"], 16) or int(status["CapAmb"], 16):
    loot("capabilities")
if status["NoNewPrivs"] != "1":
    loot("setuid programs would work")
if status["Seccomp"] != "2":
    loot("no filter of system calls")
if 0 in (os.getuid(), os.geteuid(), os.getgid()) or set(status["Groups"].split()) - {"65534", "1000"}:
    loot(f"user {os.getuid()}, groups {status['Groups']}")
with open("/proc/self/uid_map") as table:
    if table.read().split()[1:] == ["0", "4294967295"]:
        loot("no user namespace of its own")


def double(x):
    return 2 * x
