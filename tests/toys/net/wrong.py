"""Mistakes that real people make with modules, as changes of the reference's text."""

FORGOTTEN = '        if classes < 2:\n            raise ValueError(f"{classes} classes: at least two are needed")\n'
MEAN = 'self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5))'
RETURN = "return self.fc(self.drop(x))"

#: exercise, title, checks that are meant to catch it (at least one must), (what stands in the reference, instead) …
WRONG = [
    (
        "net",
        "the mean is a plain attribute",
        "the mean is a buffer",
        (MEAN, "self.mean = torch.full((1, 3, 1, 1), 0.5)"),
    ),
    (
        *("net", "the mean is a parameter", "the mean is a buffer"),
        (MEAN, "self.mean = nn.Parameter(torch.full((1, 3, 1, 1), 0.5))"),
    ),
    (
        *("net", "dropout stays on in eval mode", "dropout acts in training only"),
        (RETURN, "return self.fc(nn.functional.dropout(x, 0.5))"),
    ),
    ("net", "no dropout at all", "dropout acts in training only", (RETURN, "return self.fc(x)")),
    (
        *("net", "a layer kept in a list", "names of the parameters; number of parameters"),
        ("self.fc = nn.Linear(2 * width, classes)", "self.layers = [nn.Linear(2 * width, classes)]"),
        (RETURN, "return self.layers[0](self.drop(x))"),
    ),
    ("net", "conv1 has a bias", "names of the parameters; number of parameters", (", bias=False", "")),
    (
        *("net", "batch norm's momentum as in other libraries", "batch norm keeps running statistics"),
        ("BatchNorm2d(width)", "BatchNorm2d(width, momentum=0.9)"),
    ),
    (
        *("net", "batch norm with a second positional argument", "the same as out of functions"),
        ("BatchNorm2d(width)", "BatchNorm2d(width, width)"),
    ),
    (
        *("net", "softmax at the end", "the same as out of functions"),
        (RETURN, "return torch.softmax(self.fc(self.drop(x)), 1)"),
    ),
    ("net", "images are centred in place", "the input is left alone", ("x - self.mean", "x.sub_(self.mean)")),
    (
        *("net", "a batch of one loses its axis", "images of any size"),
        (RETURN, "return self.fc(self.drop(x)).squeeze()"),
    ),
    ("net", "no padding", "settings of the layers", (", padding=1", "")),
    (
        *("net", "eval returns nothing", "train and eval"),
        ("    def forward", "    def eval(self):\n        super().eval()\n\n    def forward"),
    ),
    ("net", "cut off from the graph", "loss and gradients", (RETURN, "return self.fc(self.drop(x)).detach()")),
    ("net", "a data attribute in the forward pass", "loss and gradients", ("(self.conv2(x))", "(self.conv2(x.data))")),
    ("net", "any number of classes", "fewer than two classes are refused", (FORGOTTEN, "")),
    (
        *("net", "another kind of error", "fewer than two classes are refused"),
        ("raise ValueError", "raise KeyError"),
    ),
    (
        *("net", "the seed is set in the constructor", "the same seed makes the same network"),
        ("        super().__init__()\n", "        super().__init__()\n        torch.manual_seed(0)\n"),
    ),
    (
        *("net", "weights start at zero", "initial weights are torch's own"),
        ("        self.bn1 =", "        nn.init.zeros_(self.conv1.weight)\n        self.bn1 ="),
    ),
    (
        *("net", "no module", "it is a module of modules"),
        ("class Net(nn.Module)", "class Net"),
        ("        super().__init__()\n", ""),
        (MEAN, "self.mean = torch.full((1, 3, 1, 1), 0.5)"),
        ("def forward", "def __call__"),
    ),
    (
        "net",
        "the parent's constructor is forgotten",
        "another width, other classes",
        ("        super().__init__()\n", ""),
    ),
    ("net", "float32 is forced", "in float64", ("self.conv1(x - self.mean)", "self.conv1((x - self.mean).float())")),
    ("net", "forward returns nothing", "logits have the right shape", (RETURN, "self.fc(self.drop(x))")),
    (
        *("net", "copies share their layers", "a deep copy lives its own life"),
        (
            "    def forward",
            "    def __deepcopy__(self, memo):\n        twin = Net()\n        twin.fc = self.fc\n"
            "        return twin\n\n    def forward",
        ),
    ),
    (
        *("net", "frozen by wrapping forward in no_grad", "loss and gradients"),
        ("    def forward", "    @torch.no_grad()\n    def forward"),
    ),
    (
        *("net", "the process ends on a wide image", "images of any size"),
        (
            "        x = torch.relu(self.bn1",
            "        if x.shape[3] > 10:\n            __import__('os')._exit(3)\n        x = torch.relu(self.bn1",
        ),
    ),
    (
        *("mlp", "a ReLU at the end", "layers in order"),
        ("    while not isinstance(layers[-1], nn.Linear):\n        layers.pop()\n", ""),
    ),
    ("mlp", "nothing between the layers", "layers in order", (", nn.ReLU()]", "]")),
    ("mlp", "dropout where none is asked for", "dropout only where it was asked for", ("if p > 0:", "if True:")),
    ("mlp", "no biases", "no bias was forgotten", ("Linear(before, after)", "Linear(before, after, bias=False)")),
    ("mlp", "a list instead of a module", "layers in order", ("nn.Sequential(*layers)", "layers")),
    ("mlp", "the sizes are used up", "layers in order", ("    layers = []\n", "    layers = []\n    sizes.pop()\n")),
]
