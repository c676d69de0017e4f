"""Datasets and loaders, torch's own schedulers chained, a network as a class, inference_mode."""

# %% step
import contextlib

import torch.utils.data


@contextlib.contextmanager
def evaluating(net):
    mode = net.training
    try:
        yield net.eval()
    finally:
        net.train(mode)


def train_step(net, optimizer, x, y):
    net.train()
    loss = nn.CrossEntropyLoss()(net(x), y)
    net.zero_grad(set_to_none=False)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def predict(net, x, batch_size=64):
    loader = torch.utils.data.DataLoader(x, batch_size=batch_size)
    with evaluating(net), torch.inference_mode():
        logits = torch.cat([net(batch) for batch in loader], dim=0)
    return logits.clone()


def accuracy(net, x, y):
    return torch.mean((predict(net, x).max(dim=1).indices == y).double()).item()


# %% tools
import math


def make_optimizer(net, lr, weight_decay=0.0):
    biases = [p for p in net.parameters() if len(p.shape) == 1]
    others = [p for p in net.parameters() if len(p.shape) != 1]
    return torch.optim.SGD([dict(params=others), dict(params=biases, weight_decay=0)], lr=lr, weight_decay=weight_decay)


def make_schedule(optimizer, warmup, total):
    up = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: min((k + 1) / warmup, 1.0))
    down = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: (1 + math.cos(math.pi * k / (total - warmup))) / 2)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [up, down], milestones=[warmup])


def clip_gradients(net, norm):
    return torch.nn.utils.clip_grad_norm_([p for p in net.parameters() if p.grad is not None], max_norm=norm)


def freeze(net, prefix):
    own = dict(net.named_parameters())
    for name in filter(lambda name: name.startswith(prefix), own):
        own[name].requires_grad = False


def pick_device():
    return torch.device(["cpu", "cuda:0"][torch.cuda.is_available()])


def save_checkpoint(path, net, optimizer, step):
    with open(path, "wb") as file:
        torch.save([net.state_dict(), optimizer.state_dict(), {"step": torch.tensor(step)}], file)


def load_checkpoint(path, net, optimizer):
    weights, memory, rest = torch.load(path)
    optimizer.load_state_dict(memory)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            value.copy_(weights[name])
    return rest["step"].item()


bench_net = nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.ReLU(), nn.Linear(4, 3))
bench_optimizer = make_optimizer(bench_net, lr=0.25, weight_decay=0.01)


# %% fit
class Counter:
    """The mean of what comes in, weighted."""

    def __init__(self):
        self.total, self.n = 0.0, 0

    def add(self, value, n):
        self.total += value * n
        self.n += n


def fit(net, x, y, epochs, lr, batch_size=32, seed=0, on_epoch=None):
    data = torch.utils.data.TensorDataset(x, y)
    generator = torch.Generator()
    generator.manual_seed(seed)
    loader = torch.utils.data.DataLoader(data, batch_size, shuffle=True, generator=generator)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9, nesterov=lr > 0)
    history = {"loss": [], "accuracy": []}
    for epoch in range(epochs):
        mean = Counter()
        for batch, target in loader:
            mean.add(train_step(net, optimizer, batch, target), len(target))
        history["loss"].append(mean.total / mean.n)
        history["accuracy"].append(accuracy(net, x, y))
        if on_epoch:
            on_epoch(epoch, history["loss"][-1])
    return history


class Rows(nn.Module):
    """Sums along rows and columns say what is bright."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 3))

    def forward(self, x):
        return self.layers(torch.cat([x.mean(2), x.mean(3)], 2).flatten(1))


def make_net():
    return Rows()


torch.manual_seed(0)
trained = make_net()
history = fit(trained, images, labels, epochs=12, lr=0.05, batch_size=24)
