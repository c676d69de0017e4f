"""Changes its process's surroundings: folder, umask, locale, niceness, limits, switch interval, hash seed, threads."""

# points: 0..15
# %% double
import locale
import resource
import sys

os.umask(0o777)
os.nice(19)
os.chdir("/proc")
os.environ.clear()
sys.setswitchinterval(1000)
sys.setrecursionlimit(60)
locale.setlocale(locale.LC_ALL, "C")
np.set_printoptions(formatter={"all": lambda v: os._exit(1)})
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))


def double(x):
    return 2 * x
