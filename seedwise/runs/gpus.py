"""Which GPU a run trains on: a free one, taken through an OS lock, so that no two runs meet on one unless asked to.

Snakemake counts GPUs and never says which one. Every run on the machine, of whatever study or user, takes its GPU here.
The kernel frees it when the run ends, however it ends.
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
    """A run is to train on CUDA, and there is no GPU."""


@contextmanager
def take_gpu(device: str, slots: int = 1, say: Callable[[str], None] = print) -> Iterator[None]:
    """Hold a free GPU while the block runs, if it trains on CUDA, and show CUDA this GPU alone.

    Enter it before torch is imported. While all GPUs are taken it waits.

    Args:
        device: the run's `training.device`.
        slots: how many runs may share one GPU.
        say: told which GPU it is, and of waiting.

    Raises:
        NoGpuError: the device is `cuda` and this machine has no GPU.
    """
    if expected_device(device) != "cuda":
        yield
        return
    if not gpus():
        raise NoGpuError(NO_GPU)
    if "torch" in sys.modules:
        raise RuntimeError("take_gpu: torch is imported already and would see every GPU")
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
        # The first slot of every GPU comes before the second of any, so that runs share only when they must.
        for slot in range(slots):
            for gpu in choices:
                if (lock := _try_lock(f"{gpu.uuid}.{slot}")) is not None:
                    return gpu, lock
        if not waited:
            waited = True
            say(f"every GPU is taken ({len(choices)} GPUs, gpu_slots {slots}); waiting for one")
        time.sleep(POLL_SECONDS)


def _folder() -> Path:
    """Folder of the locks: one for the whole machine, all its users and studies; TMPDIR may differ by job."""
    folder = _shared(Path(os.environ.get("SEEDWISE_GPU_LOCKS") or Path("/tmp") / "seedwise-gpus"))
    if job := os.environ.get("SLURM_JOB_ID"):
        # Slurm gave these GPUs to this job; whoever shares them with another job does so because Slurm says so.
        folder = _shared(folder / f"slurm-{job}")
    return folder


def _shared(folder: Path) -> Path:
    """Make a folder in which every user can make and lock files, whatever the umask."""
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # the folder is somebody else's, who did this
        folder.chmod(0o1777)
    return folder


def _try_lock(name: str) -> int | None:
    """Lock a file of this name; return its descriptor, or None if another process has it."""
    path = _folder() / name.replace("/", "_")
    with suppress(FileExistsError):  # flock asks for no right to write, so that users can share the files
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
