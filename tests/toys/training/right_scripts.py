"""The style of a training script: everything spelled out by hand, AdamW in place of SGD, NumPy files as checkpoints."""


# %% step
def train_step(net, optimizer, x, y):
    was = net.training
    net.train(True)
    logits = net(x)
    loss = -torch.log_softmax(logits, dim=1)[torch.arange(len(y)), y].mean()
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = None
    loss.backward()
    optimizer.step()
    net.train(was)
    return float(loss.detach())


@torch.no_grad()
def predict(net, x, batch_size=64):
    modes = {m: m.training for m in net.modules()}
    net.eval()
    pieces = []
    for start in range(0, len(x), batch_size):
        pieces.append(net(x[start : start + batch_size]))
    for m, mode in modes.items():
        m.training = mode
    return torch.vstack(pieces)


def accuracy(net, x, y):
    right = 0
    for logits, label in zip(predict(net, x), y):
        right += int(torch.argmax(logits).item() == label.item())
    return right / len(y)


# %% tools
def make_optimizer(net, lr, weight_decay=0.0):
    decay, rest = [], []
    for name, p in net.named_parameters():
        (rest if name.endswith("bias") else decay).append(p)
    optimizer = torch.optim.SGD(rest, lr)
    optimizer.add_param_group({"params": decay, "weight_decay": weight_decay})
    return optimizer


class Schedule:
    def __init__(self, optimizer, warmup, total):
        self.optimizer, self.warmup, self.total, self.k = optimizer, warmup, total, 0
        self.lrs = [group["lr"] for group in optimizer.param_groups]
        self.set()

    def set(self):
        if self.k < self.warmup:
            share = (self.k + 1) / self.warmup
        else:
            share = np.cos(np.pi / 2 * (self.k - self.warmup) / (self.total - self.warmup)) ** 2
        for group, lr in zip(self.optimizer.param_groups, self.lrs):
            group["lr"] = lr * float(share)

    def step(self):
        self.k += 1
        self.set()

    def get_last_lr(self):
        return [group["lr"] for group in self.optimizer.param_groups]


def make_schedule(optimizer, warmup, total):
    return Schedule(optimizer, warmup, total)


def clip_gradients(net, norm):
    grads = [p.grad for p in net.parameters() if p.grad is not None]
    length = sum(float((g**2).sum()) for g in grads) ** 0.5
    if length > norm:
        for g in grads:
            g *= norm / length
    return length


def freeze(net, prefix):
    [setattr(p, "requires_grad", False) for name, p in net.named_parameters() if name[: len(prefix)] == prefix]


def pick_device():
    if torch.cuda.device_count():
        return torch.device("cuda", 0)
    return torch.device("cpu")


def save_checkpoint(path, net, optimizer, step):
    arrays = {f"net/{name}": value.numpy() for name, value in net.state_dict().items()}
    for i, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if value is not None:
                arrays[f"state/{i}/{name}"] = np.asarray(value)
    for i, group in enumerate(optimizer.param_groups):
        arrays[f"lr/{i}"] = np.array(group["lr"])
    with open(path, "wb") as file:
        np.savez(file, step=step, **arrays)


def load_checkpoint(path, net, optimizer):
    with open(path, "rb") as file:
        found = dict(np.load(file))
    net.load_state_dict({n.removeprefix("net/"): torch.tensor(v) for n, v in found.items() if n.startswith("net/")})
    whole = optimizer.state_dict()
    for i, group in enumerate(whole["param_groups"]):
        group["lr"] = float(found[f"lr/{i}"])
    for name, value in found.items():
        if name.startswith("state/"):
            _, i, entry = name.split("/")
            whole["state"].setdefault(int(i), {})[entry] = torch.tensor(value)
    optimizer.load_state_dict(whole)
    return int(found["step"])


bench_net = nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.ReLU(), nn.Linear(4, 3))
bench_optimizer = make_optimizer(bench_net, 0.25, 0.01)


# %% fit
def batches(n, size, rng):
    order = rng.permutation(n)
    return [order[start : start + size] for start in range(0, n, size)]


def fit(net, x, y, epochs, lr, batch_size=32, seed=0, on_epoch=None):
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr / 2)
    losses, shares = [], []
    for epoch in range(epochs):
        seen = []
        for index in batches(len(x), batch_size, rng):
            index = torch.from_numpy(index)
            seen += [train_step(net, optimizer, x[index], y[index])] * len(index)
        losses += [float(np.mean(seen))]
        shares += [accuracy(net, x, y)]
        if on_epoch is not None:
            on_epoch(epoch, losses[-1])
    return dict(loss=losses, accuracy=shares)


def make_net():
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 40), nn.Dropout(0.2), nn.GELU(), nn.Linear(40, 3))


torch.manual_seed(0)
trained = make_net()
history = fit(trained, images, labels, 12, 0.05, 24)
