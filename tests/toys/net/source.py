"""A small convolutional network as an nn.Module, and a multi-layer perceptron as an nn.Sequential."""

# %% locked setup
import copy

import torch
import torch.nn.functional as F
from torch import nn

from convnets.checks import Exercise, assert_close, assert_shape, in_room, raises


@in_room
def loss_and_gradients(net, x, y):
    """The loss of a batch and the gradient of every parameter, by name."""
    net.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    return loss.item(), {name: p.grad for name, p in net.named_parameters()}


@in_room
def gradients_twice(net, x, y, between):
    """Two backward passes with ``between`` ("nothing" or "zero_grad") between them: the bias's gradient after each."""
    seen = []
    for _ in range(2):
        F.cross_entropy(net(x), y).backward()
        seen.append(net.fc.bias.grad.clone())
        if between == "zero_grad":
            net.zero_grad()
    return seen


@in_room
def activations(net, x):
    """Shapes of what each child put out, seen by forward hooks."""
    shapes = {}

    def remember(name):
        def hook(module, inputs, out):
            shapes[name] = list(out.shape)

        return hook

    hooks = [child.register_forward_hook(remember(name)) for name, child in net.named_children()]
    net(x)
    for hook in hooks:
        hook.remove()
    return shapes


@in_room
def a_subclass(x):
    """What a subclass puts out that doubles the logits, and what its parent does."""

    class Louder(Net):
        def forward(self, x):
            return 2 * super().forward(x)

    torch.manual_seed(5)
    louder = Louder().eval()
    torch.manual_seed(5)
    return louder(x), Net().eval()(x), isinstance(louder, Net)


@in_room
def step(net, x, y, lr):
    """One step of gradient descent on the student's own parameters."""
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()


def functional(state, x):
    """The network in eval mode, out of functions: state as state_dict() names it, x (N, 3, H, W) -> (N, classes)."""
    x = F.conv2d(x - state["mean"], state["conv1.weight"], padding=1)
    x = F.batch_norm(x, state["bn1.running_mean"], state["bn1.running_var"], state["bn1.weight"], state["bn1.bias"])
    x = F.max_pool2d(torch.relu(x), 2)
    x = torch.relu(F.conv2d(x, state["conv2.weight"], state["conv2.bias"], padding=1))
    return F.linear(x.mean((2, 3)), state["fc.weight"], state["fc.bias"])


# %% solution net
class Net(nn.Module):
    """conv1 (3x3, no bias) - bn1 - relu - max pool 2 - conv2 (3x3) - relu - mean over the image - drop - fc.

    width: filters of conv1 (conv2 has twice as many)   classes: logits for each image
    The buffer ``mean`` (1, 3, 1, 1), 0.5 at first, is subtracted from the images.
    Raises ValueError when there are fewer than two classes.
    """

    def __init__(self, width=8, classes=10):
        ### BEGIN SOLUTION
        super().__init__()
        if classes < 2:
            raise ValueError(f"{classes} classes: at least two are needed")
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5))
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(2 * width, classes)
        ### END SOLUTION

    def forward(self, x):
        """x: images (N, 3, H, W). Returns logits (N, classes)."""
        ### BEGIN SOLUTION
        x = torch.relu(self.bn1(self.conv1(x - self.mean)))
        x = nn.functional.max_pool2d(x, 2)
        x = torch.relu(self.conv2(x)).mean((2, 3))
        return self.fc(self.drop(x))
        ### END SOLUTION


net = Net()  # the checks look at this one too

# %% own
print(net)
print(sum(p.numel() for p in net.parameters()), "parameters")

# %% test net (50 points)
exercise = Exercise("net", points=50)

with exercise.check("it is a module of modules", points=1):
    assert isinstance(net, nn.Module)
    assert isinstance(net, Net)
    assert isinstance(net.conv1, nn.Conv2d)
    assert isinstance(net.bn1, nn.BatchNorm2d)
    assert isinstance(net.fc, nn.Linear) and not isinstance(net.fc, nn.Conv2d)
    assert isinstance(net.drop, (nn.Dropout, nn.Dropout2d))

with exercise.check("logits have the right shape", points=1):
    out = net(torch.zeros(2, 3, 8, 8))
    assert_shape(out, (2, 10), "the logits")
    assert out.shape == (2, 10) and out.ndim == 2 and out.size(1) == 10
    assert out.dtype == torch.float32

with exercise.check("images of any size", points=1):
    for n, height, width in [(1, 8, 8), (3, 9, 12), (2, 4, 5)]:
        assert_shape(net(torch.rand(n, 3, height, width)), (n, 10), "the logits")

with exercise.check("number of parameters", points=1) as t:
    count = sum(p.numel() for p in net.parameters())
    assert count == 3 * 8 * 9 + 2 * 8 + 8 * 16 * 9 + 16 + 16 * 10 + 10
    trainable = [p for p in net.parameters() if p.requires_grad]
    assert len(trainable) == len(list(net.parameters())) == 7

with exercise.check("names of the parameters", points=1):
    names = [name for name, _ in net.named_parameters()]
    assert sorted(names) == sorted(
        ["conv1.weight", "bn1.weight", "bn1.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias"]
    )
    assert "conv1.bias" not in dict(net.named_parameters())
    assert net.conv1.bias is None

with exercise.check("shapes of the parameters", points=1):
    assert net.conv1.weight.shape == (8, 3, 3, 3)
    assert tuple(net.conv2.weight.shape) == (16, 8, 3, 3)
    assert list(net.fc.weight.size()) == [10, 16]
    assert len(net.fc.bias) == 10
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert shapes["bn1.weight"] == shapes["bn1.bias"] == (8,)

with exercise.check("settings of the layers", points=1):
    assert net.conv1.kernel_size == (3, 3) and net.conv1.padding == (1, 1)
    assert net.conv1.stride[0] == 1
    assert net.drop.p == 0.5
    assert (net.fc.in_features, net.fc.out_features) == (16, 10)

with exercise.check("children and modules", points=1):
    assert len(list(net.children())) == 5
    assert {name for name, _ in net.named_children()} == {"conv1", "bn1", "conv2", "drop", "fc"}
    modules = dict(net.named_modules())
    assert modules[""] is net and modules["conv2"] is net.conv2
    assert sum(isinstance(m, nn.Conv2d) for m in net.modules()) == 2
    assert [m.__class__.__name__ for m in net.children()].count("Linear") == 1

with exercise.check("parameters are parameters", points=1):
    for name, p in net.named_parameters():
        assert isinstance(p, nn.Parameter), f"{name} is none"
        assert isinstance(p, torch.Tensor)
        assert p.requires_grad and p.is_leaf
        assert p.dtype == torch.float32
        assert p.device.type == "cpu"
    assert next(net.parameters()).is_floating_point()

with exercise.check("no gradient before a backward pass", points=1):
    fresh = Net()
    assert all(p.grad is None for p in fresh.parameters())

with exercise.check("the mean is a buffer", points=1):
    assert "mean" in dict(net.named_buffers())
    assert "mean" not in dict(net.named_parameters())
    assert_close(net.mean, torch.full((1, 3, 1, 1), 0.5), "net.mean")
    assert not net.mean.requires_grad
    net.mean.fill_(0.25)
    assert net.mean.sum() == 0.75
    assert_close(net.state_dict()["mean"].flatten(), [0.25] * 3, "the mean in the state")
    net.mean = torch.full((1, 3, 1, 1), 0.5)
    assert float(net.get_buffer("mean")[0, 0, 0, 0]) == 0.5

with exercise.check("the state has these entries", points=1):
    state = net.state_dict()
    assert len(state) == 11
    assert {"conv1.weight", "bn1.running_mean", "bn1.num_batches_tracked", "mean"} <= set(state)
    assert not any(value.requires_grad for value in state.values())

with exercise.check(
    "the same as out of functions", points=2, hint="What comes first: pooling or ReLU? Both will do."
) as t:
    fresh = Net()
    fresh.eval()
    x = torch.tensor(t.rng.normal(size=(4, 3, 8, 8)), dtype=torch.float32)
    expected = functional(fresh.state_dict(), x)
    assert_close(fresh(x).detach(), expected.numpy(), "the logits", rtol=1e-4, atol=1e-5)
    assert torch.allclose(fresh(x), expected, atol=1e-5)

with exercise.check("a state made by the check is loaded", points=2):
    torch.manual_seed(0)
    made = {name: torch.rand_like(value) if value.is_floating_point() else value + 3
            for name, value in Net().state_dict().items()}  # fmt: skip
    fresh = Net()
    missing, unexpected = fresh.load_state_dict(made)
    assert list(missing) == [] and list(unexpected) == []
    fresh.eval()
    x = torch.rand(2, 3, 6, 6)
    assert_close(fresh(x), functional(made, x), "the logits", rtol=1e-4, atol=1e-5)
    for name, value in fresh.state_dict().items():
        assert torch.equal(value, made[name]), name

with exercise.check("a state with a piece missing is refused", points=1):
    state = net.state_dict()
    del state["fc.bias"]
    with raises(RuntimeError, "fc.bias is missing"):
        Net().load_state_dict(state)

with exercise.check("another width, other classes", points=1):
    wide = Net(width=12, classes=3)
    assert wide.conv1.out_channels == 12 and wide.conv2.out_channels == 24
    assert_shape(wide(torch.zeros(1, 3, 8, 8)), (1, 3), "three logits")
    assert wide.fc.weight.numel() == 3 * 24

with exercise.check("fewer than two classes are refused", points=1):
    with raises(ValueError, "there is one class"):
        Net(classes=1)
    try:
        Net(classes=0)
    except ValueError as error:
        assert "0" in str(error), "the message does not say how many classes were asked for"

with exercise.check("train and eval", points=1):
    assert net.train() is net
    assert net.training and net.bn1.training and net.drop.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())

with exercise.check("dropout acts in training only", points=1):
    x = torch.rand(4, 3, 8, 8)
    net.train()
    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x))
    net.train()

with exercise.check("batch norm keeps running statistics", points=2):
    fresh = Net()
    x = torch.rand(5, 3, 6, 6)
    before = F.conv2d(x - fresh.mean, fresh.conv1.weight, padding=1)
    fresh(x)
    assert_close(fresh.bn1.running_mean, 0.1 * before.mean((0, 2, 3)).detach(), "running_mean", rtol=1e-3, atol=1e-6)
    assert fresh.bn1.num_batches_tracked == 1
    assert fresh.bn1.num_batches_tracked.item() == 1

with exercise.check("eval leaves the running statistics alone", points=1):
    fresh = Net().eval()
    before = {name: value.clone() for name, value in fresh.named_buffers()}
    fresh(torch.rand(3, 3, 8, 8))
    for name, value in fresh.named_buffers():
        assert torch.equal(value, before[name]), name

with exercise.check("in eval an image does not depend on its neighbours", points=1):
    net = net.eval()
    x = torch.rand(3, 3, 8, 8)
    assert_close(net(x)[:1], net(x[:1]), "the first image's logits", rtol=1e-4, atol=1e-6)

with exercise.check("still in eval mode", points=1):
    assert not net.training  # the check before this one said so
    net.train()

with exercise.check("no_grad is respected", points=1):
    with torch.no_grad():
        out = net(torch.rand(2, 3, 8, 8))
        assert not out.requires_grad
    assert net(torch.rand(2, 3, 8, 8)).requires_grad
    with torch.inference_mode():
        assert not net(torch.rand(2, 3, 8, 8)).requires_grad

with exercise.check("the input is left alone", points=1):
    x = torch.rand(2, 3, 8, 8)
    before = x.clone()
    net(x)
    assert torch.equal(x, before), "x was changed in place"

with exercise.check("str and repr", points=1):
    text = str(net)
    assert text.startswith("Net(") and "Conv2d(3, 8" in text
    assert repr(net) == text and "(fc): Linear" in f"{net}"
    assert "Dropout(p=0.5" in repr(net.drop)

with exercise.check("a deep copy lives its own life", points=1):
    twin = copy.deepcopy(net)
    assert twin is not net and isinstance(twin, Net)
    with torch.no_grad():
        twin.fc.bias.fill_(100.0)
    assert not torch.equal(twin.fc.bias, net.fc.bias)
    assert net.fc.bias.abs().max() < 1

with exercise.check("the same seed makes the same network", points=1):
    torch.manual_seed(3)
    first = Net()
    torch.manual_seed(3)
    second = Net()
    third = Net()
    for p, q in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(p, q)
    assert not torch.equal(second.conv1.weight, third.conv1.weight)

with exercise.check("initial weights are torch's own", points=1):
    torch.manual_seed(11)
    fresh = Net(width=32)
    bound = (1 / (3 * 9)) ** 0.5
    assert fresh.conv1.weight.abs().max() <= bound
    assert fresh.conv1.weight.std().item() > bound / 3
    assert abs(float(fresh.conv1.weight.mean())) < bound / 10
    assert torch.allclose(fresh.bn1.weight, torch.ones(32)) and (fresh.bn1.bias == 0).all()

with exercise.check("a network of zeros", points=1):
    fresh = Net().eval()
    with torch.no_grad():
        for p in fresh.parameters():
            p.zero_()
    assert_close(fresh(torch.rand(2, 3, 8, 8)), torch.zeros(2, 10), "the logits")
    fresh.fc.bias.data.fill_(2.5)
    assert_close(fresh(torch.rand(2, 3, 8, 8)), torch.full((2, 10), 2.5), "the logits")

with exercise.check("one logit by hand", points=1):
    fresh = Net().eval()
    with torch.no_grad():
        fresh.fc.weight[0] = 0.0
        fresh.fc.bias[0] = 7.0
        fresh.fc.weight[1].fill_(0.0)
        fresh.fc.bias.data[1] -= fresh.fc.bias[1].item() + 1
    out = fresh(torch.rand(3, 3, 8, 8))
    assert (out[:, 0] == 7).all()
    assert_close(out[:, 1], [-1.0] * 3, "the second logit", rtol=1e-5)

with exercise.check("weights are copied in", points=1):
    fresh = Net().eval()
    bias = torch.linspace(-1, 1, 10)
    with torch.no_grad():
        fresh.fc.bias.copy_(bias)
        fresh.fc.weight.mul_(0)
        fresh.conv2.bias += 1
    assert torch.equal(fresh.fc.bias, bias)
    fresh.fc.weight = nn.Parameter(torch.zeros(10, 16))
    assert isinstance(fresh.fc.weight, nn.Parameter) and "fc.weight" in dict(fresh.named_parameters())
    assert_close(fresh(torch.rand(1, 3, 8, 8))[0], bias, "the logits", rtol=1e-6)
    assert fresh.conv2.bias.min() > 0

with exercise.check("torch's initialisers work on it", points=1):
    fresh = Net()
    nn.init.constant_(fresh.fc.bias, 1.5)
    nn.init.ones_(fresh.bn1.bias)
    assert_close(fresh.fc.bias, [1.5] * 10, "fc.bias")
    nn.init.kaiming_normal_(fresh.conv2.weight, nonlinearity="relu")
    assert 0.5 < fresh.conv2.weight.std() / (2 / 72) ** 0.5 < 2
    fresh.eval()
    assert fresh.state_dict()["bn1.bias"].sum() == 8
    fresh.state_dict()["bn1.bias"].zero_()
    torch.testing.assert_close(fresh.bn1.bias.detach(), torch.zeros(8))

with exercise.check("apply visits every layer", points=1):
    seen = []

    def tidy(m):
        seen.append(m.__class__.__name__)
        if isinstance(m, nn.Linear):
            m.bias.data.zero_()

    fresh = Net()
    fresh.apply(tidy)
    assert len(seen) == 6 and seen[-1] == "Net"
    assert (fresh.fc.bias == 0).all()

with exercise.check("a hook of the check's sees what conv2 puts out", points=1):
    seen = []
    handle = net.conv2.register_forward_hook(lambda module, inputs, out: seen.append(tuple(out.shape)))
    net(torch.rand(2, 3, 8, 6))
    handle.remove()
    net(torch.rand(2, 3, 8, 6))
    assert seen == [(2, 16, 4, 3)]

with exercise.check("all parameters as one vector", points=1):
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.numel() == sum(p.numel() for p in net.parameters())
    norm = sum((p**2).sum() for p in net.parameters()) ** 0.5
    assert_close(vector.norm(), norm, "the length of all weights", rtol=1e-4)

### BEGIN HIDDEN TESTS
with exercise.check("loss and gradients", points=2, hint="Does every parameter take part in the forward pass?") as t:
    fresh = Net(classes=4).eval()
    x, y = torch.randn(6, 3, 8, 8), torch.tensor([0, 1, 2, 3, 0, 1])
    leaves = {name: p.detach().clone().requires_grad_() for name, p in fresh.named_parameters()}
    loss = F.cross_entropy(functional({**dict(fresh.named_buffers()), **leaves}, x), y)
    loss.backward()
    seen, grads = loss_and_gradients(fresh, x, y)
    assert_close(seen, loss.item(), "the loss", rtol=1e-4)
    assert sorted(grads) == sorted(leaves)
    for name, leaf in leaves.items():
        assert_close(grads[name], leaf.grad, f"the gradient of {name}", rtol=1e-3, atol=1e-5)
    assert_close(fresh.fc.weight.grad, leaves["fc.weight"].grad, "fc.weight.grad", rtol=1e-3, atol=1e-5)

with exercise.check("gradients pile up until they are zeroed", points=1):
    net.eval()
    x, y = torch.rand(3, 3, 8, 8), torch.tensor([1, 2, 3])
    net.zero_grad()
    first, second = gradients_twice(net, x, y, between="nothing")
    assert_close(second, 2 * first, "the second gradient", rtol=1e-4, atol=1e-7)
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    first, second = gradients_twice(net, x, y, between="zero_grad")
    assert_close(second, first, "the second gradient", rtol=1e-4, atol=1e-7)

with exercise.check("a step goes down the gradient", points=2):
    fresh = Net().eval()
    x, y = torch.rand(8, 3, 8, 8), torch.arange(8)
    before = {name: p.detach().clone() for name, p in fresh.named_parameters()}
    loss, grads = loss_and_gradients(fresh, x, y)
    step(fresh, x, y, lr=0.05)
    for name, p in fresh.named_parameters():
        assert_close(p, before[name] - 0.05 * grads[name], name, rtol=1e-4, atol=1e-6)
    assert loss_and_gradients(fresh, x, y)[0] < loss

with exercise.check("what passes between the layers", points=1):
    shapes = activations(net, torch.rand(2, 3, 10, 8))
    assert shapes["conv1"] == [2, 8, 10, 8], "conv1 keeps the size"
    assert shapes["conv2"] == [2, 16, 5, 4], "the pool halves it"
    assert shapes["drop"] in ([2, 16], [2, 16, 1, 1])

with exercise.check("a subclass", points=1):
    louder, plain, related = a_subclass(torch.rand(2, 3, 8, 8))
    assert_close(louder, 2 * plain, "the subclass's logits", rtol=1e-5)
    assert related is True

with exercise.check("in float64", points=1):
    double = Net().double()
    assert next(double.parameters()).dtype == torch.float64
    assert double.mean.dtype is torch.float64
    out = double(torch.rand(2, 3, 8, 8, dtype=torch.float64))
    assert out.dtype == torch.float64

with exercise.check("to a device and a dtype by name", points=1):
    moved = Net().to("cpu").to(torch.float64)
    assert {p.dtype for p in moved.parameters()} == {torch.float64}
    assert {p.device.type for p in moved.parameters()} == {"cpu"}
    assert moved.mean.device.type == "cpu" and str(moved.fc.weight.device) == "cpu"

with exercise.check("frozen layers", points=1):
    fresh = Net()
    fresh.requires_grad_(False)
    assert not any(p.requires_grad for p in fresh.parameters())
    assert isinstance(fresh.fc.weight, nn.Parameter)
    for p in fresh.fc.parameters():
        p.requires_grad = True
    assert [name for name, p in fresh.named_parameters() if p.requires_grad] == ["fc.weight", "fc.bias"]
    assert not Net().requires_grad_(False)(torch.rand(1, 3, 8, 8)).requires_grad

with exercise.check("attributes by name", points=1):
    for name in ("conv1", "bn1", "conv2", "drop", "fc"):
        assert hasattr(net, name), name
        assert isinstance(getattr(net, name), nn.Module)
    assert not hasattr(net, "conv9") and callable(net)
    net.remark = "seen"
    assert net.remark == "seen"
    del net.remark
    assert getattr(net, "remark", None) is None
### END HIDDEN TESTS

exercise.score()


# %% solution mlp
def make_mlp(sizes, p=0.0):
    """Linear layers with ReLU (and dropout, if p > 0) between them, as nn.Sequential: sizes [4, 8, 3] has two."""
    ### BEGIN SOLUTION
    layers = []
    for before, after in zip(sizes[:-1], sizes[1:]):
        layers += [nn.Linear(before, after), nn.ReLU()]
        if p > 0:
            layers.append(nn.Dropout(p))
    while not isinstance(layers[-1], nn.Linear):
        layers.pop()
    return nn.Sequential(*layers)
    ### END SOLUTION


# %% test mlp (10 points)
exercise = Exercise("mlp", points=10)

with exercise.check("layers in order", points=2):
    mlp = make_mlp([4, 8, 3])
    assert isinstance(mlp, nn.Sequential)
    assert len(mlp) == 3
    assert isinstance(mlp[0], nn.Linear) and isinstance(mlp[-1], nn.Linear)
    assert mlp[0].in_features == 4 and mlp[-1].out_features == 3
    assert [isinstance(layer, nn.ReLU) for layer in mlp] == [False, True, False]

with exercise.check("dropout only where it was asked for", points=1):
    assert not any(isinstance(m, nn.Dropout) for m in make_mlp([2, 2, 2]).modules())
    dropouts = [m for m in make_mlp([2, 5, 5, 2], p=0.25) if isinstance(m, nn.Dropout)]
    assert len(dropouts) == 2 and all(m.p == 0.25 for m in dropouts)

with exercise.check("one layer alone", points=1):
    assert len(make_mlp([5, 2])) == 1

with exercise.check("it computes what its layers compute", points=2) as t:
    mlp = make_mlp((3, 6, 2))
    x = torch.tensor(t.rng.normal(size=(5, 3)), dtype=torch.float32)
    hidden = (x @ mlp[0].weight.T + mlp[0].bias).clamp(min=0)
    expected = F.linear(hidden, mlp[2].weight, mlp[2].bias)
    assert_close(mlp(x), expected.detach(), "the output", rtol=1e-4, atol=1e-6)
    assert_close(mlp[:2](x), hidden.detach(), "after the ReLU", rtol=1e-4, atol=1e-6)
    out = x
    for layer in mlp:
        out = layer(out)
    assert torch.allclose(out, mlp(x))

### BEGIN HIDDEN TESTS
with exercise.check("it can count", points=2):
    mlp = make_mlp([2, 2, 1])
    with torch.no_grad():
        for p in mlp.parameters():
            p.copy_(torch.ones_like(p))
    assert mlp(torch.tensor([[1.0, 2.0]])).item() == 9

with exercise.check("no bias was forgotten", points=1):
    count = sum(1 for _ in make_mlp([3, 4, 5, 6]).parameters())
    assert count == 6, f"{count} parameters, not 6"

with exercise.check("every size takes part", points=1):
    sizes = [3, 7, 5, 2]
    linear = [m for m in make_mlp(sizes) if isinstance(m, nn.Linear)]
    assert [m.in_features for m in linear] + [linear[-1].out_features] == sizes
    weights = torch.cat([m.weight.flatten() for m in linear])
    assert weights.shape == (3 * 7 + 7 * 5 + 5 * 2,)
### END HIDDEN TESTS

exercise.score()
