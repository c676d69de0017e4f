"""A training loop: one step, mini-batches, schedule, clipping, checkpoint, accuracy; and a network trained with it."""

# %% locked setup
import os
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from convnets.checks import Exercise, assert_close, assert_shape, in_room, raises


def make_images(n, seed):
    """Tiny images (n, 1, 6, 6) in three classes: a bright row, a bright column, or neither; and labels (n,)."""
    rng = np.random.default_rng(seed)
    images, labels = rng.normal(0, 0.4, (n, 1, 6, 6)), rng.integers(0, 3, n)
    for image, label in zip(images, labels):
        if label < 2:
            place = rng.integers(6)
            image[(0, place) if label == 0 else (0, slice(None), place)] += 1.5
    return torch.tensor(images, dtype=torch.float32), torch.tensor(labels)


class Fixed(nn.Module):
    """A network that gives the logits it was made with, in pieces as they are asked for; it remembers its modes."""

    def __init__(self, logits):
        super().__init__()
        self.logits, self.place, self.modes = logits, 0, []
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        self.modes.append(self.training)
        self.place += len(images)
        return self.logits[self.place - len(images) : self.place] + self.weight


def small_net(seed, dropout=0.0):
    """A network for checks, the same for the same seed on either side."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 3))


def named(module):
    """Copies of a module's parameters by name."""
    return {name: p.detach().clone() for name, p in module.named_parameters()}


@in_room
def steps(seed, x, y, lr, n, momentum=0.0):
    """n calls of train_step on one batch: losses, parameters before and after, whether each loss is a plain float."""
    net = small_net(seed)
    before = named(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    losses = [train_step(net, optimizer, x, y) for _ in range(n)]
    return {"losses": losses, "before": before, "after": named(net), "plain": all(type(v) is float for v in losses)}


@in_room
def accuracy_of(logits, images, labels, training):
    """accuracy() of a network that always answers with these logits; the modes it saw, and its mode afterwards."""
    net = Fixed(logits).train(training)
    return accuracy(net, images, labels), net.modes, net.training, net.weight.grad is None


@in_room
def count_steps(x, y, epochs, batch_size):
    """How often fit() makes an optimizer step, sizes of its batches, and how often each image came."""
    net, sizes, seen = small_net(0), [], torch.zeros(len(x))
    index = {row.tobytes(): i for i, row in enumerate(x.numpy())}

    def look(module, inputs):
        if module.training:
            sizes.append(len(inputs[0]))
            for row in inputs[0].detach().numpy():
                seen[index[row.tobytes()]] += 1

    net.register_forward_pre_hook(look)
    fit(net, x, y, epochs=epochs, lr=0.1, batch_size=batch_size)
    return sizes, seen


@in_room
def fit_twice(x, y, seeds):
    """Parameters after fit() with each of these seeds."""
    after = []
    for seed in seeds:
        net = small_net(1)
        fit(net, x, y, epochs=1, lr=0.1, batch_size=4, seed=seed)
        after.append(net[1].weight.detach())
    return after


@in_room
def clipped(norm, scale, x, y):
    """Gradients by name before and after clip_gradients(), and what it returned."""
    net = small_net(2)
    (scale * F.cross_entropy(net(x), y)).backward()
    before = {name: p.grad.clone() for name, p in net.named_parameters()}
    net.register_parameter("idle", nn.Parameter(torch.ones(2)))  # a parameter that has no gradient
    returned = clip_gradients(net, norm)
    return before, {name: p.grad for name, p in net.named_parameters() if p.grad is not None}, float(returned)


@in_room
def decayed(lr, weight_decay):
    """Parameters before and after one step of make_optimizer()'s with gradients of zero."""
    net = small_net(3)
    before = named(net)
    optimizer = make_optimizer(net, lr=lr, weight_decay=weight_decay)
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    return before, named(net)


@in_room
def rates(lr, warmup, total):
    """Learning rates that each step of a schedule is made with."""
    optimizer = torch.optim.SGD(small_net(0).parameters(), lr=lr)
    schedule = make_schedule(optimizer, warmup, total)
    found = []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


@in_room
def resumed(x, y, before, after):
    """Train before + after steps in one go, and with a checkpoint between them: parameters of both, and the step."""
    ends, step = [], None
    for stop in (False, True):
        net = small_net(4)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(before):
            train_step(net, optimizer, x, y)
        if stop:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "checkpoint.pt")
                save_checkpoint(path, net, optimizer, before)
                size = os.path.getsize(path)
                net = small_net(99)
                optimizer = torch.optim.Adam(net.parameters(), lr=0.5)
                step = load_checkpoint(path, net, optimizer)
        for _ in range(after):
            train_step(net, optimizer, x, y)
        ends.append(named(net))
    return *ends, step, size


@in_room
def frozen_training(x, y):
    """Parameters before and after three steps on a network whose first layer freeze() has frozen."""
    net = small_net(5)
    freeze(net, "1.")
    before = named(net)
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.5, weight_decay=0.1)
    for _ in range(3):
        train_step(net, optimizer, x, y)
    return before, named(net), [name for name, p in net.named_parameters() if p.requires_grad]


images, labels = make_images(240, seed=1)


# %% solution step
def train_step(net, optimizer, x, y):
    """One step on one batch, in training mode, with cross-entropy. Returns the loss before the step as a float."""
    ### BEGIN SOLUTION
    net.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


def predict(net, x, batch_size=64):
    """Logits (N, classes) of images, batch by batch, in eval mode and without a graph; the mode is as before after."""
    ### BEGIN SOLUTION
    training = net.training
    net.eval()
    with torch.no_grad():
        logits = torch.cat([net(batch) for batch in x.split(batch_size)])
    net.train(training)
    return logits
    ### END SOLUTION


def accuracy(net, x, y):
    """Share of images whose largest logit is their label's, as a float."""
    ### BEGIN SOLUTION
    return (predict(net, x).argmax(1) == y).float().mean().item()
    ### END SOLUTION


# %% locked helpers
@in_room
def logits_of(seed, x):
    """predict() of a network with dropout, and whether a graph hangs on the result."""
    logits = predict(small_net(seed, dropout=0.5), x)
    return {"logits": logits.detach(), "graph": logits.requires_grad}


# %% test step (14 points)
exercise = Exercise("step", points=14)

with exercise.check("the loss is a plain number", points=1) as t:
    seen = steps(0, images[:6], labels[:6], lr=0.1, n=2)
    assert seen["plain"], "the loss is no float: has it still its graph?"
    assert len(seen["losses"]) == 2 and isinstance(seen["losses"][0], float)

with exercise.check("one step by hand", points=2, hint="In which order are zero_grad, backward and step called?"):
    x, y = images[:6], labels[:6]
    net = small_net(7)
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    seen = steps(7, x, y, lr=0.1, n=1)
    assert_close(seen["losses"], [loss.item()], "the loss", rtol=1e-5)
    for name, p in net.named_parameters():
        assert_close(seen["before"][name], p, f"{name} before the step")
        assert_close(seen["after"][name], p - 0.1 * p.grad, f"{name} after the step", rtol=1e-4, atol=1e-6, likely={
            "the parameters did not move": p.detach().numpy(),
        })  # fmt: skip

with exercise.check("gradients do not pile up", points=2) as t:
    x = torch.tensor(t.rng.normal(size=(5, 1, 6, 6)), dtype=torch.float32)
    y = torch.tensor([0, 1, 2, 1, 0])
    net = small_net(8)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    seen = steps(8, x, y, lr=0.2, n=5, momentum=0.9)
    assert_close(seen["losses"], losses, "the losses", rtol=1e-3, atol=1e-6)
    for name, p in net.named_parameters():
        assert_close(seen["after"][name], p, name, rtol=1e-3, atol=1e-5)

with exercise.check("accuracy of logits that are known", points=2):
    logits = torch.eye(3)[torch.tensor([0, 1, 2, 2])]
    share, modes, _, _ = accuracy_of(logits, images[:4], torch.tensor([0, 1, 2, 0]), training=True)
    assert_close(share, 0.75, "the accuracy", likely={"right answers are counted, not their share": 3.0})
    assert isinstance(share, float)
    assert modes and not any(modes), "images were looked at in training mode"

with exercise.check("the mode is as it was", points=1):
    for training in (True, False):
        _, _, mode, no_gradient = accuracy_of(torch.eye(3), images[:3], labels[:3], training=training)
        assert mode is training, "the network's mode was changed"
        assert no_gradient

### BEGIN HIDDEN TESTS
with exercise.check("every image counts once, the last batch too", points=2):
    n = 150
    logits = F.one_hot(torch.arange(n) % 3, 3).float()
    wanted = (torch.arange(n) % 3).clone()
    wanted[140:] = (wanted[140:] + 1) % 3
    share, *_ = accuracy_of(logits, torch.zeros(n, 1, 6, 6), wanted, training=False)
    assert_close(share, 140 / 150, "the accuracy", rtol=1e-5)

with exercise.check("logits of a network in this check's words", points=2):
    logits = logits_of(9, images[:70])
    net = small_net(9).eval()
    assert_close(logits["logits"], net(images[:70]), "the logits", rtol=1e-4, atol=1e-6)
    assert not logits["graph"], "there is a graph behind the logits"
    assert not logits["logits"].requires_grad

with exercise.check("what a step leaves behind", points=2, seconds=5):
    seen = steps(10, images[:20], labels[:20], lr=0.5, n=40)
    assert seen["losses"][-1] < 0.5 * seen["losses"][0]
    moved = [name for name in seen["before"] if not torch.equal(seen["before"][name], seen["after"][name])]
    assert len(moved) == 4
### END HIDDEN TESTS

exercise.score()


# %% solution tools
def make_optimizer(net, lr, weight_decay=0.0):
    """SGD whose weight decay acts on matrices and filters only, not on what has one axis (biases)."""
    ### BEGIN SOLUTION
    groups = [
        {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=lr)
    ### END SOLUTION


def make_schedule(optimizer, warmup, total):
    """The rate of step k (from 0): lr (k+1)/warmup at first, then down on half a cosine to 0 at step total."""

    ### BEGIN SOLUTION
    def factor(k):
        if k < warmup:
            return (k + 1) / warmup
        return 0.5 * (1 + np.cos(np.pi * (k - warmup) / (total - warmup)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    ### END SOLUTION


def clip_gradients(net, norm):
    """Scale all gradients together down to this length, if they are longer. Returns the length before."""
    ### BEGIN SOLUTION
    return nn.utils.clip_grad_norm_(net.parameters(), norm).item()
    ### END SOLUTION


def freeze(net, prefix):
    """Stop training the parameters whose names start with this."""
    ### BEGIN SOLUTION
    for name, p in net.named_parameters():
        if name.startswith(prefix):
            p.requires_grad_(False)
    ### END SOLUTION


def pick_device():
    """The first CUDA device where there is one, else the CPU."""
    ### BEGIN SOLUTION
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    ### END SOLUTION


def save_checkpoint(path, net, optimizer, step):
    """Everything that training needs to go on from here, in one file."""
    ### BEGIN SOLUTION
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, path)
    ### END SOLUTION


def load_checkpoint(path, net, optimizer):
    """Put a checkpoint's state into net and optimizer. Returns its step."""
    ### BEGIN SOLUTION
    found = torch.load(path, weights_only=True)
    net.load_state_dict(found["net"])
    optimizer.load_state_dict(found["optimizer"])
    return found["step"]
    ### END SOLUTION


bench_net = nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.ReLU(), nn.Linear(4, 3))
bench_optimizer = make_optimizer(bench_net, lr=0.25, weight_decay=0.01)


# %% locked descent
@in_room
def descend(net, optimizer, x, y):
    """One step on the student's own network with the student's own optimizer; the gradients stay."""
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% test tools (23 points)
exercise = Exercise("tools", points=23)

with exercise.check("an optimizer in two groups", points=2):
    assert isinstance(bench_optimizer, torch.optim.Optimizer)
    assert isinstance(bench_optimizer, torch.optim.SGD)
    decays = sorted(group["weight_decay"] for group in bench_optimizer.param_groups)
    assert decays == [0.0, 0.01]
    count = sum(p.numel() for group in bench_optimizer.param_groups for p in group["params"])
    assert count == sum(p.numel() for p in bench_net.parameters())

with exercise.check("the rate can be set", points=1):
    assert {group["lr"] for group in bench_optimizer.param_groups} == {0.25}
    for group in bench_optimizer.param_groups:
        group["lr"] = 0.0
    before = named(bench_net)
    loss = descend(bench_net, bench_optimizer, images[:8], labels[:8])
    assert all(torch.equal(p, before[name]) for name, p in bench_net.named_parameters())
    for group in bench_optimizer.param_groups:
        group["lr"] *= 0
        group["lr"] += 0.25
    descend(bench_net, bench_optimizer, images[:8], labels[:8])
    assert not torch.equal(bench_net[1].weight, before["1.weight"])
    assert float(loss) > 0

with exercise.check("zero_grad and step by name", points=1):
    descend(bench_net, bench_optimizer, images[:8], labels[:8])
    assert bench_net[3].weight.grad.abs().sum() > 0
    before = bench_net[3].bias.detach().clone()
    grad = bench_net[3].bias.grad.clone()
    bench_optimizer.step()
    assert_close(bench_net[3].bias, before - 0.25 * grad, "a bias after one more step", rtol=1e-4, atol=1e-6)
    bench_optimizer.zero_grad()
    assert all(p.grad is None for p in bench_net.parameters())

with exercise.check("gradients that the check sets", points=1):
    before = named(bench_net)
    for p in bench_net.parameters():
        p.grad = torch.ones_like(p)
    bench_optimizer.step()
    for name, p in bench_net.named_parameters():
        decay = 0.01 if name.endswith("weight") else 0.0
        assert_close(p, before[name] - 0.25 * (1 + decay * before[name]), name, rtol=1e-4, atol=1e-6)
    bench_net.zero_grad()

with exercise.check("decay without gradients", points=2):
    before, after = decayed(lr=0.5, weight_decay=0.1)
    for name in before:
        factor = 0.95 if name.endswith("weight") else 1.0
        assert_close(after[name], factor * before[name], name, rtol=1e-5, likely={"biases decay": 0.95 * before[name]})

with exercise.check("warm-up, then half a cosine", points=2):
    seen = rates(lr=0.4, warmup=4, total=12)
    assert_close(seen[:4], [0.1, 0.2, 0.3, 0.4], "the warm-up", rtol=1e-6)
    falling = [0.2 * (1 + np.cos(np.pi * k / 8)) for k in range(8)]
    assert_close(seen[4:], falling, "the rest", rtol=1e-6, atol=1e-9)

with exercise.check("a schedule steps the optimizer that it was made for", points=1):
    optimizer = make_optimizer(bench_net, lr=1.0)
    schedule = make_schedule(optimizer, 2, 10)
    assert_close(schedule.get_last_lr(), [0.5] * len(optimizer.param_groups), "the first rates")
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == 1.0
    assert_close(schedule.get_last_lr()[0], 1.0, "the second rate")

with exercise.check("clipping", points=2):
    before, after, returned = clipped(0.5, 20.0, images[:8], labels[:8])
    length = torch.cat([g.flatten() for g in before.values()]).norm().item()
    assert length > 0.5
    assert_close(returned, length, "the length that was returned", rtol=1e-4)
    for name, g in before.items():
        assert_close(after[name], g * (0.5 / length), name, rtol=1e-3, atol=1e-6)

with exercise.check("short gradients are not stretched", points=1):
    before, after, _ = clipped(1e3, 1.0, images[:8], labels[:8])
    for name, g in before.items():
        assert torch.equal(after[name], g), f"{name} was changed"

with exercise.check("a device", points=1):
    device = pick_device()
    assert isinstance(device, torch.device)
    assert device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert str(device) in ("cpu", "cuda:0")

### BEGIN HIDDEN TESTS
with exercise.check("frozen weights stay, decay or not", points=2):
    before, after, trainable = frozen_training(images[:16], labels[:16])
    assert trainable == ["4.weight", "4.bias"]
    for name in before:
        assert torch.equal(before[name], after[name]) == name.startswith("1."), name

with exercise.check("freezing by name on the student's own network", points=1):
    freeze(bench_net, "1.")
    assert [p.requires_grad for p in bench_net.parameters()] == [False, False, True, True]
    assert isinstance(bench_net[1].weight, nn.Parameter)
    for p in bench_net.parameters():
        p.requires_grad_(True)
    assert all(p.requires_grad for p in bench_net.parameters())

with exercise.check("going on from a checkpoint", points=3, seconds=20, hint="Adam remembers more than the weights."):
    one_go, with_stop, step, size = resumed(images[:16], labels[:16], before=5, after=4)
    assert step == 5
    assert size < 50_000
    for name in one_go:
        assert_close(with_stop[name], one_go[name], name, rtol=1e-5, atol=1e-7)

with exercise.check("a checkpoint that is not there", points=1), raises(FileNotFoundError, "there is no such file"):
    load_checkpoint("/tmp/no/such/checkpoint.pt", bench_net, bench_optimizer)

with exercise.check("a checkpoint of the student's own objects", points=2):
    path = "/tmp/toy-checkpoint.pt"
    save_checkpoint(path, bench_net, bench_optimizer, 17)
    kept = {name: value.clone() for name, value in bench_net.state_dict().items()}
    with torch.no_grad():
        for p in bench_net.parameters():
            p.add_(1.0)
    assert load_checkpoint(path, bench_net, bench_optimizer) == 17
    for name, value in bench_net.state_dict().items():
        assert torch.equal(value, kept[name]), name
### END HIDDEN TESTS

exercise.score()


# %% solution fit
def fit(net, x, y, epochs, lr, batch_size=32, seed=0, on_epoch=None):
    """Train with SGD on shuffled mini-batches; the last one of an epoch may be smaller.

    seed      decides the order of the images, and leaves torch's global generator alone
    on_epoch  called after each epoch with its number (from 0) and its mean loss over images
    Returns {"loss": mean losses of the epochs, "accuracy": on x after each epoch}.
    """
    ### BEGIN SOLUTION
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    generator = torch.Generator().manual_seed(seed)
    history = {"loss": [], "accuracy": []}
    for epoch in range(epochs):
        total = 0.0
        for index in torch.randperm(len(x), generator=generator).split(batch_size):
            total += train_step(net, optimizer, x[index], y[index]) * len(index)
        history["loss"].append(total / len(x))
        history["accuracy"].append(accuracy(net, x, y))
        if on_epoch:
            on_epoch(epoch, history["loss"][-1])
    return history
    ### END SOLUTION


def make_net():
    """A network of at most 2,000 parameters for the images of make_images."""
    ### BEGIN SOLUTION
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1), nn.Linear(72, 3)
    )
    ### END SOLUTION


torch.manual_seed(0)
trained = make_net()
history = fit(trained, images, labels, epochs=12, lr=0.05, batch_size=24)

# %% own
print(history["loss"][-1], history["accuracy"][-1])


# %% locked mean
@in_room
def mean_loss(x, y):
    """The loss that fit() reports for one epoch in which nothing can be learnt (lr 0), and what it should be."""
    net = small_net(6)
    losses = F.cross_entropy(net(x), y, reduction="none").detach()
    sizes = []
    net.register_forward_pre_hook(lambda module, inputs: sizes.append(inputs[0]) if module.training else None)
    reported = fit(net, x, y, epochs=1, lr=0.0, batch_size=8)["loss"][0]
    means = [F.cross_entropy(net(part), y[[int((x == row).flatten(1).all(1).nonzero()[0]) for row in part]])
             for part in sizes[:2]]  # fmt: skip
    return {"reported": reported, "by hand": losses.mean().item(), "over batches": float(sum(means) / len(means))}


# %% test fit (19 points)
exercise = Exercise("fit", points=19)

with exercise.check("a history of every epoch", points=1):
    assert set(history) == {"loss", "accuracy"}
    assert len(history["loss"]) == len(history["accuracy"]) == 12
    assert history["loss"][-1] < history["loss"][0]
    assert all(isinstance(value, float) for value in history["loss"])

with exercise.check("within the budget of parameters", points=1):
    count = sum(p.numel() for p in trained.parameters())
    assert count <= 2000, f"{count:,} parameters, and at most 2,000 are allowed"

with exercise.check("steps and batches", points=2):
    x = images[:22]
    sizes, seen = count_steps(x, labels[:22], epochs=3, batch_size=8)
    assert sorted(sizes) == [6, 6, 6, 8, 8, 8, 8, 8, 8], f"batches of {sizes}"
    assert_close(seen, [3] * 22, "how often each image came")

with exercise.check("it is called after each epoch", points=1):
    calls = []
    torch.manual_seed(5)
    returned = fit(make_net(), images[:24], labels[:24], epochs=3, lr=0.01, on_epoch=lambda *a: calls.append(a))
    assert [epoch for epoch, _ in calls] == [0, 1, 2]
    assert_close([loss for _, loss in calls], returned["loss"], "the losses that were reported")

with exercise.check("no epochs, no change", points=1):
    net = make_net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    empty = fit(net, images[:4], labels[:4], epochs=0, lr=1.0)
    assert empty == {"loss": [], "accuracy": []}
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())

with exercise.check("the seed decides", points=2):
    first, again, other = fit_twice(images[:20], labels[:20], [3, 3, 4])
    assert torch.equal(first, again), "the same seed led to other weights"
    assert not torch.equal(first, other), "another seed led to the same weights"

with exercise.check("accuracy of the trained network", points=1):
    share = accuracy(trained, images, labels)
    assert 0.8 < share <= 1
    assert_close(share, history["accuracy"][-1], "accuracy(trained, images, labels)", rtol=1e-6)

### BEGIN HIDDEN TESTS
with exercise.check("accuracy on hidden images", points=4, seconds=20) as t:
    hidden_images, hidden_labels = make_images(400, seed=2)
    logits = predict(trained, hidden_images)
    assert_shape(logits, (400, 3), "the logits")
    t.scale((logits.argmax(1) == hidden_labels).float().mean(), none=0.4, full=0.8)

with exercise.check("logits do not depend on the batch", points=1):
    hidden_images, _ = make_images(50, seed=3)
    whole = predict(trained, hidden_images)
    parts = torch.cat([predict(trained, part) for part in hidden_images.split(7)])
    assert_close(parts, whole, "logits of parts", rtol=1e-4, atol=1e-5)
    assert_close(predict(trained, hidden_images, batch_size=1), whole, "one by one", rtol=1e-4, atol=1e-5)

with exercise.check("its mode comes back", points=1):
    trained.train()
    predict(trained, images[:3])
    assert trained.training and all(m.training for m in trained.modules())
    trained.eval()
    accuracy(trained, images[:3], labels[:3])
    assert not trained.training

with exercise.check("the mean loss is over images", points=2):
    x, y = images[:9], labels[:9]
    seen = mean_loss(x, y)
    assert_close(seen["reported"], seen["by hand"], "the epoch's loss", rtol=1e-5, likely={
        "it is the mean over batches, and the last one is small": seen["over batches"],
    })  # fmt: skip

with exercise.check("a fresh network learns in 60 steps", points=2, seconds=20):
    started = time.perf_counter()
    torch.manual_seed(12)
    net = make_net()
    untrained = predict(net, images[:120])
    found = fit(net, images, labels, epochs=6, lr=0.05, batch_size=24, seed=1)
    assert found["loss"][-1] < 0.75 * found["loss"][0]
    learnt = predict(net, images[:120])
    better = [(z.argmax(1) == labels[:120]).float().mean().item() for z in (untrained, learnt)]
    assert better[1] > better[0] + 0.1, f"from {better[0]:.0%} to {better[1]:.0%}"
    assert time.perf_counter() - started < 20
### END HIDDEN TESTS

exercise.score()
