"""Oxford-IIIT Pet in torchvision's real format, with small archives of the same layout in place of the real ones."""

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import OxfordIIITPet

from seedwise.basics.code_digest import own_code
from seedwise.runs.data_card import read_card
from seedwise.trainers.image_classifier.datasets import oxford_pet, registry
from seedwise.trainers.image_classifier.datasets.identity import data_of
from seedwise.trainers.image_classifier.datasets.images import DatasetError, load
from seedwise.trainers.image_classifier.settings import DatasetSettings
from tests.training.conftest import train_on

SPLITS = {"trainval": 5, "test": 3}


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A folder with images.tar.gz, annotations.tar.gz and their contents: photographs of different sizes."""
    folder = tmp_path / "source"
    (folder / "images").mkdir(parents=True)
    (folder / "annotations" / "trimaps").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for split, count in SPLITS.items():
        lines = []
        for index in range(count):
            name = f"Breed_{'ab'[index % 2]}_{split}_{index}"
            shape = (40 + 7 * index, 90 - 5 * index, 3)
            Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)).save(folder / f"images/{name}.jpg")
            lines.append(f"{name} {index % 2 + 1} {index % 2 + 1} 1\n")
        (folder / "annotations" / f"{split}.txt").write_text("".join(lines))
    Image.new("CMYK", (50, 60), (0, 255, 255, 0)).save(folder / "images/Breed_a_trainval_0.jpg")  # all red
    resources = []
    for part in ("images", "annotations"):
        archive = folder / f"{part}.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder / part, part)
        url = (tmp_path / "nowhere" / archive.name).as_uri()
        resources.append((url, hashlib.md5(archive.read_bytes()).hexdigest()))
    monkeypatch.setattr(OxfordIIITPet, "_RESOURCES", tuple(resources))
    monkeypatch.setattr(oxford_pet, "COUNTS", SPLITS)
    return folder


def drop_archives(source):
    for archive in source.glob("*.tar.gz"):
        archive.unlink()


@pytest.mark.parametrize("form", ["archives", "folders", "download"])
def test_archives_folders_and_a_download_are_fetched_read_and_resized(source, tmp_path, monkeypatch, form):
    if form == "folders":
        drop_archives(source)
    if form == "download":
        here = [((source / url.rsplit("/", 1)[1]).as_uri(), md5) for url, md5 in OxfordIIITPet._RESOURCES]
        monkeypatch.setattr(OxfordIIITPet, "_RESOURCES", tuple(here))
    digests = registry.fetch("oxford_iiit_pet", tmp_path / "data", None if form == "download" else source)
    assert len(digests.splitlines()) == 2 + 8
    data = registry.read("oxford_iiit_pet", tmp_path / "data", None)
    assert data.train_images.shape == (5, 3, 64, 64)
    assert data.test_images.shape == (3, 3, 64, 64)
    assert data.train_labels.tolist() == [0, 1, 0, 1, 0]
    red, green, blue = data.train_images[0].mean((1, 2))
    assert red > 200 > 60 > max(green, blue)
    assert registry.read("oxford_iiit_pet", tmp_path / "data", None, 20).test_images.shape == (3, 3, 20, 20)


@pytest.mark.slow
def test_the_script_prepares_the_requested_size(source, tmp_path, monkeypatch):
    # The script runs as its own process, which does not know this test's small counts: it must refuse the data.
    registry.fetch("oxford_iiit_pet", tmp_path / "data", source)
    command = [sys.executable, "workflow/scripts/prepare_data.py", "--dataset", "oxford_iiit_pet", "--image-size", "32"]
    dataset = DatasetSettings(name="oxford_iiit_pet", image_size=32)
    made_of = data_of(dataset, own_code(Path.cwd(), Path.cwd()), Path.cwd(), None).digest
    command += ["--raw", tmp_path / "data", "--made-of", made_of]
    command += ["--data", tmp_path / "pet.npz", "--out", tmp_path / "cards" / "pet.json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "annotations/trainval.txt lists 5 images, not 3680" in answer.stderr
    monkeypatch.setattr(sys, "argv", [str(part) for part in command[1:]])
    from workflow.scripts import prepare_data

    prepare_data.main()
    data, content = load(tmp_path / "pet.npz")
    assert data.train_images.shape == (5, 3, 32, 32)
    card = read_card(tmp_path / "cards" / "pet.json")
    assert (card.content, card.made_of, card.counts) == (content, made_of, {"training": 5, "test": 3})


@pytest.mark.parametrize(
    "damage", ["corrupt archive", "half-extracted folder", "empty image", "short list", "no folder"]
)
def test_damaged_files_are_never_accepted_as_data(source, tmp_path, damage):
    images, lists = source / "images", source / "annotations"
    if damage != "corrupt archive":
        drop_archives(source)
    reason = {
        "corrupt archive": "images.tar.gz is corrupt or altered (MD5",
        "half-extracted folder": "2 of 5 trainval images are missing, such as Breed_a_trainval_2.jpg",
        "empty image": "1 of 3 test images are missing, such as Breed_b_test_1.jpg",
        "short list": "annotations/trainval.txt lists 3 images, not 5: was the archive partly extracted?",
        "no folder": "the folder annotations does not exist",
    }[damage]
    if damage == "corrupt archive":
        archive = source / "images.tar.gz"
        archive.write_bytes(archive.read_bytes()[:-100])
    if damage == "half-extracted folder":
        (images / "Breed_a_trainval_2.jpg").unlink()
        (images / "Breed_b_trainval_3.jpg").unlink()
    if damage == "empty image":
        (images / "Breed_b_test_1.jpg").write_bytes(b"")
    if damage == "short list":
        (lists / "trainval.txt").write_text("".join((lists / "trainval.txt").read_text().splitlines(True)[:3]))
    if damage == "no folder":
        lists.rename(source / "elsewhere")
    with pytest.raises(DatasetError) as caught:
        oxford_pet.fetch(tmp_path / "data", source, lambda _: None)
    lines = str(caught.value).splitlines()
    assert lines[0] == "could not get Oxford-IIIT Pet. Tried:"
    assert lines[2].startswith(f"  dataset.folder {source}: ")
    assert reason in lines[2]
    assert lines[-1].startswith("What to do: put images.tar.gz and annotations.tar.gz")
    assert not (tmp_path / "data" / oxford_pet.BASE).exists()


def test_an_image_with_a_truncated_body_is_an_error_that_names_it(source, tmp_path):
    drop_archives(source)
    photograph = source / "images" / "Breed_b_trainval_1.jpg"
    photograph.write_bytes(photograph.read_bytes()[:400])
    registry.fetch("oxford_iiit_pet", tmp_path / "data", source)
    with pytest.raises(DatasetError, match=r"Breed_b_trainval_1\.jpg is corrupt"):
        registry.read("oxford_iiit_pet", tmp_path / "data", None)


def test_without_any_origin_the_publishers_addresses_are_named(source, tmp_path):
    with pytest.raises(DatasetError, match=r"the publisher, .*images\.tar\.gz and .*annotations\.tar\.gz: "):
        oxford_pet.fetch(tmp_path / "data", None, lambda _: None)


def test_a_run_can_memorise_its_photographs(source, tmp_path):
    registry.fetch("oxford_iiit_pet", tmp_path / "data", source)
    data = registry.read("oxford_iiit_pet", tmp_path / "data", None, 32)
    dataset = {"name": "oxford_iiit_pet", "image_size": 32, "validation_fraction": 0.2}
    record, losses = train_on(data, tmp_path / "made", dataset=dataset, epochs=80, batch_size=2, learning_rate=0.02)
    assert (record.sizes.train, record.sizes.validation, record.sizes.test) == (4, 1, 3)
    assert losses[-1] < 0.1 < 0.5 < losses[0]  # from guessing one of two
