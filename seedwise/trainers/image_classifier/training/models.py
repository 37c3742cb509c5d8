"""Models by name, or your own as `package.module:function`."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from seedwise.basics.errors import UserError
from seedwise.basics.plugins import is_plugin, load_plugin
from seedwise.trainers.image_classifier.settings import ModelSettings
from seedwise.trainers.image_classifier.training import pretrained
from seedwise.trainers.image_classifier.training.pooling import relu_of_maxima
from seedwise.trainers.image_classifier.training.seeding import initialise, set_seed, stream_seed, torch_generator

SMALL_IMAGE = 64
"""Up to this side in pixels, a ResNet starts with a 3×3 convolution and no pooling (He et al. 2016)."""


class SmallCNN(nn.Module):
    """Three 3×3 convolutions (16, 32, 64 channels), each with 2×2 max pooling, and 128 hidden units.

    About 98 000 parameters for 28×28 grey images.
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
            x = relu_of_maxima(conv(x))
        x = functional.relu(self.hidden(x.flatten(1)))
        logits: torch.Tensor = self.head(self.dropout(x))
        return logits


class DroppedLinear(nn.Linear):
    """A linear layer with dropout on its input; its name, and so its initialisation, is the same without dropout."""

    def __init__(self, features: int, classes: int, dropout: float) -> None:
        super().__init__(features, classes)
        self.dropout = dropout

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map features (n, features) to logits (n, classes)."""
        return super().forward(functional.dropout(features, self.dropout, self.training))


def build_model(settings: ModelSettings, *, channels: int, classes: int, size: int, seed: int) -> nn.Module:
    """Build a model and initialise it with the `init` stream; with `pretrained`, its body gets ImageNet weights.

    Args:
        settings: which model.
        channels: number of channels of the images; a model with pretrained weights always takes 3.
        classes: number of logits.
        size: side of the images in pixels, unless `settings.input_size` scales them.
        seed: seed of the `init` stream.

    Raises:
        UserError: the images do not fit the model, or weights or packages are missing.
    """
    size = settings.input_size or size
    if settings.pretrained and channels not in (1, 3):
        raise UserError(
            f"model.pretrained: found images with {channels} channels; the weights need grey or colour images"
        )
    set_seed(stream_seed(seed, "init"))  # for parameters that no layer's reset_parameters covers
    if is_plugin(settings.name):
        function = load_plugin(settings.name)
        model: nn.Module = function(channels=channels, classes=classes, size=size, dropout=settings.dropout)
        if not getattr(model, "initialised", False):  # a function that loads weights sets this attribute
            initialise(model, seed)
        return model
    if settings.pretrained:
        channels = 3
    if settings.name == "small_cnn":
        model = SmallCNN(channels, classes, size, settings.dropout)
    elif settings.name == "efficientnet_lite0":
        model = pretrained.efficientnet_lite0(channels, classes, size, settings.dropout)
    else:
        model = _resnet(settings, channels, classes, size)
    initialise(model, seed)
    if settings.name.startswith("resnet"):
        _initialise_as_resnet(model, seed)
    if settings.pretrained:
        pretrained.load_weights(model, settings.name)
    return model


def _resnet(settings: ModelSettings, channels: int, classes: int, size: int) -> nn.Module:
    """Make a ResNet (He et al. 2016); pretrained weights need the first layers that they were trained with."""
    from torchvision import models

    model: nn.Module = getattr(models, settings.name)(weights=None)
    if size <= SMALL_IMAGE and not settings.pretrained:
        model.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
        model.maxpool = nn.Identity()
    elif channels != 3:
        model.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    model.fc = DroppedLinear(512, classes, settings.dropout)
    return model


def _initialise_as_resnet(model: nn.Module, seed: int) -> None:
    """Initialise each convolution from its own stream, as torchvision's ResNet does (He et al. 2015, fan out)."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            generator = torch_generator(seed, "init", name)
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
