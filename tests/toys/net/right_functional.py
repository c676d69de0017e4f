"""Torch's functions wherever there is one; the perceptron is written as a loop over indices."""


# %% net
class Net(torch.nn.Module):
    def __init__(self, width: int = 8, classes: int = 10) -> None:
        torch.nn.Module.__init__(self)
        if not classes >= 2:
            raise ValueError("classes must be 2 or more, not " + str(classes))
        self.width = width
        self.conv1 = torch.nn.Conv2d(3, width, kernel_size=(3, 3), padding="same", bias=None)
        self.conv1.padding = (1, 1)
        self.bn1 = torch.nn.BatchNorm2d(width)
        self.conv2 = torch.nn.Conv2d(width, width * 2, kernel_size=3, padding=1)
        self.drop = torch.nn.Dropout()
        self.fc = torch.nn.Linear(width * 2, classes)
        self.register_buffer("mean", torch.ones(1, 3, 1, 1) / 2)

    def forward(self, images):
        centred = images.sub(self.mean)
        first = F.relu(self.bn1(F.max_pool2d(self.conv1(centred), 1)))
        second = F.relu(self.conv2(F.max_pool2d(first, kernel_size=2, stride=2)))
        return self.fc(self.drop(F.adaptive_avg_pool2d(second, 1).flatten(start_dim=1)))


net = Net()


# %% mlp
def make_mlp(sizes, p=0.0):
    made = nn.Sequential()
    for i in range(len(sizes) - 1):
        if i:
            made.append(nn.ReLU(inplace=True))
            if p:
                made.append(nn.Dropout(p))
        made.append(nn.Linear(sizes[i], sizes[i + 1]))
    return made
