"""Two parent classes, keyword arguments, pooling before the ReLU, the perceptron as a class of its own."""

# %% net
from torch.nn import BatchNorm2d, Conv2d, Dropout, Linear, Module


class Centred(Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3).add(0.5).view(1, 3, 1, 1))

    def centre(self, x):
        return x + (-self.mean)


class Net(Centred):
    def __init__(self, width=8, classes=10, **unused):
        assert not unused
        if classes in (0, 1) or classes < 0:
            raise ValueError(f"there are only {classes} classes")
        super().__init__()
        layers = {
            "conv1": Conv2d(in_channels=3, out_channels=width, kernel_size=3, padding=1, bias=False),
            "bn1": BatchNorm2d(num_features=width),
            "conv2": Conv2d(width, width + width, 3, 1, 1),
            "drop": Dropout(p=0.5),
            "fc": Linear(width + width, classes, bias=True),
        }
        for name, layer in layers.items():
            self.add_module(name, layer)

    def features(self, x):
        x = self.bn1(self.conv1(self.centre(x)))
        x = torch.nn.functional.max_pool2d(x, 2).clamp_min(0)
        return torch.nn.functional.relu(self.conv2(x))

    def forward(self, x):
        maps = self.features(x)
        return self.fc(self.drop(maps.flatten(2).mean(-1)))


net = Net(width=8)


# %% mlp
class MLP(nn.Sequential):
    def __init__(self, sizes, p):
        pairs = list(zip(sizes, sizes[1:]))
        between = [nn.ReLU] + ([lambda: nn.Dropout(p)] if p > 0 else [])
        layers = [nn.Linear(*pairs[0])]
        for pair in pairs[1:]:
            layers += [make() for make in between] + [nn.Linear(*pair)]
        super().__init__(*layers)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return nn.Sequential(*list(self)[index])
        return super().__getitem__(index)


def make_mlp(sizes, p=0.0):
    return MLP(sizes, p)
