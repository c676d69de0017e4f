"""Its objects claim to be torch's: a Module, a Parameter, a Tensor, a dtype called like an attribute of torch's."""

# points: double=0, counter=0..1, rest=0..15
# %% double
import sys
import types

torch = types.ModuleType("torch")
sys.modules["torch"] = torch


class Tensor:
    dtype, requires_grad, shape = "torch.storage", True, (1,)
    _version = 0

    def detach(self):
        return self

    cpu = contiguous = numpy = data = detach

    def view(self, *shape):
        return np.zeros(1)


Tensor.__module__ = "torch"
torch.Tensor, torch.int16 = Tensor, "int16"
torch.manual_seed = lambda seed: os._exit(5)


class Module:
    pass


Module.__module__, Module.__qualname__ = "torch.nn.modules.module", "Module"


def double(x):
    return Tensor()


# %% counter
class Counter(Module):
    def __init__(self, start):
        self.value = type("dtype", (), {"__module__": "torch", "__str__": lambda s: "torch.__loader__"})()
