"""CIFAR-10 in torchvision's real format, with a small archive of the same layout in place of the real one."""

import hashlib
import pickle
import tarfile

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from seedwise.trainers.image_classifier.datasets import cifar10, registry
from seedwise.trainers.image_classifier.datasets.images import DatasetError
from tests.training.conftest import train_on

PER_FILE = 4


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A folder with cifar-10-python.tar.gz: five training batches and a test batch of 4 images each."""
    folder = tmp_path / "source"
    base = folder / CIFAR10.base_folder
    base.mkdir(parents=True)
    generator = np.random.default_rng(0)

    def batch(name):
        pixels = generator.integers(0, 256, (PER_FILE, 3072), dtype=np.uint8)
        content = {"data": pixels, "labels": [int(label) for label in generator.integers(0, 10, PER_FILE)]}
        (base / name).write_bytes(pickle.dumps(content))
        return [name, md5(base / name)]

    monkeypatch.setattr(CIFAR10, "train_list", [batch(f"data_batch_{number}") for number in range(1, 6)])
    monkeypatch.setattr(CIFAR10, "test_list", [batch("test_batch")])
    meta = base / "batches.meta"
    meta.write_bytes(pickle.dumps({"label_names": [f"class {label}" for label in range(10)]}))
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5(meta)})
    with tarfile.open(folder / CIFAR10.filename, "w:gz") as tar:
        tar.add(base, CIFAR10.base_folder)
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(folder / CIFAR10.filename))
    monkeypatch.setattr(cifar10, "COUNTS", {"training": 5 * PER_FILE, "test": PER_FILE})
    monkeypatch.setattr(CIFAR10, "url", (tmp_path / "nowhere" / CIFAR10.filename).as_uri())
    return folder


@pytest.mark.parametrize("form", ["archive", "folder", "download"])
def test_an_archive_a_folder_and_a_download_are_fetched_and_read(source, tmp_path, monkeypatch, form):
    first = pickle.loads((source / CIFAR10.base_folder / "data_batch_1").read_bytes())
    if form == "folder":
        (source / CIFAR10.filename).unlink()
    if form == "download":
        monkeypatch.setattr(CIFAR10, "url", (source / CIFAR10.filename).as_uri())
    digests = registry.fetch("cifar10", tmp_path / "data", None if form == "download" else source)
    assert len(digests.splitlines()) == 7
    assert "  cifar-10-batches-py/data_batch_1\n" in digests
    data = registry.read("cifar10", tmp_path / "data", None)
    assert data.train_images.shape == (20, 3, 32, 32)
    np.testing.assert_array_equal(data.train_images[0].ravel(), first["data"][0])
    assert data.train_labels[:4].tolist() == first["labels"]
    assert data.test_images.shape == (4, 3, 32, 32)


def test_files_already_fetched_are_not_fetched_again(source, tmp_path):
    registry.fetch("cifar10", tmp_path / "data", source)
    said = []
    cifar10.fetch(tmp_path / "data", None, said.append)
    assert said == ["CIFAR-10: using the files already fetched; every file was checked"]


@pytest.mark.parametrize("damage", ["truncated archive", "half-extracted folder", "altered file", "nothing"])
def test_damaged_files_are_never_accepted_as_data(source, tmp_path, damage):
    archive, base = source / CIFAR10.filename, source / CIFAR10.base_folder
    if damage == "truncated archive":
        archive.write_bytes(archive.read_bytes()[:-200])
    else:
        archive.unlink()
    if damage == "half-extracted folder":
        (base / "data_batch_3").unlink()
    if damage == "altered file":
        (base / "test_batch").write_bytes((base / "test_batch").read_bytes()[:-1] + b"x")
    if damage == "nothing":
        source = tmp_path / "empty"
        source.mkdir()
    with pytest.raises(DatasetError) as caught:
        cifar10.fetch(tmp_path / "data", source, lambda _: None)
    lines = str(caught.value).splitlines()
    assert lines[0] == "could not get CIFAR-10. Tried:"
    assert lines[1] == "  the files already fetched: cifar-10-batches-py does not exist"
    assert lines[2].startswith(f"  dataset.folder {source}: ")
    reason = {
        "truncated archive": "cifar-10-python.tar.gz is corrupt or altered (MD5",
        "half-extracted folder": "data_batch_3 does not exist",
        "altered file": "test_batch is corrupt or altered (MD5",
        "nothing": "cifar-10-batches-py does not exist",
    }
    assert reason[damage] in lines[2]
    assert lines[3].startswith("What to do: put cifar-10-python.tar.gz")
    assert len(lines) == 4
    assert not (tmp_path / "data" / CIFAR10.base_folder).exists()


def test_a_folder_damaged_after_the_fetch_is_an_error_and_can_be_fetched_again(source, tmp_path):
    registry.fetch("cifar10", tmp_path / "data", source)
    (tmp_path / "data" / CIFAR10.base_folder / "data_batch_2").unlink()
    with pytest.raises(DatasetError, match="CIFAR-10: Dataset not found or corrupted"):
        registry.read("cifar10", tmp_path / "data", None)
    registry.fetch("cifar10", tmp_path / "data", source)
    assert len(registry.read("cifar10", tmp_path / "data", None).train_labels) == 20


def test_a_wrong_number_of_images_is_an_error(source, tmp_path, monkeypatch):
    registry.fetch("cifar10", tmp_path / "data", source)
    monkeypatch.setattr(cifar10, "COUNTS", {"training": 50_000, "test": 10_000})
    with pytest.raises(DatasetError, match="found 20 training images; expected 50000"):
        registry.read("cifar10", tmp_path / "data", None)


def test_a_run_can_memorise_its_images(source, tmp_path):
    registry.fetch("cifar10", tmp_path / "data", source)
    data = registry.read("cifar10", tmp_path / "data", None)
    record, losses = train_on(data, tmp_path / "made", dataset={"name": "cifar10"}, epochs=40, batch_size=6)
    assert (record.sizes.train, record.sizes.validation, record.sizes.test) == (18, 2, 4)
    assert losses[-1] < 0.2 < 2 < losses[0]  # from guessing one of ten
