"""Assignment of GPUs to runs: each run takes a free GPU through an OS lock, so that runs share one only if asked to.

Snakemake counts GPUs but does not assign them. Every run on the machine, of any study and any user, takes its GPU here.
The kernel releases the lock when the run ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.runs.hardware import Gpu, expected_device, gpus

POLL_SECONDS = 0.5
NO_GPU = (
    'training.device: found "cuda", but this machine shows no NVIDIA GPU '
    "(`nvidia-smi` lists none, or CUDA_VISIBLE_DEVICES is empty); use auto or cpu, or run where there is one"
)


class NoGpuError(UserError):
    """A run is to train on CUDA, but there is no GPU."""


@contextmanager
def take_gpu(device: str, slots: int = 1, say: Callable[[str], None] = print) -> Iterator[None]:
    """Hold a free GPU while the block runs, if it trains on CUDA, and make only this GPU visible to CUDA.

    Enter it before torch is imported. It waits while all GPUs are taken.

    Args:
        device: the run's `training.device`.
        slots: how many runs may share one GPU.
        say: called with a message that names the GPU, and with one before a wait.

    Raises:
        NoGpuError: the device is `cuda` and this machine has no GPU.
    """
    if expected_device(device) != "cuda":
        yield
        return
    if not gpus():
        raise NoGpuError(NO_GPU)
    if "torch" in sys.modules:
        raise RuntimeError("take_gpu: torch is already imported and would see every GPU")
    gpu, lock = _wait_for_one(gpus(), slots, say)
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = gpu.name
    say(f"training on GPU {gpu.name}")
    try:
        yield
    finally:
        os.close(lock)
        if before is None:
            del os.environ["CUDA_VISIBLE_DEVICES"]
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = before


def _wait_for_one(choices: Sequence[Gpu], slots: int, say: Callable[[str], None]) -> tuple[Gpu, int]:
    waited = False
    while True:
        # The first slot of every GPU comes before the second of any, so that runs share a GPU only if they must.
        for slot in range(slots):
            for gpu in choices:
                if (lock := _try_lock(f"{gpu.uuid}.{slot}")) is not None:
                    return gpu, lock
        if not waited:
            waited = True
            say(f"every GPU is taken ({len(choices)} GPUs, gpu_slots {slots}); waiting for one")
        time.sleep(POLL_SECONDS)


def _folder() -> Path:
    """Return the folder of the locks, one for all users and studies of the machine; TMPDIR may differ between jobs."""
    everyone = Path("/tmp")  # noqa: S108 -- all users share these locks; the files are empty, and never removed
    folder = _shared(Path(os.environ.get("SEEDWISE_GPU_LOCKS") or everyone / "seedwise-gpus"))
    if job := os.environ.get("SLURM_JOB_ID"):
        # Slurm gave these GPUs to this job. If another job shares them, Slurm has allowed it.
        folder = _shared(folder / f"slurm-{job}")
    return folder


def _shared(folder: Path) -> Path:
    """Make a folder in which every user can create and lock files, whatever the umask; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # another user owns the folder and has done this
        folder.chmod(0o1777)
    return folder


def _try_lock(name: str) -> int | None:
    """Lock the file of this name; return its descriptor, or None if another process holds the lock."""
    path = _folder() / name.replace("/", "_")
    with suppress(FileExistsError):  # flock needs no write permission, so users can share the files
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
        os.fchmod(made, 0o444)
        os.close(made)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
