"""torchvision's unchanged ResNet-34, including its initialisation; only channels and classes fit the dataset.

Its first layers, designed for photographs, reduce an image of 28×28 pixels to 7×7 at once. The built-in `resnet34`
reduces small images later, which takes 7 times the work.
"""

from __future__ import annotations

from torch import nn
from torchvision import models


def resnet34(channels: int, classes: int, size: int, dropout: float) -> nn.Module:  # noqa: ARG001 - any size will do
    """Build the network; torch's seeded global generator initialises it."""
    model = models.resnet34(num_classes=classes)
    if channels != model.conv1.in_channels:
        model.conv1 = nn.Conv2d(channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    model.fc = nn.Sequential(nn.Dropout(dropout), model.fc)
    model.initialised = True
    return model
