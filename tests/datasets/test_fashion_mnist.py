"""Data: checked by digest, prepared once, never loaded when corrupt."""

import gzip
import subprocess
import sys

import numpy as np
import pytest

from seedwise.trainers.image_classifier.datasets import fashion_mnist, images
from seedwise.trainers.image_classifier.datasets.images import (
    DatasetError,
    ImageData,
    stratified_order,
    stratified_subset,
)


def small_data(n: int = 40) -> ImageData:
    generator = np.random.default_rng(0)
    make = lambda count: generator.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)  # noqa: E731
    return ImageData(make(n), np.arange(n) % 4, make(n // 2), np.arange(n // 2) % 4)


@pytest.fixture
def idx_folder(tmp_path, monkeypatch):
    """Four small IDX files whose digests replace those of Fashion-MNIST."""
    folder, digests = tmp_path / "source", {}
    folder.mkdir()
    for name, n in (("train", 12), ("t10k", 6)):
        pixels = np.arange(n * 784, dtype=np.uint64).astype(np.uint8).tobytes()
        header = np.array([n, 28, 28], ">u4").tobytes()
        (folder / f"{name}-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + header + pixels)
        labels = bytes(i % 10 for i in range(n))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + np.array([n], ">u4").tobytes() + labels)
    for file in fashion_mnist.FILES:
        digests[file] = images.hashlib.sha256((folder / file).read_bytes()).hexdigest()[:16]
    monkeypatch.setattr(fashion_mnist, "FILES", digests)
    return folder


def test_a_local_folder_is_fetched_and_read(idx_folder, tmp_path):
    said = []
    fashion_mnist.fetch(tmp_path / "raw", idx_folder, said.append)
    data = fashion_mnist.read(tmp_path / "raw")
    assert data.train_images.shape == (12, 1, 28, 28)
    assert data.train_images[0, 0, 0, :3].tolist() == [0, 1, 2]
    assert data.test_labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert "checked" in said[-1]


def test_gzipped_files_are_decompressed(idx_folder, tmp_path):
    for file in fashion_mnist.FILES:
        (idx_folder / f"{file}.gz").write_bytes(gzip.compress((idx_folder / file).read_bytes()))
        (idx_folder / file).unlink()
    fashion_mnist.fetch(tmp_path / "raw", idx_folder, lambda _: None)
    assert len(fashion_mnist.read(tmp_path / "raw").test_labels) == 6


@pytest.mark.parametrize("damage", ["truncated", "altered", "truncated gzip", "missing"])
def test_damaged_files_are_never_accepted_as_data(idx_folder, tmp_path, damage):
    file = idx_folder / "train-labels-idx1-ubyte"
    content = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(content[:-3])
    elif damage == "altered":
        file.write_bytes(content[:-1] + b"\x09")
    else:
        file.unlink()
    if damage == "truncated gzip":
        (idx_folder / f"{file.name}.gz").write_bytes(gzip.compress(content)[:-9])
    with pytest.raises(DatasetError) as caught:
        fashion_mnist.fetch(tmp_path / "raw", idx_folder, lambda _: None)
    message = str(caught.value)
    assert f"dataset.folder {idx_folder}" in message
    assert "What to do: put train-images-idx3-ubyte[.gz]" in message
    assert not list((tmp_path / "raw").glob("train-labels*"))


def test_when_no_origin_works_one_error_lists_what_was_tried(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", tmp_path / "nowhere")
    monkeypatch.setattr(fashion_mnist, "DEBIAN_PACKAGE", "no-such-package-of-seedwise")

    def refuse(scratch):
        raise OSError("connection refused")

    monkeypatch.setattr(fashion_mnist, "_download", refuse)
    with pytest.raises(DatasetError) as caught:
        fashion_mnist.fetch(tmp_path / "raw", None, lambda _: None)
    tried = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:-1]]
    assert [name.split()[0] for name in tried] == ["the", "the", "the", "torchvision's"]
    assert "connection refused" in str(caught.value)


def test_prepared_data_are_loaded_unchanged_with_their_digest(tmp_path):
    data = small_data()
    digest = images.save(tmp_path / "data.npz", data)
    loaded, loaded_digest = images.load(tmp_path / "data.npz")
    assert loaded_digest == digest == loaded.digest
    np.testing.assert_array_equal(loaded.train_images, data.train_images)
    np.testing.assert_array_equal(loaded.test_labels, data.test_labels)


def test_a_truncated_prepared_file_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "data.npz"
    images.save(path, small_data())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DatasetError, match=r"data\.npz: not prepared data .*delete it and run again"):
        images.load(path)


def test_wrong_shapes_and_types_are_refused():
    data = small_data()
    with pytest.raises(DatasetError, match=r"train images: found float64 .*expected uint8"):
        ImageData(data.train_images / 255, data.train_labels, data.test_images, data.test_labels)
    with pytest.raises(DatasetError, match=r"test labels: .*expected int64 \(20,\)"):
        ImageData(data.train_images, data.train_labels, data.test_images, data.test_labels[:3])


def test_every_prefix_of_a_stratified_order_is_balanced():
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    order = stratified_order(labels, np.random.default_rng(1))
    assert sorted(order.tolist()) == list(range(160))
    for size in (16, 32, 80):
        counts = np.bincount(labels[order[:size]], minlength=3)
        assert np.abs(counts - size * np.array([100, 50, 10]) / 160).max() <= 1


def test_a_subset_is_balanced_and_the_same_every_time():
    labels = np.arange(1000) % 10
    chosen = stratified_subset(labels, 100, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [10] * 10
    np.testing.assert_array_equal(chosen, stratified_subset(labels, 100, seed=0))
    with pytest.raises(DatasetError, match=r"dataset\.subset: found 1001, but there are only 1000"):
        stratified_subset(labels, 1001, seed=0)


def test_the_script_ends_with_one_message_and_no_traceback(tmp_path):
    command = [sys.executable, "workflow/scripts/prepare_data.py", "--dataset", "no_such_module:read"]
    command += ["--raw", tmp_path, "--made-of", "0", "--data", tmp_path / "data.npz"]
    command += ["--out", tmp_path / "card.json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: no_such_module:read: found no module no_such_module")
    assert "Traceback" not in answer.stderr
