"""Models by name, or your own as `package.module:function`."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from seedwise.plugins import is_plugin, load_plugin
from seedwise.settings import ModelSettings
from seedwise.training.seeding import initialise, set_seed, stream_seed


class SmallCNN(nn.Module):
    """Three 3×3 convolutions (16, 32, 64 channels), each halved by max pooling, and a hidden layer of 128.

    About 98 000 parameters for 28×28 grey images. Pooling comes before the ReLU: the result is the same (both are
    monotone) and the ReLU has a quarter of the work.
    """

    def __init__(self, channels: int, classes: int, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 64, 3, padding=1)
        self.hidden = nn.Linear(64 * (size // 8) ** 2, 128)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(128, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (n, channels, size, size) to logits (n, classes)."""
        x = images
        for conv in (self.conv1, self.conv2, self.conv3):
            x = functional.relu(functional.max_pool2d(conv(x), 2))
        x = functional.relu(self.hidden(x.flatten(1)))
        logits: torch.Tensor = self.head(self.dropout(x))
        return logits


def build_model(settings: ModelSettings, *, channels: int, classes: int, size: int, seed: int) -> nn.Module:
    """Build a model and initialise it from the run's `init` stream."""
    set_seed(stream_seed(seed, "init"))  # for parameters that no layer's reset_parameters covers
    if is_plugin(settings.name):
        function = load_plugin(settings.name)
        model: nn.Module = function(channels=channels, classes=classes, size=size, dropout=settings.dropout)
    else:
        model = SmallCNN(channels, classes, size, settings.dropout)
    initialise(model, seed)
    return model
