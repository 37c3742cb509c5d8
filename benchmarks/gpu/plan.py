"""What every section of the GPU benchmark is told, and the data that it trains on."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seedwise.basics.files import write_text
from seedwise.trainers.image_classifier.datasets.images import ImageData, save
from seedwise.trainers.image_classifier.datasets.prepared import prepare
from seedwise.trainers.image_classifier.settings import DatasetSettings, ModelSettings, RunSettings, TrainingSettings

ROOT = Path(__file__).resolve().parents[2]
STARTED = "process started"


@dataclass(frozen=True)
class Plan:
    """What to measure on.

    Attributes:
        device: `cuda`, or `cpu` to try the script out.
        data: the prepared images, .npz.
        scratch: a folder for everything else.
        epochs: of each run of the study.
        quick: sizes so small that a CPU is through in a minute; its figures mean nothing.
        earlier: the JSON of earlier runs of the benchmark, which this one completes.
    """

    device: str
    data: Path
    scratch: Path
    epochs: int
    quick: bool
    earlier: Path | None = None

    def write(self, path: Path) -> None:
        """Write the plan for a section's process."""
        write_text(path, json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read what `write` wrote."""
        given = json.loads(path.read_text(encoding="utf-8"))
        paths = {key: Path(given[key]) for key in ("data", "scratch", "earlier") if given[key]}
        return cls(**{**given, **paths})

    def known(self, section: str) -> dict[str, Any]:
        """Return what earlier runs of the benchmark found in a section, which is measured no more."""
        if self.earlier is None:
            return {"rows": []}
        found = json.loads(self.earlier.read_text(encoding="utf-8"))["sections"].get(section, {})
        return {"rows": [], **found}


@dataclass
class Section:
    """The results of one section while it runs, written after each of them so that a section cut off loses only one."""

    plan: Plan
    out: Path
    ends: float
    found: dict[str, Any] = field(default_factory=lambda: {"rows": [], "notes": []})

    @property
    def left(self) -> float:
        """Seconds until the section has to end."""
        return self.ends - time.monotonic()

    def save(self) -> None:
        """Write what was found so far."""
        write_text(self.out, json.dumps(self.found, indent=1) + "\n")

    def put(self, **values: Any) -> None:
        """Add values beside the rows."""
        self.found |= values
        self.save()

    def row(self, **values: Any) -> None:
        """Add a row."""
        self.found["rows"].append(values)
        print("  " + json.dumps(values)[:300], flush=True)
        self.save()

    def note(self, text: str) -> None:
        """Say something that a reader of the results must know."""
        self.found["notes"].append(text)
        print(f"  note: {text}", flush=True)
        self.save()

    @contextmanager
    def guarded(self, what: str):
        """Let a failure inside the block become a note with its traceback, so that the rest is still measured."""
        try:
            yield
        except Exception:
            self.note(f"{what} failed:\n{traceback.format_exc(limit=-12)[-4000:]}")

    def enough(self, seconds: float, what: str) -> bool:
        """Whether so many seconds are left for something; if not, say that it was skipped."""
        if self.left >= seconds:
            return True
        self.note(f"{what}: skipped, {max(0.0, self.left):.0f} s left")
        return False


def settings(plan: Plan, model: str = "small_cnn", **training: Any) -> RunSettings:
    """Return run settings for a measurement: endless epochs, so that no schedule ends."""
    return RunSettings(
        dataset=DatasetSettings(),
        model=ModelSettings(name=model),
        training=TrainingSettings(**{"epochs": 10_000, "device": plan.device, **training}),
    )


def made_up(path: Path, train: int, test: int, channels: int, size: int) -> Path:
    """Write made-up images that can be learned: noise over one of ten patterns."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 120, (10, channels, size, size), np.uint8)

    def part(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.permutation(np.arange(n) % 10)
        return patterns[labels] + rng.integers(0, 136, (n, channels, size, size), np.uint8), labels.astype(np.int64)

    save(path, ImageData(*part(train), *part(test)))
    return path


def real(folder: Path, scratch: Path, say: Callable[[str], None]) -> Path:
    """Prepare Fashion-MNIST from a folder with its four files, packed or not, as a study does."""
    file = scratch / "fashion_mnist.npz"
    prepare(DatasetSettings(folder=str(folder)), file, scratch / "raw", say)
    return file
