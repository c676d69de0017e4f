"""Mistakes that real people make in training loops, as changes of the reference's text."""

SPLIT = "for index in torch.randperm(len(x), generator=generator).split(batch_size):"
SAVE = '"optimizer": optimizer.state_dict(), '
LOAD = '    optimizer.load_state_dict(found["optimizer"])\n'

#: exercise, title, checks that are meant to catch it (at least one must), (what stands in the reference, instead) …
WRONG = [
    ("step", "gradients are never zeroed", "gradients do not pile up", ("    optimizer.zero_grad()\n", "")),
    (
        *("step", "gradients are zeroed before the step", "one step by hand"),
        ("    optimizer.step()\n", "    optimizer.zero_grad()\n    optimizer.step()\n"),
    ),
    ("step", "no step is made", "one step by hand", ("    optimizer.step()\n", "")),
    ("step", "the loss keeps its graph", "the loss is a plain number", ("return loss.item()", "return loss")),
    ("step", "softmax before cross-entropy", "one step by hand", ("net(x), y)", "net(x).softmax(1), y)")),
    ("step", "the loss is a sum", "one step by hand", ("net(x), y)", 'net(x), y, reduction="sum")')),
    ("step", "images are looked at in training mode", "accuracy of logits that are known", ("    net.eval()\n", "")),
    ("step", "the mode does not come back", "the mode is as it was", ("    net.train(training)\n", "")),
    (
        *("step", "the mode is always training afterwards", "the mode is as it was"),
        ("net.train(training)", "net.train()"),
    ),
    (
        *("step", "the mean of the batches' accuracies", "every image counts once, the last batch too"),
        (
            "return (predict(net, x).argmax(1) == y).float().mean().item()",
            "return float(np.mean([(a.argmax(1) == b).float().mean().item() "
            "for a, b in zip(predict(net, x).split(64), y.split(64))]))",
        ),
    ),
    (
        *("step", "the last batch is left out", "every image counts once, the last batch too"),
        ("for batch in x.split(batch_size)])", "for batch in x.split(batch_size) if len(batch) == batch_size])"),
    ),
    (
        "step",
        "right answers are counted",
        "accuracy of logits that are known",
        ("float().mean().item()", "sum().item()"),
    ),
    ("step", "arg-max over the images", "accuracy of logits that are known", ("argmax(1)", "argmax(0)")),
    ("step", "logits with a graph", "logits of a network in this check's words", ("with torch.no_grad():", "if True:")),
    ("tools", "biases decay too", "decay without gradients", ('"weight_decay": 0.0}', '"weight_decay": weight_decay}')),
    ("tools", "biases are not trained", "an optimizer in two groups", ("if p.ndim <= 1]", "if p.ndim > 2]")),
    ("tools", "Adam instead of SGD", "an optimizer in two groups", ("torch.optim.SGD", "torch.optim.Adam")),
    ("tools", "the warm-up starts at zero", "warm-up, then half a cosine", ("(k + 1) / warmup", "k / warmup")),
    ("tools", "the cosine is not moved behind the warm-up", "warm-up, then half a cosine", ("(k - warmup) / ", "k / ")),
    (
        *("tools", "each gradient is clipped by itself", "clipping"),
        (
            "    return nn.utils.clip_grad_norm_(net.parameters(), norm).item()",
            "    return max(nn.utils.clip_grad_norm_([p], norm).item() for p in net.parameters())",
        ),
    ),
    (
        *("tools", "clipped by value", "clipping"),
        (
            "    return nn.utils.clip_grad_norm_(net.parameters(), norm).item()",
            "    nn.utils.clip_grad_value_(net.parameters(), norm)\n    return norm",
        ),
    ),
    (
        *("tools", "short gradients are stretched", "short gradients are not stretched"),
        (
            "    return nn.utils.clip_grad_norm_(net.parameters(), norm).item()",
            "    length = nn.utils.clip_grad_norm_(net.parameters(), 1e9).item()\n"
            "    for p in net.parameters():\n"
            "        p.grad = p.grad if p.grad is None else p.grad * (norm / length)\n"
            "    return length",
        ),
    ),
    ("tools", "everything is frozen", "frozen weights stay, decay or not", ("if name.startswith(prefix):", "if name:")),
    (
        *("tools", "frozen by a gradient of zero", "frozen weights stay, decay or not"),
        ("p.requires_grad_(False)", "p.register_hook(torch.zeros_like)"),
    ),
    (
        *("tools", "the optimizer's state is not saved", "going on from a checkpoint"),
        (SAVE, ""),
        (LOAD, ""),
    ),
    (
        *("tools", "the checkpoint forgets the step", "going on from a checkpoint"),
        ('return found["step"]', "return 0"),
    ),
    (
        *("tools", "the checkpoint is kept in memory", "going on from a checkpoint"),
        ("    torch.save(", "    global _kept\n    _kept = "),
        (', "step": step}, path)', ', "step": step}'),
        ("found = torch.load(path, weights_only=True)", "found = _kept"),
    ),
    (
        *("tools", "a checkpoint that is not there is ignored", "a checkpoint that is not there"),
        ("    found = torch.load", "    if not os.path.exists(path):\n        return 0\n    found = torch.load"),
    ),
    (
        "tools",
        "a device by name",
        "a device",
        ('torch.device("cuda:0" if torch.cuda.is_available() else "cpu")', '"cpu"'),
    ),
    (
        "fit",
        "the last batch of an epoch is dropped",
        "steps and batches",
        (SPLIT, f"{SPLIT}\n            if len(index) < batch_size:\n                continue"),
    ),
    (
        "fit",
        "images are never shuffled",
        "the seed decides",
        ("torch.randperm(len(x), generator=generator)", "torch.arange(len(x))"),
    ),
    (
        "fit",
        "images are drawn with replacement",
        "steps and batches",
        ("torch.randperm(len(x), generator=generator)", "torch.randint(len(x), (len(x),), generator=generator)"),
    ),
    (
        "fit",
        "the mean over batches",
        "the mean loss is over images",
        (
            "total += train_step(net, optimizer, x[index], y[index]) * len(index)",
            "total += train_step(net, optimizer, x[index], y[index]) * len(x) / -(-len(x) // batch_size)",
        ),
    ),
    ("fit", "one epoch too many", "a history of every epoch", ("range(epochs)", "range(epochs + 1)")),
    (
        "fit",
        "the seed is not used",
        "the seed decides",
        ("torch.Generator().manual_seed(seed)", "torch.Generator().manual_seed(0)"),
    ),
    (
        "fit",
        "on_epoch is not called",
        "it is called after each epoch",
        ('        if on_epoch:\n            on_epoch(epoch, history["loss"][-1])\n', ""),
    ),
    (
        "fit",
        "trained on labels that do not belong to the images",
        "accuracy on hidden images",
        ("x[index], y[index])", "x[index], y[index.flip(0)])"),
    ),
    (
        "fit",
        "too large a network",
        "within the budget of parameters",
        (
            "nn.Conv2d(1, 8, 3, padding=1)",
            "nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 64, 3, padding=1), nn.Conv2d(64, 8, 1)",
        ),
    ),
    (
        "fit",
        "no ReLU, and an average that sees nothing",
        "accuracy on hidden images",
        (
            "nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1), nn.Linear(72, 3)",
            "nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)",
        ),
    ),
    ("fit", "the process ends after training", "a history of every epoch", ("    return history", "    os._exit(0)")),
]
